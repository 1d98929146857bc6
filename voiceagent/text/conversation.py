"""One conversation in writing: the dialogue of a call, without its speech."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from voiceagent import events
from voiceagent.callrecord import CallRecord
from voiceagent.course import Course
from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.replies import HandoverRequest, Reply
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import (
    WRITTEN,
    Callback,
    CallFacts,
    HandoverContext,
    TranscriptLine,
    Utterance,
)
from voiceagent.sense import Sense
from voiceagent.services import Shared

_ASKED = Note(says="in_writing")


class TextConversation:
    """One conversation, from its first word until nothing more is written.

    Args:
        facts: whom it is with.
        case: the event that opens the case to its customer; of a conversation that goes on with
            an earlier one, what that has left open.
    """

    def __init__(
        self, call_id: str, facts: CallFacts, shared: Shared, case: events.CaseOpened | Unfinished
    ) -> None:
        self.call_id = call_id
        self.case_id = case.case_id if isinstance(case, Unfinished) else call_id
        self.with_person = False
        """Whether a person has answered: the agent is silent from then on."""
        self.ended = False
        self.touched = time.monotonic()
        self._shared = shared
        self._record = CallRecord(f"{shared.config.line}-text", call_id, shared.journal)
        self._course = Course(facts, self._record, shared)
        self._manager = self._course.manager
        self._asked_for_person = False
        self._code = case.code if isinstance(case, events.CaseOpened) else ""
        self._one_at_a_time = asyncio.Lock()
        self._record.event(events.CallArrived(facts=facts))
        self._record.event(events.CallAnswered())
        greeting = self._manager.greet().say
        if isinstance(case, Unfinished):
            self._course.go_on_with(case)
            self._asked_for_person = bool(case.topic)
            if case.fits(shared.plan):
                self._manager.resume(case)
        else:
            self._record.event(case)
            self._say(greeting)

    @property
    def transcript(self) -> Sequence[TranscriptLine]:
        """What was written so far."""
        return self._record.transcript

    async def wrote(self, text: str) -> list[str]:
        """The customer has written something; returns what the agent answers.

        Raises:
            SpeechError: the service that understands sentences is gone.
        """
        async with self._one_at_a_time:
            self.touched = time.monotonic()
            at_s = self._record.age_s
            utterance = Utterance(
                text=text, start_s=at_s, end_s=at_s, confidence=1.0, engine=WRITTEN
            )
            self._course.heard(utterance)
            if self.with_person:
                self._record.said("caller", text, at_s, at_s)
                return []
            expecting = self._manager.expecting
            meaning, vector = await self._shared.understander.understand(text, expecting)
            reply = self._course.answer(utterance, Sense(meaning, vector, None))
            return [self._say(said) for said in await self._act(reply) if said]

    def person_wrote(self, text: str, by: str) -> None:
        """A person answers, and has the conversation from now on."""
        self.touched = time.monotonic()
        self.with_person = True
        self._record.event(events.PersonWrote(text=text, by=by))

    def end(self, by: Literal["caller", "agent", "error"], reason: str) -> None:
        """Nothing more will be written here."""
        if not self.ended:
            self.ended = True
            age_s = self._record.age_s
            self._record.event(events.CallEnded(by=by, reason=reason, duration_s=age_s))

    # -- what the agent does --------------------------------------------------------------------

    def _say(self, text: str) -> str:
        turn, at_s = self._course.turn, self._record.age_s
        self._record.event(
            events.AgentSpoke(turn=turn, text=text, heard=text, start_s=at_s, end_s=at_s)
        )
        self._record.said("agent", text, at_s, at_s)
        return text

    async def _act(self, reply: Reply) -> list[str]:
        while reply.lookup is not None:
            reply = await self._course.look_up(reply.lookup, case_is_progress=False)
        if reply.handover is not None:
            return await self._to_a_person(reply, reply.handover)
        if reply.end:
            self.end("agent", "the conversation was finished")
        return [reply.say]

    async def _to_a_person(self, reply: Reply, request: HandoverRequest) -> list[str]:
        """Leave the case for a person, with all that is known; what the customer is told."""
        danger = request.topic in self._shared.plan.emergency_topics
        first = [reply.say] if danger else []
        phrase = self._manager.phrase
        told = [phrase("text_handover")]
        number = self._shared.config.text.number
        if number and self._code:
            told.append(phrase("text_or_call", number=number, code=self._code))
        if not self._asked_for_person:
            self._asked_for_person = True
            await self._course.look_back()
            self._leave(self._course.context(request))
        # The same anger is not to ask for the same people again.
        self._course.judge.declined()
        return [*first, self._manager.put_down(_ASKED, " ".join(told)).say]

    def _leave(self, context: HandoverContext) -> None:
        emit, of = self._record.event, context.handover_id
        started = events.HandoverStarted(
            handover_id=of, reason=context.reason, topic=context.topic, targets=()
        )
        emit(started)
        emit(events.HandoverContextReady(handover_id=of, context=context))
        emit(events.HandoverFailed(handover_id=of, reason="a person answers in writing"))
        written = [line.text for line in self._record.transcript if line.who == "caller"]
        emit(
            events.CallbackRequested(
                callback=Callback(
                    callback_id=secrets.token_hex(6),
                    kind="text",
                    number=self._course.facts.shown_number,
                    topic=context.topic,
                    group=self._shared.staff.roster.group(context.topic),
                    text=written[-1] if written else "",
                    left_at=datetime.now(UTC),
                    context=context,
                )
            )
        )
