"""A call as a picture: anger, understanding and the wish for a person over its time.

Each curve has the thresholds that it was held against, and the moments of decisions run through
all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from voiceagent.events import (
    CallEnded,
    HandoverBridged,
    HandoverCompleted,
    HandoverFailed,
    HandoverReturned,
    HandoverStarted,
    OfferDeclined,
    Record,
    TurnHeard,
    Utterance,
    Verdict,
)
from voiceagent.markup import markup
from voiceagent.printable import printable
from voiceagent.records.outcome import outcome
from voiceagent.records.timeline import labels, ticks

WIDTH = 1100
"""Width of the time axis, in units of the picture."""
HEIGHT = 120
"""Height of a curve's panel."""
_PANELS = {
    "anger": ("anger", {"anger_offer": "offer", "anger_handover": "hand over"}),
    "understood": ("understood", {"understood_clarify": "ask again below"}),
    "wish_for_person": ("wish for a person", {"wish_handover": "hand over"}),
}


def picture(records: Sequence[Record]) -> str:
    """The picture as SVG. All that came from outside is escaped.

    Raises:
        ValueError: there are no records.
    """
    call = outcome(records)
    said = {r.event.turn: r.event.utterance for r in records if isinstance(r.event, TurnHeard)}
    turns = [_turn(r.t_s or 0.0, r.event, said) for r in records if isinstance(r.event, Verdict)]
    total_s = max(*(record.t_s or 0.0 for record in records), 0.0, *(turn.at_s for turn in turns))
    scale = WIDTH / max(total_s, 1.0)
    marks = labels(_moments(records), scale, WIDTH)
    template = markup("voiceagent.records", ".").get_template("picture.svg.j2")
    return template.render(
        call=call,
        panels=[_panel(name, *panel, turns, scale) for name, panel in _PANELS.items()],
        marks=marks,
        rows=max((mark.row + 1 for mark in marks), default=0),
        ticks=[{"x": second * scale, "s": second} for second in ticks(total_s)],
        width=WIDTH,
        height=HEIGHT,
    )


class _Turn(NamedTuple):
    at_s: float
    verdict: Verdict
    text: str


def _turn(t_s: float, verdict: Verdict, said: dict[int, Utterance]) -> _Turn:
    if verdict.turn not in said:
        return _Turn(t_s, verdict, "")
    utterance = said[verdict.turn]
    return _Turn(utterance.end_s, verdict, printable(utterance.text))


def _panel(
    name: str, title: str, lines: dict[str, str], turns: list[_Turn], scale: float
) -> dict[str, Any]:
    points = [
        {
            "x": turn.at_s * scale,
            "y": (1 - getattr(turn.verdict, name)) * HEIGHT,
            "value": getattr(turn.verdict, name),
            "verdict": turn.verdict,
            "text": turn.text,
        }
        for turn in turns
    ]
    limits = turns[-1].verdict.limits if turns else {}
    return {
        "title": title,
        "points": points,
        "path": "M" + "L".join(f"{p['x']:.1f} {p['y']:.1f}" for p in points) if points else "",
        "limits": [
            {"y": (1 - limits[key]) * HEIGHT, "label": f"{label} {limits[key]:.0%}"}
            for key, label in lines.items()
            if key in limits
        ],
    }


def _moments(records: Sequence[Record]) -> Iterator[tuple[float, str]]:
    for record in records:
        match record.event:
            case Verdict(turn=turn, action=action) if action != "continue":
                yield record.t_s or 0.0, f"turn {turn}: {action}"
            case OfferDeclined():
                yield record.t_s or 0.0, "wants no person"
            case HandoverStarted(topic=topic):
                yield record.t_s or 0.0, f"handover ({topic})"
            case HandoverCompleted() | HandoverBridged():
                yield record.t_s or 0.0, "with a person"
            case HandoverReturned():
                yield record.t_s or 0.0, "back with the agent"
            case HandoverFailed():
                yield record.t_s or 0.0, "nobody reached"
            case CallEnded(by=by):
                yield record.t_s or 0.0, f"ended by {by}"
            case _:
                pass
