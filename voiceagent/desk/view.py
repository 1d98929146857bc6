"""A desk as HTML. Everything a caller has said or sent is escaped by the templates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, get_args

import jinja2

from voiceagent.desk.following import Desk
from voiceagent.events import Mark, MarkReason, Mood
from voiceagent.supervision.topics import level

_WIDTH, _HEIGHT, _MARGIN = 320, 64, 6

STATES = {
    "announced": "for you",
    "calling": "your phone is called",
    "ringing": "your phone rings",
    "answered": "you have answered",
    "connected": "with you",
}
MARKS: tuple[Mark, ...] = ("needed", "too-late", "not-needed")
"""What can be said of a call that was handed over."""


class Point(NamedTuple):
    """A turn in the picture of the mood."""

    x: float
    y: float
    told: str


def points(mood: Sequence[Mood]) -> list[Point]:
    """Where each turn lies in a picture of 320 by 64, anger upwards."""
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(mood) - 1)
    return [
        Point(
            round(_MARGIN + place * step, 1),
            round(_HEIGHT - _MARGIN - turn.anger * (_HEIGHT - 2 * _MARGIN), 1),
            f"turn {turn.turn}: anger {turn.anger:.0%}, understood {turn.understood:.0%}",
        )
        for place, turn in enumerate(mood)
    ]


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02}"


def _day(at: datetime) -> str:
    return f"{at:%d %b %Y %H:%M} UTC"


_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("voiceagent.desk"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"clock": _clock, "day": _day, "points": points, "level": level}


def cases(person: str, desk: Desk) -> str:
    """What lies on the desk."""
    return _templates.get_template("cases.html").render(
        person=person,
        cases=desk.offers.cases,
        live=desk.live,
        states=STATES,
        marks_offered=MARKS,
        reasons=get_args(MarkReason),
    )


def page(person: str, desk: Desk) -> str:
    """The whole page."""
    return _templates.get_template("desk.html").render(
        person=person, version=desk.version, cases=cases(person, desk)
    )


def login(person: str, problem: str = "") -> str:
    """The page that asks for the key."""
    return _templates.get_template("login.html").render(person=person, problem=problem)
