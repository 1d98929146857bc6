"""One record as one line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from voiceagent import events as e
from voiceagent.supervision.render import render

Make = Callable[..., e.Record]

_UNION, _ = get_args(e.AnyEvent)
ALL_EVENTS: tuple[type[e.Event], ...] = get_args(_UNION)


CALLBACK = e.Callback(
    callback_id="c1",
    kind="message",
    number="030123",
    topic="billing",
    group="billing",
    text="please call",
    left_at=datetime(2026, 7, 1, tzinfo=UTC),
    context=e.HandoverContext(
        handover_id="h1",
        call_id="call-1",
        created_at=datetime(2026, 7, 1, tzinfo=UTC),
        facts=e.CallFacts(),
        reason="asked",
    ),
)


def sample(kind: type[e.Event], context: e.HandoverContext) -> e.Event:
    """An event of this kind, its required fields filled by type."""
    values: dict[str, Any] = {
        "facts": e.CallFacts(),
        "context": context,
        "utterance": e.Utterance(text="hello"),
        "understanding": e.Understanding(text="hello"),
        "action": "continue",
        "why": "no-input",
        "mark": "needed",
        "anomaly": "probing",
        "by": "caller",
        "known_by": "number",
        "targets": ("6001",),
        "callback": CALLBACK,
        "route": (e.RoutedTo(person="anna", target="6001", score=10, reasons=("takes it",)),),
    }
    simple: dict[Any, Any] = {int: 1, float: 0.5, str: "x", bool: True}
    given = {
        name: values.get(name, simple.get(field.annotation, 0.5))
        for name, field in kind.model_fields.items()
        if field.is_required()
    }
    return kind(**given)


@pytest.mark.parametrize("kind", ALL_EVENTS, ids=lambda kind: kind.__name__)
def test_every_kind_of_event_has_a_line_of_its_own(
    kind: type[e.Event], make: Make, handed_over_call: list[e.Record]
) -> None:
    ready = next(r.event for r in handed_over_call if isinstance(r.event, e.HandoverContextReady))
    text = render(make(sample(kind, ready.context))).plain
    assert "\n" not in text
    assert not text.endswith(f" {kind.model_fields['type'].default}")


def test_a_verdict_shows_action_figures_and_reasons(make: Make) -> None:
    event = e.Verdict(
        turn=1, action="handover", understood=0.84, anger=0.71, reasons=("loud", "a bill")
    )
    text = render(make(event, t_s=12.345)).plain
    assert text.split() == [
        *("12.35s", "call-1", "verdict", "handover", "understood", "84%"),
        *("anger", "71%", "loud;", "a", "bill"),
    ]


def test_words_in_brackets_are_shown_and_not_taken_for_markup(make: Make) -> None:
    said = e.Utterance(text="[red]hello[/red]")
    assert "[red]hello[/red]" in render(make(e.TurnHeard(turn=1, utterance=said))).plain


def test_a_terminal_obeys_nothing_in_a_callers_words(make: Make) -> None:
    said = e.Utterance(text="hello\x1b[2J\n   1.00s  call-1  answered", start_s=0, end_s=1)
    line = render(make(e.TurnHeard(turn=1, utterance=said))).plain
    assert "hello␛[2J␊   1.00s" in line


def test_an_event_of_the_line_shows_the_time_of_day(make: Make) -> None:
    event = e.LineStarted(line="line-1", max_callers=3)
    record = make(event, t_s=None, call_id="")
    assert render(record).plain.startswith(f"{record.at:%H:%M:%S}")
