"""The published JSON schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from voiceagent import events as e
from voiceagent.supervision.board import Board
from voiceagent.supervision.schemas import schemas
from voiceagent.supervision.topics import Topics

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schemas()[f"v1/{name}.json"]))


def test_the_files_are_what_the_models_say() -> None:
    written = {str(p.relative_to(FOLDER)): p.read_text() for p in FOLDER.rglob("*.json")}
    assert written == schemas(), "run: python -m voiceagent.supervision.schemas docs/schemas"


@pytest.mark.parametrize(
    "name", ["record", "line-state", "call-state", "offer", "callback", "staff"]
)
def test_each_schema_is_a_valid_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(validator(name).schema)


def test_everything_of_a_call_keeps_to_its_schema(handed_over_call: list[e.Record]) -> None:
    board = Board(Topics("va"))
    states = {"calls": validator("call-state"), "people": validator("offer")}
    for record in handed_over_call:
        validator("record").validate(json.loads(record.model_dump_json()))
        for message in board.take(record):
            if message.payload:
                states[message.topic.split("/")[1]].validate(json.loads(message.payload))


def test_fields_added_later_do_not_break_a_reader(handed_over_call: list[e.Record]) -> None:
    later = json.loads(handed_over_call[0].model_dump_json())
    later["event"]["new"] = later["new"] = 1
    validator("record").validate(later)


def test_a_missing_field_is_found() -> None:
    assert not validator("record").is_valid({"v": 1, "event": {"type": "call.answered"}})


def test_the_documented_messages_keep_to_their_schemas() -> None:
    text = (FOLDER.parent / "bus.md").read_text(encoding="utf-8")
    example, mark = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    validator("record").validate(json.loads(example))
    e.RECORD.validate_json(example)
    validator("mark-request").validate(json.loads(mark))
