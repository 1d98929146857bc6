"""A desk as HTML, in its person's language. Everything a caller has said or sent is escaped by the
templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_args

from voiceagent.desk.following import Desk
from voiceagent.dialogue.notes.teller import Teller
from voiceagent.events import Mark, MarkReason, Mood
from voiceagent.markup import markup
from voiceagent.supervision.topics import level

_WIDTH, _HEIGHT, _MARGIN = 320, 64, 6

MARKS: tuple[Mark, ...] = ("needed", "too-late", "not-needed")
"""What can be said of a call that was handed over."""
_IN_BROWSER = ("title", "live", "no_connection", "kept", "not_kept")
"""What the script says."""


class Point(NamedTuple):
    """A turn in the picture of the mood."""

    x: float
    y: float
    told: str


def points(mood: Sequence[Mood], told: str) -> list[Point]:
    """Where each turn lies in a picture of 320 by 64, anger upwards.

    Args:
        told: the sentence that tells of one.
    """
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(mood) - 1)
    return [
        Point(
            round(_MARGIN + place * step, 1),
            round(_HEIGHT - _MARGIN - turn.anger * (_HEIGHT - 2 * _MARGIN), 1),
            told.format(
                turn=turn.turn, anger=f"{turn.anger:.0%}", understood=f"{turn.understood:.0%}"
            ),
        )
        for place, turn in enumerate(mood)
    ]


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02}"


_templates = markup("voiceagent.desk")
_templates.filters |= {"clock": _clock, "points": points, "level": level}


def cases(desk: Desk) -> str:
    """What lies on the desk."""
    return _render(
        "cases.html",
        desk.teller,
        cases=desk.offers.cases,
        live=desk.live,
        marks_offered=MARKS,
        reasons=get_args(MarkReason),
    )


def page(person: str, desk: Desk) -> str:
    """The whole page."""
    words = desk.teller.sentences.desk
    return _render(
        "desk.html",
        desk.teller,
        person=person,
        version=desk.version,
        cases=cases(desk),
        words={name: words[name] for name in _IN_BROWSER},
    )


def login(person: str, teller: Teller, problem: str = "") -> str:
    """The page that asks for the key.

    Args:
        problem: name of what was wrong with the last one.
    """
    return _render("login.html", teller, person=person, problem=problem)


def _render(template: str, teller: Teller, **values: Any) -> str:
    t: Mapping[str, str] = teller.sentences.desk
    return _templates.get_template(template).render(
        t=t, teller=teller, written_in=teller.sentences.language, **values
    )
