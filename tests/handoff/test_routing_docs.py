"""docs/routing.md describes people, groups and routing as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from voiceagent.config import Config
from voiceagent.config.people import Group, Person, Routing, Waiting
from voiceagent.handoff.routing import WEIGHTS

DOCS = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("model", "prefix"), [(Person, ""), (Group, ""), (Routing, "routing."), (Waiting, "waiting.")]
)
def test_every_setting_is_described(model: Any, prefix: str) -> None:
    assert [name for name in model.model_fields if f"`{prefix}{name}`" not in DOCS] == []


def test_the_people_shown_can_be_used() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```", DOCS, re.M | re.S)
    config = Config(dialplan=Path("x.yaml"), **tomllib.loads(shown))
    assert [person.name for person in config.people] == ["anna", "ben"]


def test_the_points_are_those_given() -> None:
    points = re.findall(r"^\| .* \| ([+-]\d+) \|$", DOCS, re.M)
    assert sorted(map(float, points)) == sorted(WEIGHTS.values())
