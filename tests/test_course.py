"""The course of a dialogue: what it asks the record, and what it writes down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.dialogue.small_plan import PLAN
from tests.fakecall import FakeJournal
from tests.letters import LetterEmbedder
from voiceagent import events as e
from voiceagent.callrecord import CallRecord
from voiceagent.config import Config
from voiceagent.course import Course, prepared
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import HandoverRequest, LookupRequest
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.handoff.routing import Earlier
from voiceagent.handoff.staff import Staff
from voiceagent.sense import Sense
from voiceagent.services import Shared

NUMBER = PLAN["slots"]["number"]
KNOWN_BY_NUMBER = {"slots": PLAN["slots"] | {"number": NUMBER | {"customer_id": True}}}
BY_CODE = {"lookups": {"order": {"case": "{{ number }}", "not_found": "There is none."}}}
CASE = Unfinished(case_id="text-1", by="code", channel="text", intent="hours")
CODE = LookupRequest(name="order", values={"number": "12345678"})


class Made:
    """A course, and what it has asked and written."""

    def __init__(self, plan: Dialplan, shared: Callable[..., Shared], found: Earlier) -> None:
        self.asked: list[e.CallFacts] = []
        self._found = found
        self._journal = FakeJournal()
        record = CallRecord("line", "call-1", self._journal)
        facts = e.CallFacts(caller_number="+4930123")
        self.course = Course(
            facts, record, shared(plan=plan, journal=self._journal, look_back=self._look_back)
        )
        self.course.manager.greet()

    async def _look_back(self, facts: e.CallFacts) -> Earlier:
        self.asked.append(facts)
        return self._found

    def of(self, kind: type[e.Event]) -> list[Any]:
        events = [record.event for record in self._journal.records]
        return [event for event in events if isinstance(event, kind)]

    def hears(self, text: str, **understood: Any) -> None:
        utterance = e.Utterance(text=text, confidence=1.0)
        meaning = e.Understanding(text=text, in_scope=True, similarity=0.9, **understood)
        self.course.heard(utterance)
        self.course.answer(utterance, Sense(meaning, np.zeros(26, np.float32), None))


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., Any]]:
    """Makes a course; ``changes`` replaces sections of the small dialplan."""
    embedder = LetterEmbedder()
    async with httpx.AsyncClient() as http:

        async def make(changes: dict[str, Any] | None = None, **found: Any) -> Made:
            plan = Dialplan.model_validate(PLAN | (changes or {}))
            understander, prototypes = await prepared(plan, embedder, embedder)
            config = Config(dialplan=Path("plan.yaml"))

            def shared(**own: Any) -> Shared:
                return Shared(
                    config=config,
                    understander=understander,
                    prototypes=prototypes,
                    http=http,
                    staff=Staff.of(config, plan),
                    **own,
                )

            return Made(plan, shared, Earlier(**found))

        yield make


async def test_the_record_is_asked_once_for_earlier_conversations(make) -> None:
    made = await make(calls=2)
    assert (await made.course.look_back()).calls == 2
    assert (await made.course.look_back()).calls == 2
    assert len(made.asked) == 1


async def test_it_is_asked_again_once_the_customer_has_said_who_they_are(make) -> None:
    made = await make(KNOWN_BY_NUMBER)
    await made.course.look_back()
    made.hears("471229, where is my order?", intent="order", entities={"digits": "471229"})
    await made.course.look_back()
    assert [facts.customer_id for facts in made.asked] == ["", "471229"]
    assert [event.customer_id for event in made.of(e.CustomerKnown)] == ["471229"]


async def test_a_person_is_told_of_earlier_conversations_and_not_of_this_one(make) -> None:
    latest = tuple(
        e.EarlierCall(call_id=call_id, started_at=datetime.now(UTC))
        for call_id in ("call-1", "call-0")
    )
    made = await make(latest=latest)
    await made.course.look_back()
    context = made.course.context(HandoverRequest())
    assert [call.call_id for call in context.earlier] == ["call-0"]


async def test_a_case_that_is_gone_on_with_is_written_down_once(make) -> None:
    made = await make(BY_CODE, unfinished=CASE)
    made.course.go_on_with(CASE)
    await made.course.look_up(CODE, case_is_progress=True)
    made.hears("Where is my order?", intent="order")
    assert [event.case_id for event in made.of(e.CaseContinued)] == ["text-1"]


@pytest.mark.parametrize("counts", [True, False])
async def test_a_case_found_by_its_code_is_progress_where_it_is_to_be(
    make, counts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(BY_CODE, unfinished=CASE)
    progress: list[None] = []
    monkeypatch.setattr(made.course.judge, "progressed", lambda: progress.append(None))
    reply = await made.course.look_up(CODE, case_is_progress=counts)
    assert "From nine." in reply.say
    assert bool(progress) is counts


async def test_a_code_that_opens_nothing_is_answered_as_any_look_up(make) -> None:
    made = await make(BY_CODE)
    made.hears("Where is order 471229?", intent="order", entities={"digits": "471229"})
    reply = await made.course.look_up(CODE, case_is_progress=True)
    assert "There is none." in reply.say
    assert [event.found for event in made.of(e.LookupDone)] == [False]
    assert made.of(e.CaseContinued) == []


async def test_a_turn_without_words_is_one_turn(make) -> None:
    made = await make()
    made.course.heard(e.Utterance(text=""))
    made.course.missed("no-match", was_heard=True)
    made.course.missed("no-input")
    assert [(event.turn, event.why) for event in made.of(e.TurnMissed)] == [
        (1, "no-match"),
        (2, "no-input"),
    ]
