"""docs/tools.md describes the tools as they are."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

from voiceagent.analysis import Finding
from voiceagent.cli import main
from voiceagent.simulation import scenario

DOCS = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")
KEYED = (
    *(scenario.Scenario, scenario.Caller, scenario.Noise),
    *(scenario.Step, scenario.Listen, scenario.Transferred, scenario.Ended),
)


@pytest.mark.parametrize(
    "name",
    [
        *("analyze", "callbacks", "explain", "learn", "link", "mark", "people"),
        *("replay", "say", "simulate", "transfer try", "vcon"),
    ],
)
def test_every_option_is_described_and_no_other(name: str) -> None:
    group, _, within = name.partition(" ")
    command = main.get_command(click.Context(main), group)
    if within and isinstance(command, click.Group):
        command = command.get_command(click.Context(command), within)
    assert command is not None
    options = {
        option
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    chapter = DOCS.partition(f"## voiceagent {name} ")[2].partition("\n## ")[0]
    described = {
        option
        for row in re.findall(r"^\| (`-[^|]*) \|", chapter, re.M)
        for option in re.findall(r"`(-[^`]+)`", row)
    }
    assert described == options


def test_every_field_of_an_utterance_is_described() -> None:
    assert [name for name in Finding.model_fields if f"`{name}`" not in DOCS] == []


@pytest.mark.parametrize("model", KEYED)
def test_every_key_of_a_scenario_is_described(model: Any) -> None:
    names = model.model_fields
    assert [name for name in names if f"`{name}`" not in DOCS] == []


def test_the_scenario_shown_can_be_used(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", DOCS, re.M | re.S)
    file = tmp_path / "shown.yaml"
    file.write_text(shown, encoding="utf-8")
    assert len(scenario.load(file).steps) == 6
