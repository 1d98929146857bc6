"""Views of a call."""

from __future__ import annotations

import json

import pytest

from voiceagent.events import (
    AgentSpoke,
    CallArrived,
    CallEnded,
    CallFacts,
    HandoverRouted,
    HandoverStarted,
    LeftOut,
    Record,
    RoutedTo,
    TurnHeard,
    Utterance,
    Verdict,
)
from voiceagent.records import transcript


def at(t_s: float, event: object) -> Record:
    return Record.model_validate({"line": "l1", "call_id": "c1", "t_s": t_s, "event": event})


@pytest.fixture
def call() -> list[Record]:
    """An interruption: the caller's words end up in the record before the agent's."""
    said = Utterance(text="this is wrong", start_s=3.0, end_s=4.2, confidence=0.9)
    return [
        at(0.0, CallArrived(facts=CallFacts(caller_number="+4930123"))),
        at(4.8, TurnHeard(turn=1, utterance=said)),
        at(4.9, AgentSpoke(turn=0, text="Hello there, friend", heard="Hello there", start_s=1.0,
                           end_s=3.1, interrupted=True)),
        at(5.0, Verdict(turn=1, action="handover", understood=0.8, anger=0.7,
                        reasons=("the caller is angry", "a bill is a matter for people"))),
        at(5.1, HandoverStarted(handover_id="h1", reason="the caller is angry", topic="billing",
                                targets=("6001",))),
        at(9.0, CallEnded(by="caller", reason="hung up", duration_s=9.0)),
    ]  # fmt: skip


def test_lines_stand_in_the_order_of_speaking(call: list[Record]) -> None:
    assert [line.who for line in transcript.lines(call)] == ["agent", "caller"]


def test_of_an_interrupted_sentence_only_the_heard_part_stands(call: list[Record]) -> None:
    agent, _ = transcript.lines(call)
    assert agent.text == "Hello there"


def test_a_callers_line_carries_the_anger_of_its_verdict(call: list[Record]) -> None:
    agent, caller = transcript.lines(call)
    assert (caller.anger, caller.confidence) == (0.7, 0.9)
    assert agent.anger is None


def test_what_nobody_heard_is_no_line() -> None:
    silent = [
        at(1.0, AgentSpoke(turn=1, text="Hello", heard="", start_s=1.0, end_s=1.0)),
        at(2.0, TurnHeard(turn=1, utterance=Utterance(text=""))),
    ]
    assert transcript.lines(silent) == ()


def test_the_readable_text_has_the_reasons_under_the_words(call: list[Record]) -> None:
    rows = transcript.as_text(call).splitlines()
    words = next(n for n, row in enumerate(rows) if "this is wrong" in row)
    assert rows[words].startswith("00:03.0  caller")
    assert "[handover] understood 80%, anger 70%" in rows[words + 1]
    assert "because the caller is angry" in rows[words + 2]
    assert "because a bill is a matter for people" in rows[words + 3]
    assert "handing over" in rows[words + 4]
    assert "ended by caller: hung up" in rows[-1]


def test_the_route_is_told_in_short_and_with_its_reasons_when_asked(call: list[Record]) -> None:
    routed = HandoverRouted(
        handover_id="h1",
        topic="billing",
        language="en",
        anger=0.7,
        route=(RoutedTo(person="ben", target="6001", score=90, reasons=("is trained",)),),
        left_out=(LeftOut(person="anna", target="6002", why="is away"),),
    )
    records = [*call[:4], at(5.05, routed), *call[4:]]
    short, detailed = (transcript.as_text(records, detail) for detail in (False, True))
    assert "-- route: ben" in short
    assert "anna" not in short
    rows = detailed.splitlines()
    place = next(n for n, row in enumerate(rows) if "route: ben" in row)
    assert rows[place + 1].split() == ["ben", "+90:", "is", "trained"]
    assert rows[place + 2].split() == ["not", "anna:", "is", "away"]


def test_the_json_view_is_json_with_facts_lines_verdicts_and_end(call: list[Record]) -> None:
    view = json.loads(json.dumps(transcript.as_json(call)))
    assert view["call_id"] == "c1"
    assert view["facts"]["caller_number"] == "+4930123"
    assert [line["text"] for line in view["lines"]] == ["Hello there", "this is wrong"]
    assert view["verdicts"][0]["reasons"][0] == "the caller is angry"
    assert view["ended"]["by"] == "caller"


def test_no_events_make_an_empty_view() -> None:
    assert transcript.as_text([]) == ""
    assert transcript.as_json([])["lines"] == []
