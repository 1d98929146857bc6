"""Marks, and what became of a call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voiceagent import events as e
from voiceagent.records.marks import MarkError, MarkRequest, mark
from voiceagent.records.outcome import outcome
from voiceagent.records.store import Store


def call(call_id: str, handed_over: bool) -> list[e.Record]:
    events: list[e.Event] = [
        e.CallArrived(facts=e.CallFacts(caller_number="+4930123")),
        e.TurnHeard(turn=1, utterance=e.Utterance(text="hello")),
        e.TurnMissed(turn=2, why="no-match"),
    ]
    if handed_over:
        started = e.HandoverStarted(handover_id="h", reason="asked", topic="general", targets=())
        events += [started, e.HandoverCompleted(handover_id="h", target="6001")]
    else:
        events.append(e.TurnHeard(turn=3, utterance=e.Utterance(text="bye")))
    events.append(e.CallEnded(by="caller", reason="hung up", duration_s=9.0))
    return [
        e.Record.model_validate({"line": "l1", "call_id": call_id, "t_s": n, "event": event})
        for n, event in enumerate(events)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "calls.db") as store:
        store.extend([*call("given", True), *call("kept", False)])
        yield store


def ask(store: Store, call_id: str, **fields: Any) -> e.Record:
    return mark(store, call_id, MarkRequest(**fields))


def test_an_outcome_says_when_and_to_whom(store: Store) -> None:
    found = outcome(store.events("given"))
    assert (found.turns, found.handed_over, found.person, found.ended) == (2, 2, "6001", True)
    assert outcome(store.events("kept")).handed_over is None


def test_a_mark_is_added_to_the_call_and_waits_to_be_published(store: Store) -> None:
    made = ask(store, "given", mark="too-late", turn=1, reason="anger", by="anna")
    assert store.events("given")[-1] == made
    assert store.pending(100)[-1][1] == made
    assert made.line == "l1"


def test_the_last_mark_counts(store: Store) -> None:
    ask(store, "given", mark="needed")
    ask(store, "given", mark="not-needed")
    found = outcome(store.events("given")).mark
    assert found is not None
    assert found.mark == "not-needed"


@pytest.mark.parametrize(
    ("call_id", "fields", "mend"),
    [
        ("gone", {"mark": "needed"}, "calls --recorded"),
        ("kept", {"mark": "too-late"}, "write should-have-been"),
        ("given", {"mark": "should-have-been"}, "write needed"),
        ("given", {"mark": "too-late", "turn": 3}, "write 1 to 2"),
        ("kept", {"mark": "should-have-been", "turn": 4}, "write 1 to 3"),
        ("given", {"mark": "needed", "turn": 1}, "leave it out"),
    ],
)
def test_a_mark_that_does_not_fit_is_refused_with_its_mend(
    store: Store, call_id: str, fields: dict[str, Any], mend: str
) -> None:
    with pytest.raises(MarkError, match=mend):
        ask(store, call_id, **fields)
    assert all(r.event.type != "handover.marked" for r in store.events(call_id))
