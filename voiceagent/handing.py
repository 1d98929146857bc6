"""Bringing a caller to a person: with what context, to whom, and what becomes of those whom
nobody can take."""

from __future__ import annotations

import asyncio
import dataclasses

from voiceagent import events, tasks
from voiceagent.course import Course
from voiceagent.dialogue.replies import HandoverRequest
from voiceagent.events import AnyEvent, HandoverContext, Record
from voiceagent.handoff.asking import Asking
from voiceagent.handoff.briefing import briefing, introduction
from voiceagent.handoff.handover import Handover, Surroundings
from voiceagent.handoff.meanwhile import Meanwhile
from voiceagent.handoff.queueing import rank
from voiceagent.handoff.routing import Request, Route, standing
from voiceagent.handoff.staff import routed
from voiceagent.handoff.talk import Words
from voiceagent.handoff.tongues import Tongue, own_tongue, tongue_of
from voiceagent.services import Services
from voiceagent.telephony.call import Leg, LegEvent
from voiceagent.telephony.transfer_commands import Outcome
from voiceagent.waiting import Chosen, Exchange, Floor, NobodyFree

_KEYS_S = 0.5


class HandingOver:
    """What one conversation needs to bring its caller to a person.

    Args:
        course: the call's dialogue, for what is known so far.
        exchange: how the caller is spoken with.
    """

    def __init__(self, leg: Leg, services: Services, course: Course, exchange: Exchange) -> None:
        self._call_id = course.record.call_id
        self._leg = leg
        self._services = services
        self._course = course
        self._record = course.record
        self._exchange = exchange
        self.agreed = ""
        """What a person who gave the caller back has agreed with them."""
        self._handover: Handover | None = None
        self._nobody: NobodyFree | None = None
        self._meanwhile: Meanwhile | None = None
        """What is added while people are called, until one of them is joined to the caller."""
        self._telling: asyncio.TimerHandle | None = None

    @property
    def under_way(self) -> bool:
        """Whether something has begun that it has to end itself, also when the caller has left."""
        return self._handover is not None or (self._nobody is not None and self._nobody.keeps_word)

    def caller_reported(self, event: LegEvent) -> bool:
        """Something happened on the caller's leg; False when it is not for a handover."""
        if self._handover is None:
            return False
        self._handover.caller_reported(event)
        return True

    def key(self, digit: str) -> bool:
        """The caller pressed a key; False when it is for the dialogue."""
        return self._nobody is not None and self._nobody.key(digit)

    def hurry(self) -> None:
        """The line shuts down."""
        if self._nobody is not None:
            self._nobody.hurry()

    async def transfer(self, request: HandoverRequest, waited_s: float = 0.0) -> Outcome:
        """Bring the caller to a person, or find that there is none.

        Args:
            waited_s: how long they have waited for one.
        """
        await self._course.look_back()
        context = self._course.context(request)
        handover_id = context.handover_id
        route = self._route(context, waited_s)
        known = self._record.event(
            events.HandoverContextReady(handover_id=handover_id, context=context)
        )
        if not route.targets:
            outcome = Outcome.NOBODY
            self._record.event(events.HandoverFailed(handover_id=handover_id, reason=str(outcome)))
            return outcome
        return await self._call_people(request, route, context, known)

    def _route(self, context: HandoverContext, waited_s: float) -> Route:
        """Choose whom to call, and write it down."""
        wanted = self._wanted(context, waited_s)
        route = self._services.staff.route(wanted, self._call_id)
        self._record.event(routed(context.handover_id, wanted, route))
        self._record.event(
            events.HandoverStarted(
                handover_id=context.handover_id,
                reason=context.reason,
                topic=context.topic,
                targets=route.targets,
            )
        )
        return route

    async def _call_people(
        self, request: HandoverRequest, route: Route, context: HandoverContext, known: Record
    ) -> Outcome:
        """Call them one after the other, until the caller is with one or nobody is left.

        Args:
            known: the record of the context.
        """
        services = self._services
        self._meanwhile = Meanwhile(context, services.readers)
        self._exchange.listener.hear_out()
        adding = asyncio.create_task(self._add_last_words())
        self._handover = self._prepared(request, route, self._meanwhile)
        try:
            # The person's screen should know before the person's phone rings.
            await self._record.delivered(known, services.config.handover.push_s)
            outcome = await self._handover.run()
            self.agreed = self._handover.note
            return outcome
        finally:
            await tasks.end(adding)
            self._meanwhile = None
            if self._telling is not None:
                self._telling.cancel()
            self._handover = None
            services.staff.over(context.handover_id)
            self._exchange.listener.deafen(False)

    async def nobody_free(self, request: HandoverRequest) -> Chosen:
        """Tell the caller that nobody is, and do what they choose."""
        wanted = self._wanted(self._course.context(request))
        staff = self._services.staff

        def free(waited_s: float) -> frozenset[str]:
            now = dataclasses.replace(wanted, waited_s=waited_s)
            return frozenset(staff.route(now, self._call_id).targets)

        floor = Floor(
            call_id=self._call_id,
            leg=self._leg,
            phrase=self._course.manager.phrase,
            attempt=lambda waited_s: self.transfer(request, waited_s),
            free=free,
            context=lambda: self._course.context(request),
            emit=self._record.event,
            rank=rank(wanted.standing, emergency=wanted.emergency),
            topic=request.topic,
        )
        self._nobody = NobodyFree(floor, self._exchange, self._services)
        try:
            return await self._nobody.run()
        finally:
            self._nobody = None

    async def _add_last_words(self) -> None:
        """Add what the caller was saying as the decision fell."""
        heard = await self._exchange.listener.last_words()
        if self._meanwhile is None or not heard:
            return
        for turn in heard:
            self._exchange.heard(turn)
        said = [turn.utterance.text for turn in heard]
        self._meanwhile.said(said, self._record.transcript)
        self._tell_now()

    def _tell_soon(self) -> None:
        """Keys come one after the other: tell of them together."""
        if self._telling is not None:
            self._telling.cancel()
        self._telling = asyncio.get_running_loop().call_later(_KEYS_S, self._tell_now)

    def _tell_now(self) -> None:
        if self._meanwhile is not None:
            context = self._meanwhile.context
            self._record.event(
                events.HandoverContextReady(handover_id=context.handover_id, context=context)
            )

    def _prepared(self, request: HandoverRequest, route: Route, meanwhile: Meanwhile) -> Handover:
        services = self._services
        turns = services.config.turns
        own = own_tongue(services.config, services.plan, services.speech, services.voice)

        def words_for(target: str) -> Words:
            tongue = tongue_of(services.staff.roster.find(target), services.tongues) or own
            asking = Asking(tongue, turns)

            def told(tongue: Tongue) -> HandoverContext:
                return tongue.context(meanwhile.context, request, self._course.manager)

            async def brief(person: Leg) -> str:
                text = briefing(told(tongue), services.config.handover, tongue.sentences)
                await asking.say(person, text)
                return text

            async def introduce(person: Leg) -> None:
                to_caller = introduction(told(own), own.sentences)
                await asyncio.gather(
                    Asking(own, turns).say(self._leg, to_caller),
                    asking.say(person, introduction(told(tongue), tongue.sentences)),
                )

            return Words(brief, asking.hear, introduce, asking.note)

        return Handover(
            Surroundings(
                agent=services.agent,
                caller=self._leg,
                settings=services.config.handover,
                emit=self._in_handover,
                words=words_for,
                joined=self._record.listen_to_person,
                music=services.music,
                quiet=services.quiet,
            ),
            meanwhile.context,
            route.targets,
        )

    def _wanted(self, context: HandoverContext, waited_s: float = 0.0) -> Request:
        """What the choice of a person goes by."""
        services, course = self._services, self._course
        return Request(
            topic=context.topic,
            language=context.language,
            anger=context.anger,
            emergency=context.topic in services.plan.emergency_topics,
            standing=standing(course.facts, course.earlier, services.config.routing),
            earlier=course.earlier,
            waited_s=waited_s,
        )

    def _in_handover(self, event: AnyEvent) -> None:
        self._services.staff.take(event)
        self._record.event(event)
        if self._meanwhile is None:
            return
        match event:
            case events.ConsultationFailed(target=target, code=code):
                person = self._services.staff.roster.find(target).name
                self._meanwhile.not_reached(person, code)
                self._tell_now()
            case events.DtmfReceived(digit=digit):
                self._meanwhile.pressed(digit)
                self._tell_soon()
            case events.HandoverBridged() | events.HandoverCompleted() | events.HandoverFailed():
                self._meanwhile = None
