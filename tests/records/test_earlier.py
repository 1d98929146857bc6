"""What is on record of a caller's earlier calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voiceagent.config.people import Routing
from voiceagent.dialogue.plan import Continues
from voiceagent.events import (
    CallArrived,
    CallFacts,
    HandoverCompleted,
    Record,
    TurnUnderstood,
    Understanding,
)
from voiceagent.handoff.routing import Earlier
from voiceagent.records.earlier import earlier, looking_back
from voiceagent.records.store import Store

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ANNA, BEN = "6001", "6002"


def call(number: str, hours_ago: float, person: str = "", sip_call_id: str = "") -> list[Record]:
    at = NOW - timedelta(hours=hours_ago)
    facts = CallFacts(caller_number=number, sip_call_id=sip_call_id or f"{number} {hours_ago}")
    events = [CallArrived(facts=facts)]
    if person:
        events.append(HandoverCompleted(handover_id="h", target=person))  # type: ignore[arg-type]
    call_id = f"{number}-{hours_ago}"
    return [Record(line="l", call_id=call_id, at=at, t_s=0.0, event=event) for event in events]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "calls.db")
    for records in (
        call("123", 200, ANNA),
        call("123", 50, BEN),
        call("999", 3, ANNA),
        call("123", 3),
        call("123", 1),
        call("anonymous", 1, ANNA),
        call("123", 0, sip_call_id="this one"),
    ):
        store.extend(records)
    return store


def of(store: Store, number: str, **settings: float) -> Earlier:
    facts = CallFacts(caller_number=number, sip_call_id="this one")
    return earlier(store, facts, Routing.model_validate(settings), NOW)


def test_calls_of_the_last_hours_are_counted_without_the_present_one(store: Store) -> None:
    with store:
        assert of(store, "123").calls == 2
        assert of(store, "123", repeated_h=100).calls == 3
        assert of(store, "999").calls == 1
        assert of(store, "555") == Earlier()


def test_the_person_of_the_newest_call_that_had_one_is_told(store: Store) -> None:
    with store:
        found = of(store, "123")
        assert (found.person, found.spoke_at) == (BEN, NOW - timedelta(hours=50))
        assert of(store, "123", last_person_days=1).person == ""


def test_of_two_calls_with_a_person_the_newer_one_counts(store: Store) -> None:
    with store:
        store.extend(call("123", 2, ANNA))
        found = of(store, "123", last_person_days=30)
    assert (found.person, found.spoke_at) == (ANNA, NOW - timedelta(hours=2))


def test_the_latest_calls_are_told_with_what_they_were_about_and_who_took_them(
    store: Store,
) -> None:
    understood = TurnUnderstood(
        turn=1, understanding=Understanding(text="where is it", intent="order_status")
    )
    with store:
        store.append(Record(line="l", call_id="123-1", at=NOW, t_s=5.0, event=understood))
        latest = of(store, "123", last_person_days=30).latest
    assert [(one.call_id, one.person) for one in latest] == [
        ("123-1", ""),
        ("123-3", ""),
        ("123-50", BEN),
    ]
    assert latest[0].about == "order status"
    assert latest[0].started_at == NOW - timedelta(hours=1)


def test_a_withheld_number_has_no_past(store: Store) -> None:
    with store:
        assert of(store, "anonymous") == of(store, "") == Earlier()


async def test_a_line_asks_without_waiting_for_the_disk_and_without_an_error(store: Store) -> None:
    look_back = looking_back(store, Routing(repeated_h=1e5), Continues())
    assert (await look_back(CallFacts(caller_number="999"))).person == ANNA
    store.close()
    assert await look_back(CallFacts(caller_number="999")) == Earlier()


def test_an_older_store_is_searched_by_number_too(tmp_path: Path) -> None:
    with Store(tmp_path / "old.db") as old:
        old._db.execute("DROP INDEX callers")
        old.extend(call("123", 3, ANNA))
    with Store(tmp_path / "old.db") as store:
        assert of(store, "123").person == ANNA
        plan = store._db.execute(
            "EXPLAIN QUERY PLAN " + Store.CALLS_OF, ("123", "", "", 1)
        ).fetchall()
        assert "callers" in str(plan)
