"""A dialplan of another language gives all wording that is built in in English."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_plan import PLAN

from voiceagent.dialogue.entities import begins_with
from voiceagent.dialogue.loader import DialplanError, load
from voiceagent.dialogue.phrases import Common, Phrases


def written(tmp_path: Path, **changes: Any) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(yaml.safe_dump({**copy.deepcopy(PLAN), **changes}), encoding="utf-8")
    return file


def in_german() -> dict[str, Any]:
    """Every phrase and example, as the schema wants them."""
    phrases = {
        name: ["Bitte?"] if isinstance(field.default, tuple) else "Bitte?"
        for name, field in Phrases.model_fields.items()
    }
    common = {name: [f"Satz {name}"] for name in Common.model_fields}
    return {"language": "de", "phrases": phrases, "common": common}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    plan = in_german()
    del plan["phrases"]["goodbye"], plan["common"]["yes"], plan["common"]["wait"]
    with pytest.raises(DialplanError) as caught:
        load(written(tmp_path, **plan))
    told = [f"{'.'.join(map(str, p.place))} {p.wrong}" for p in caught.value.problems]
    assert sorted(told) == [
        "common speaks English, not de, in wait, yes",
        "phrases speaks English, not de, in goodbye",
    ]


def test_a_whole_one_can_be_used(tmp_path: Path) -> None:
    plan = load(written(tmp_path, **in_german()))
    assert plan.region == "DE"
    assert plan.phrases.goodbye == "Bitte?"


@pytest.mark.parametrize("language", ["en", "en-GB"])
def test_english_needs_nothing_of_its_own(tmp_path: Path, language: str) -> None:
    assert load(written(tmp_path, language=language)).region == {"en": "US"}.get(language, "GB")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Ja, bitte.", True),
        ("nein danke", False),
        ("Nein, doch, ja", False),
        ("jawohl", None),
        ("Ja nicht!", False),
        ("", None),
    ],
)
def test_a_yes_or_no_in_its_own_words(text: str, answer: bool | None) -> None:
    assert begins_with(text, ["ja", "genau"], ["nein", "ja nicht"]) is answer
