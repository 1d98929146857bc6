"""One conversation in writing: the dialogue of a call, without its speech."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

import httpx

from voiceagent import events
from voiceagent.callrecord import CallRecord
from voiceagent.codes import find_case
from voiceagent.config import Config
from voiceagent.deciding import Decider
from voiceagent.dialogue.lookup import done, look_up
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import HandoverRequest, LookupRequest, Reply
from voiceagent.dialogue.understanding import Understander
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.escalation.judge import Judge
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import (
    WRITTEN,
    Callback,
    CallFacts,
    HandoverContext,
    Journal,
    TranscriptLine,
    Utterance,
)
from voiceagent.handoff.context import package
from voiceagent.handoff.roster import Roster
from voiceagent.sense import Sense
from voiceagent.services import LookBack
from voiceagent.tries import Tries

_ASKED = "A person is to answer in writing."


@dataclass(frozen=True)
class Desk:
    """What all conversations in writing share."""

    config: Config
    plan: Dialplan
    understander: Understander
    prototypes: Prototypes
    http: httpx.AsyncClient
    journal: Journal
    roster: Roster
    look_back: LookBack
    tries: Tries = field(default_factory=Tries)


class TextConversation:
    """One conversation, from its first word until nothing more is written.

    Args:
        facts: whom it is with.
        case: the event that opens the case to its customer; of a conversation that goes on with
            an earlier one, what that has left open.
    """

    def __init__(
        self, call_id: str, facts: CallFacts, desk: Desk, case: events.CaseOpened | Unfinished
    ) -> None:
        self.call_id = call_id
        self.case_id = case.case_id if isinstance(case, Unfinished) else call_id
        self.with_person = False
        """Whether a person has answered: the agent is silent from then on."""
        self.ended = False
        self.touched = time.monotonic()
        self._facts = facts
        self._desk = desk
        self._record = CallRecord(f"{desk.config.line}-text", call_id, desk.journal)
        self._manager = DialogueManager(desk.plan, facts, date.today())
        self._judge = Judge(desk.plan.escalation, desk.prototypes, desk.plan.language)
        self._decider = Decider(desk.plan, self._manager, self._judge)
        self._turn = 0
        self._asked_for_person = False
        self._code = case.code if isinstance(case, events.CaseOpened) else ""
        self._one_at_a_time = asyncio.Lock()
        self._record.event(events.CallArrived(facts=facts))
        self._record.event(events.CallAnswered())
        greeting = self._manager.greet().say
        if isinstance(case, Unfinished):
            self._record.event(events.CaseContinued(case_id=case.case_id, known_by=case.by))
            self._asked_for_person = bool(case.topic)
            if case.fits(desk.plan):
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
            self._turn += 1
            at_s = self._record.age_s
            utterance = Utterance(
                text=text, start_s=at_s, end_s=at_s, confidence=1.0, engine=WRITTEN
            )
            self._record.event(events.TurnHeard(turn=self._turn, utterance=utterance))
            if self.with_person:
                self._record.said("caller", text, at_s, at_s)
                return []
            expecting = self._manager.expecting
            meaning, vector = await self._desk.understander.understand(text, expecting)
            decided = self._decider.turn(self._turn, utterance, Sense(meaning, vector, None))
            self._record.event(
                events.TurnUnderstood(
                    turn=self._turn,
                    understanding=meaning,
                    slots=self._manager.slots,
                    about=self._manager.about,
                )
            )
            self._note_customer()
            self._record.event(decided.verdict)
            self._record.said("caller", text, at_s, at_s, decided.verdict)
            if decided.declined:
                self._record.event(events.OfferDeclined(turn=self._turn))
            return [self._say(said) for said in await self._act(decided.reply) if said]

    def _note_customer(self) -> None:
        customer_id = self._manager.customer_id
        if customer_id and customer_id != self._facts.customer_id:
            self._facts = self._facts.model_copy(update={"customer_id": customer_id})
            self._record.event(events.CustomerKnown(customer_id=customer_id))

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
        at_s = self._record.age_s
        self._record.event(
            events.AgentSpoke(turn=self._turn, text=text, heard=text, start_s=at_s, end_s=at_s)
        )
        self._record.said("agent", text, at_s, at_s)
        return text

    async def _act(self, reply: Reply) -> list[str]:
        while reply.lookup is not None:
            reply = await self._looked_up(reply.lookup)
        if reply.handover is not None:
            return await self._to_a_person(reply, reply.handover)
        if reply.end:
            self.end("agent", "the conversation was finished")
        return [reply.say]

    async def _looked_up(self, request: LookupRequest) -> Reply:
        plan = self._desk.plan
        if plan.lookups[request.name].case is not None:
            return await self._found_case(request)
        result = await look_up(request, plan, self._desk.http)
        self._record.event(done(result, plan))
        if result.found:
            self._judge.progressed()
        return self._manager.lookup_done(result)

    async def _found_case(self, request: LookupRequest) -> Reply:
        desk = self._desk
        result, before = await find_case(
            request, desk.plan, self._facts, desk.look_back, desk.tries
        )
        self._record.event(done(result, desk.plan))
        if before is None:
            return self._manager.lookup_done(result)
        self._record.event(events.CaseContinued(case_id=before.case_id, known_by=before.by))
        return self._manager.resume(before)

    async def _to_a_person(self, reply: Reply, request: HandoverRequest) -> list[str]:
        """Leave the case for a person, with all that is known; what the customer is told."""
        danger = request.topic in self._desk.plan.emergency_topics
        first = [reply.say] if danger else []
        phrase = self._manager.phrase
        told = [phrase("text_handover")]
        number = self._desk.config.text.number
        if number and self._code:
            told.append(phrase("text_or_call", number=number, code=self._code))
        if not self._asked_for_person:
            self._asked_for_person = True
            self._leave(await self._context(request))
        # The same anger is not to ask for the same people again.
        self._judge.declined()
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
                    number=self._facts.shown_number,
                    topic=context.topic,
                    group=self._desk.roster.group(context.topic),
                    text=written[-1] if written else "",
                    left_at=datetime.now(UTC),
                    context=context,
                )
            )
        )

    async def _context(self, request: HandoverRequest) -> HandoverContext:
        earlier = await self._desk.look_back(self._facts)
        return package(
            self.call_id,
            self._facts,
            self._desk.plan,
            request,
            self._manager,
            self._record.decisive,
            self._record.transcript,
            tuple(call for call in earlier.latest if call.call_id != self.call_id),
        )
