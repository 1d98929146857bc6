"""What the record knows of the calls that people had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervision.conftest import context, record
from voiceagent import events as e
from voiceagent.desk.offers import KEPT
from voiceagent.desk.remembering import remembered
from voiceagent.records.store import Store

ANNA, BEN = "6001@pbx", "6002@pbx"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "calls.db") as store:
        yield store


def connected(store: Store, name: str, target: str, **later: object) -> None:
    """A call that was given to somebody, with its context in two revisions."""
    known = context(name, call_id=name)
    more = known.model_copy(update={"revision": 2, **later})
    for event in (
        e.HandoverContextReady(handover_id=name, context=known),
        e.HandoverContextReady(handover_id=name, context=more),
        e.HandoverBridged(handover_id=name, target=target),
        e.HandoverCompleted(handover_id=name, target=target),
    ):
        store.append(record(event, call_id=name))


def test_each_person_has_the_calls_they_were_connected_to(store: Store) -> None:
    connected(store, "h1", "sip:6001@pbx;transport=tcp", summary="the newest words")
    connected(store, "h2", "sip:6002@pbx")
    store.append(record(e.HandoverFailed(handover_id="h3", reason="nobody"), call_id="h3"))
    found = remembered(store, {ANNA, BEN, "6003@pbx"})
    assert {person: [o.handover_id for o in offers] for person, offers in found.items()} == {
        ANNA: ["h1"],
        BEN: ["h2"],
        "6003@pbx": [],
    }
    (offer,) = found[ANNA]
    assert (offer.state, offer.context.revision) == ("connected", 2)
    assert offer.context.summary == "the newest words"


def test_so_many_are_remembered_as_lie_on_a_desk(store: Store) -> None:
    names = [f"h{n}" for n in range(KEPT + 2)]
    for name in names:
        connected(store, name, "sip:6001@pbx")
    found = remembered(store, {ANNA})[ANNA]
    assert [offer.handover_id for offer in found] == names[:1:-1]


def test_a_connection_whose_context_is_not_in_the_record_is_left_out(store: Store) -> None:
    store.append(record(e.HandoverCompleted(handover_id="h1", target="sip:6001@pbx")))
    assert remembered(store, {ANNA}) == {ANNA: []}


def test_finding_them_does_not_read_every_event(store: Store) -> None:
    plan = store._db.execute("EXPLAIN QUERY PLAN " + Store.CONNECTED, (1,)).fetchall()
    assert "USING INDEX connected" in str(plan)
