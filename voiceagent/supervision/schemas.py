"""The JSON schemas of everything on the bus.

``python -m voiceagent.supervision.schemas docs/schemas`` writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel

from voiceagent.events import SCHEMA_VERSION, Record
from voiceagent.records.callbacks import CloseRequest
from voiceagent.records.marks import MarkRequest
from voiceagent.supervision.beside import Beside
from voiceagent.supervision.links import LinkRequest
from voiceagent.supervision.states import (
    Availability,
    CallbackState,
    CallState,
    LineState,
    Offer,
    Refusal,
    StaffState,
)

MODELS: dict[str, type[BaseModel]] = {
    "record": Record,
    "line-state": LineState,
    "call-state": CallState,
    "offer": Offer,
    "callback": CallbackState,
    "close-request": CloseRequest,
    "availability": Availability,
    "staff": StaffState,
    "mark-request": MarkRequest,
    "refusal": Refusal,
    "beside": Beside,
    "link-request": LinkRequest,
}


def schemas() -> dict[str, str]:
    """The text of each schema by its path below the folder of schemas."""
    return {
        f"v{SCHEMA_VERSION}/{name}.json": json.dumps(_schema(name, model), indent=2) + "\n"
        for name, model in MODELS.items()
    }


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = _open(model.model_json_schema(mode="serialization"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:voiceagent:v{SCHEMA_VERSION}:{name}",
        **schema,
    }


def _open(schema: Any) -> Any:
    # Fields may be added within a version, so a reader must accept those it does not know.
    if isinstance(schema, dict):
        return {
            key: _open(value)
            for key, value in schema.items()
            if not (key == "additionalProperties" and value is False)
        }
    if isinstance(schema, list):
        return [_open(item) for item in schema]
    return schema


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("docs/schemas"))
def main(folder: Path) -> None:
    """Write all schemas below FOLDER."""
    for path, text in schemas().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
