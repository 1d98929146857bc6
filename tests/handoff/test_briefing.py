"""What a person hears before the caller is connected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from voiceagent.config import Handover
from voiceagent.dialogue.notes.sentences import english
from voiceagent.events import CallFacts, HandoverContext
from voiceagent.handoff.briefing import briefing


def said_of(context: HandoverContext, **settings: Any) -> str:
    return briefing(context, Handover(**settings), english())


def context(**details: object) -> HandoverContext:
    return HandoverContext.model_validate(
        {
            "handover_id": "ab",
            "call_id": "call-1",
            "created_at": datetime.now(UTC),
            "facts": CallFacts(),
            "reason": "The caller speaks about a wrong bill.",
            **details,
        }
    )


def test_it_says_why_the_call_comes() -> None:
    assert "a wrong bill" in said_of(context())


def test_it_warns_of_an_upset_caller_and_of_no_other() -> None:
    assert "upset" in said_of(context(anger=0.9))
    assert "upset" not in said_of(context(anger=0.2))


def test_it_says_what_was_wanted_before_what_was_tried() -> None:
    said = said_of(context(summary="The caller asked about an order. Looked it up; found."))
    assert said.index("asked about") < said.index("Looked it up")


def test_it_stays_short_whatever_happened_in_the_call() -> None:
    long = " ".join(f"Thing number {n} was tried without any result at all." for n in range(30))
    assert len(said_of(context(summary=long, anger=0.9)).split()) < 45


def test_it_says_who_calls_where_the_phone_shows_a_name() -> None:
    assert "Ada Lovelace is calling." in said_of(context(identity={"name": "Ada Lovelace"}))
    for shown in ("", "1001", "sip:ada@pbx"):
        assert "is calling" not in said_of(context(identity={"name": shown}))


def test_an_order_number_is_read_digit_by_digit() -> None:
    said = said_of(context(summary="The caller asked about order 471229."))
    assert "471229" not in said
    assert "four seven one" in said


def test_the_year_of_a_date_is_left_to_the_voice() -> None:
    assert "2026-11-24" in said_of(context(summary="The caller asked (day 2026-11-24)."))


def test_it_ends_with_how_to_take_the_call() -> None:
    assert said_of(context(), accept="key", accept_key="5").endswith(
        "Press 5 to take the call. Press 2 to decline."
    )
    assert said_of(context(), accept="speech").endswith("?")
    assert said_of(context()).endswith("Connecting.")
