"""What conversations leave open, and who may go on with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from voiceagent import events as e
from voiceagent.cases import CODE_DIGITS, opened as opened_case
from voiceagent.config.people import Routing
from voiceagent.dialogue.plan import Continues
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.records import cases
from voiceagent.records.earlier import earlier
from voiceagent.records.store import Store

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ANNA = e.CallFacts(caller_number="+4930123", sip_call_id="now")


def understood(about: str | None, **slots: Any) -> e.TurnUnderstood:
    meaning = e.Understanding(text="…")
    return e.TurnUnderstood(turn=1, understanding=meaning, slots=slots, about=about)


def asked_for_person(topic: str) -> e.CallbackRequested:
    context = e.HandoverContext(
        handover_id="h", call_id="c", created_at=NOW, facts=ANNA, reason="…", slots={"number": "1"}
    )
    return e.CallbackRequested(
        callback=e.Callback(
            callback_id="b",
            kind="text",
            number="",
            topic=topic,
            group=topic,
            left_at=NOW,
            context=context,
        )
    )


class Record:
    """A store that is filled with conversations."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)

    def add(self, call_id: str, hours_ago: float, *events: Any, **facts: Any) -> None:
        at = NOW - timedelta(hours=hours_ago)
        arrived = e.CallArrived(facts=e.CallFacts(**{"channel": "text"} | facts))
        for event in (arrived, *events):
            self.store.append(e.Record(line="l", call_id=call_id, at=at, t_s=0.0, event=event))

    def unfinished(self, facts: e.CallFacts = ANNA, **settings: Any) -> Unfinished | None:
        return cases.unfinished(self.store, facts, Continues(**settings), NOW)


@pytest.fixture
def record(tmp_path: Path) -> Any:
    record = Record(tmp_path / "calls.db")
    yield record
    record.store.close()


def test_what_was_written_from_the_number_is_gone_on_with(record: Record) -> None:
    record.add("a", 2, understood("order", number="471229"), caller_number="+4930123")
    found = record.unfinished()
    assert found == Unfinished(
        case_id="a", by="number", channel="text", intent="order", slots={"number": "471229"}
    )


def test_nothing_is_when_it_is_too_long_ago_or_not_wished(record: Record) -> None:
    record.add("a", 2, understood("order"), caller_number="+4930123")
    assert record.unfinished(hours=1) is None
    assert record.unfinished(hours=0) is None
    assert record.unfinished(by=["customer"]) is None


def test_a_call_in_the_middle_is_only_where_the_dialplan_says_so(record: Record) -> None:
    record.add("a", 2, understood("order"), caller_number="+4930123", channel="call")
    assert record.unfinished() is None
    found = record.unfinished(after=["text", "call"])
    assert found is not None
    assert found.channel == "call"


def test_what_the_last_conversation_has_settled_is_not_asked_about_again(record: Record) -> None:
    record.add("a", 3, understood("order"), caller_number="+4930123")
    record.add("b", 2, understood("order"), understood(None), caller_number="+4930123")
    assert record.unfinished() is None


def test_a_withheld_number_is_nobodys(record: Record) -> None:
    record.add("a", 2, understood("order"), caller_number="anonymous")
    record.add("b", 2, understood("order"), caller_number="")
    for number in ("anonymous", ""):
        assert record.unfinished(e.CallFacts(caller_number=number, sip_call_id="now")) is None


def test_another_customer_at_the_same_telephone_is_not_taken_for_the_first(
    record: Record,
) -> None:
    record.add("a", 2, understood("order"), caller_number="+4930123", customer_id="C-1")
    assert record.unfinished(ANNA.model_copy(update={"customer_id": "C-2"})) is None
    same = record.unfinished(ANNA.model_copy(update={"customer_id": "C-1"}))
    assert same is not None
    assert same.by == "customer"


def test_a_customer_is_known_from_another_number(record: Record) -> None:
    record.add("a", 2, understood("order"), e.CustomerKnown(customer_id="C-1"), caller_number="1")
    found = record.unfinished(e.CallFacts(caller_number="2", customer_id="C-1"))
    assert found is not None
    assert (found.case_id, found.by) == ("a", "customer")


def test_a_code_opens_its_case_until_it_expires(record: Record) -> None:
    token, opened = opened_case(NOW - timedelta(hours=2), valid_h=3)
    record.add("a", 2, opened, understood("order"))
    for shown in (token, opened.code, f"{opened.code[:4]} {opened.code[4:]}"):
        found = record.unfinished(e.CallFacts(case_code=shown))
        assert found is not None
        assert (found.case_id, found.by) == ("a", "code")
    assert record.unfinished(e.CallFacts(case_code="00000000")) is None
    assert cases.shown(record.store, token, NOW + timedelta(hours=2)) is None
    assert cases.shown(record.store, opened.code, NOW, codes=False) is None


def test_what_is_kept_of_a_token_does_not_tell_it() -> None:
    token, opened = opened_case(NOW, valid_h=1)
    assert token not in opened.model_dump_json()
    assert opened_case(NOW, valid_h=1)[0] != token
    assert len(token) >= 32
    assert len(opened.code) == CODE_DIGITS


def test_a_case_is_one_however_often_it_is_gone_on_with(record: Record) -> None:
    token, opened = opened_case(NOW - timedelta(hours=3), valid_h=24)
    record.add("a", 3, opened, understood("order"), caller_number="+4930123")
    went_on = e.CaseContinued(case_id="a", known_by="code")
    record.add("b", 2, went_on, understood("order", number="471229"), caller_number="+4930123")
    assert cases.chain(record.store, "a") == ["a", "b"]
    for facts in (ANNA, e.CallFacts(case_code=token)):
        found = record.unfinished(facts)
        assert found is not None
        assert (found.case_id, found.slots) == ("a", {"number": "471229"})


def test_a_person_who_was_asked_for_is_still_wanted_until_one_has_answered(
    record: Record,
) -> None:
    record.add(
        "a", 2, asked_for_person("billing"), understood(None, number="1"), caller_number="+4930123"
    )
    found = record.unfinished()
    assert found is not None
    assert (found.topic, found.intent, found.slots) == ("billing", None, {"number": "1"})
    record.add(
        "b", 1, asked_for_person("billing"), e.PersonWrote(text="."), caller_number="+4930123"
    )
    assert record.unfinished() is None


def test_a_person_is_told_of_other_channels(record: Record) -> None:
    record.add("a", 2, understood("order"), customer_id="C-1")
    facts = e.CallFacts(customer_id="C-1", sip_call_id="now")
    (told,) = earlier(record.store, facts, Routing(), NOW).latest
    assert (told.call_id, told.channel) == ("a", "text")
