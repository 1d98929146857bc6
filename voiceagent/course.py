"""The course of one customer's dialogue, spoken or written, and all that is written down of it.

What a turn means has been found out before, by `sense`; the conversation around this one hears
and says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from voiceagent import events
from voiceagent.callrecord import CallRecord
from voiceagent.codes import find_case
from voiceagent.deciding import Decider
from voiceagent.dialogue.lookup import done, look_up
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import HandoverRequest, LookupRequest, Reply
from voiceagent.dialogue.understanding import Embedder, Understander
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.escalation.judge import Judge
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import CallFacts, HandoverContext, Utterance
from voiceagent.handoff.context import package
from voiceagent.handoff.routing import Earlier
from voiceagent.sense import Sense
from voiceagent.services import Shared


class Course:
    """One conversation's dialogue: its turns, its look-ups, and whom it is with.

    Args:
        facts: what its beginning says.
        record: where it is written down.
    """

    def __init__(self, facts: CallFacts, record: CallRecord, shared: Shared) -> None:
        plan = shared.plan
        self.facts = facts
        """What is known of the customer: with what they have said since."""
        self.record = record
        self.manager = DialogueManager(plan, facts, date.today())
        self.judge = Judge(plan.escalation, shared.prototypes, plan.language)
        self.turn = 0
        """Number of the customer's latest turn, from 1."""
        self.earlier = Earlier()
        """What `look_back` has found."""
        self._shared = shared
        self._decider = Decider(plan, self.manager, self.judge)
        self._looked_back_for: CallFacts | None = None
        self._goes_on_with = ""

    # -- turns ----------------------------------------------------------------------------------

    def heard(self, utterance: Utterance, timings: Mapping[str, float] | None = None) -> None:
        """Write a turn down, its times counted from the beginning of the conversation.

        Args:
            timings: where the wait went, see `TurnHeard`.
        """
        self.turn += 1
        heard = events.TurnHeard(turn=self.turn, utterance=utterance, timings=dict(timings or {}))
        self.record.event(heard)

    def answer(self, utterance: Utterance, sense: Sense, *, interrupted: bool = False) -> Reply:
        """What follows from the turn that was `heard` last.

        Args:
            interrupted: whether the caller cut the agent short to say this.
        """
        decided = self._decider.turn(self.turn, utterance, sense, interrupted=interrupted)
        self.record.event(
            events.TurnUnderstood(
                turn=self.turn,
                understanding=sense.understanding,
                slots=self.manager.slots,
                about=self.manager.about,
            )
        )
        self._note_customer()
        self.record.event(decided.verdict)
        self.record.said(
            "caller", utterance.text, utterance.start_s, utterance.end_s, decided.verdict
        )
        if decided.declined:
            self.record.event(events.OfferDeclined(turn=self.turn))
        return decided.reply

    def missed(
        self,
        why: Literal["no-input", "no-match", "recognition-failed"],
        *,
        was_heard: bool = False,
    ) -> Reply:
        """What follows from a turn in which nothing was said, or nothing recognised.

        Args:
            was_heard: whether the turn was `heard`, though without words.
        """
        if not was_heard:
            self.turn += 1
        self.record.event(events.TurnMissed(turn=self.turn, why=why))
        decided = self._decider.missed(self.turn, why)
        self.record.event(decided.verdict)
        return decided.reply

    # -- look-ups -------------------------------------------------------------------------------

    async def look_up(self, request: LookupRequest, *, case_is_progress: bool) -> Reply:
        """What follows from a look-up. Never raises: one that fails has its answer too.

        Args:
            case_is_progress: whether finding a case by its code meets the customer's request, as
                finding anything else does.
        """
        shared = self._shared
        case: Unfinished | None = None
        is_case = shared.plan.lookups[request.name].case is not None
        if is_case:
            result, case = await find_case(
                request, shared.plan, self.facts, shared.look_back, shared.tries
            )
        else:
            result = await look_up(request, shared.plan, shared.http)
        self.record.event(done(result, shared.plan))
        if result.found and (case_is_progress or not is_case):
            self.judge.progressed()
        if case is None:
            return self.manager.lookup_done(result)
        reply = self.manager.resume(case)
        self._note_customer()
        return reply

    # -- whom it is with ------------------------------------------------------------------------

    def go_on_with(self, case: Unfinished) -> None:
        """Write down, once, which earlier conversation is gone on with."""
        if case.case_id != self._goes_on_with:
            self._goes_on_with = case.case_id
            self.record.event(events.CaseContinued(case_id=case.case_id, known_by=case.by))

    def _note_customer(self) -> None:
        """Write down whom the customer has turned out to be."""
        if (case := self.manager.resumed) is not None:
            self.go_on_with(case)
        customer_id = self.manager.customer_id
        if customer_id and customer_id != self.facts.customer_id:
            self.facts = self.facts.model_copy(update={"customer_id": customer_id})
            self.record.event(events.CustomerKnown(customer_id=customer_id))

    async def look_back(self) -> Earlier:
        """What is on record of the customer's earlier conversations; the record is asked again
        only when more has become known of who they are."""
        facts = self.facts
        if facts != self._looked_back_for:
            self.earlier = await self._shared.look_back(facts)
            self._looked_back_for = facts
        return self.earlier

    def context(self, request: HandoverRequest) -> HandoverContext:
        """All that is known now, for a person."""
        call_id = self.record.call_id
        return package(
            call_id,
            self.facts,
            self._shared.readers,
            request,
            self.manager,
            self.record.decisive,
            self.record.transcript,
            tuple(call for call in self.earlier.latest if call.call_id != call_id),
        )


async def prepared(
    plan: Dialplan, embedder: Embedder, examples: Embedder
) -> tuple[Understander, Prototypes]:
    """What decides by a dialplan's examples, once it has decided on a turn of nobody's.

    Much is loaded at its first use, and no caller should wait for that.

    Args:
        embedder: for what customers say.
        examples: for what is written beforehand.
    """
    understander = await Understander.create(plan, embedder, examples=examples)
    prototypes = await Prototypes.create(examples, plan.language)
    manager = DialogueManager(plan, CallFacts(), date.today())
    manager.greet()
    said = Utterance(text="Hello, is it 471229 on the third of May?", confidence=0.9)
    meaning, vector = await understander.understand(said.text, manager.expecting)
    judge = Judge(plan.escalation, prototypes, plan.language)
    Decider(plan, manager, judge).turn(1, said, Sense(meaning, vector, None))
    return understander, prototypes
