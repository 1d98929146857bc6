"""docs/dialplan.md describes the dialplan as it is."""

import re
from pathlib import Path
from typing import Any

import pytest

from voiceagent.dialogue.loader import load
from voiceagent.dialogue.phrases import Common, Phrases
from voiceagent.dialogue.plan import Dialplan, Http, Intent, Lookup, Slot, Table, Topic, TurnLimits
from voiceagent.dialogue.templates import environment
from voiceagent.dialogue.thresholds import Thresholds

DOCS = (Path(__file__).parents[2] / "docs" / "dialplan.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        (Dialplan, ""),
        (Intent, ""),
        (Slot, ""),
        (TurnLimits, ""),
        (Lookup, ""),
        (Table, "table."),
        (Http, "http."),
        (Topic, ""),
        (Phrases, ""),
        (Common, ""),
        (Thresholds, ""),
    ],
)
def test_every_key_is_described(model: Any, prefix: str) -> None:
    missing = [name for name in model.model_fields if f"`{prefix}{name}`" not in DOCS]
    assert missing == []


def test_every_own_filter_is_described() -> None:
    own = {"digits", "amount", "date", "time", "spell", "phone", "ordinal", "spoken_list"}
    assert own <= set(environment().filters)
    assert all(f"| `{name}` |" in DOCS for name in own)


def test_the_first_example_can_be_used(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", DOCS, re.S)
    assert example
    file = tmp_path / "plan.yaml"
    file.write_text(example[1], encoding="utf-8")
    assert load(file).name == "Corner shop"
