"""One caller's conversation: where telephony, speech, dialogue, escalation and handoff meet.

What a turn means is found out by `sense`, what follows from it by `course`; here it is heard,
said and done.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Literal

import structlog

from voiceagent import events, tasks
from voiceagent.callrecord import CallRecord
from voiceagent.course import Course
from voiceagent.dialogue.replies import HandoverRequest, LookupRequest, Reply
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import WRITTEN, CallEnded, Expectation, Utterance
from voiceagent.handing import HandingOver
from voiceagent.linking import Linking
from voiceagent.saying import Saying
from voiceagent.sense import SenseMaker
from voiceagent.services import Services
from voiceagent.speech.client import SpeechError
from voiceagent.speech.listener import Heard, Key, Listener, Nothing, Turn
from voiceagent.speech.speaker import Speaker
from voiceagent.telephony.call import Digit, Ended, Leg, Written
from voiceagent.telephony.transfer_commands import Outcome
from voiceagent.waiting import Chosen, Exchange

log = structlog.get_logger()

_QUICK_LOOKUP_S = 0.35
"""A look-up that takes longer is covered by a word."""
_PERSON = "0"
"""The key that asks for a person."""


class Conversation:
    """One call, from its INVITE until the caller has left or is with a person."""

    def __init__(self, call_id: str, leg: Leg, services: Services) -> None:
        self.call_id = call_id
        self.leg = leg
        self._services = services
        self._record = CallRecord(services.config.line, call_id, services.journal)
        self._course = Course(leg.facts, self._record, services)
        self._manager = self._course.manager
        self._speaker = Speaker(
            leg,
            services.voice,
            services.plan.voice,
            on_speech=lambda speaking: self._listener.agent_speaks(speaking),
        )
        self._listener = Listener(
            services.speech,
            services.config.turns,
            on_pause=self._speaker.pause,
            on_resume=self._speaker.unpause,
            on_interrupted=self._interrupted,
            on_recognised=self._recognised,
            language=services.plan.language,
            vocabulary=services.plan.hints,
        )
        # Nobody waits in silence for what cannot be said: `_answer` raises it.
        self._saying = Saying(self._speaker, self._course, on_failed=self._listener.hurry)
        self._sense = SenseMaker(
            services.understander, services.speech, voice=services.plan.escalation.measures_voice
        )
        exchange = Exchange(self._listener, self._tell, self._ask, self._heard)
        self._handing = HandingOver(leg, services, self._course, exchange)
        self._linking = Linking(services, self._record)
        self._ended_by: Literal["caller", "agent", "transfer", "error"] = "error"
        self._why = ""
        self._leaving = False

    # -- the course of a call -------------------------------------------------------------------

    async def run(self) -> None:
        """Answer, converse, hand over if need be, and leave nothing behind."""
        following = asyncio.create_task(self._follow_leg())
        talking = asyncio.create_task(self._talk())
        gone = asyncio.create_task(self.leg.ended.wait())
        try:
            await asyncio.wait({talking, gone}, return_when=asyncio.FIRST_COMPLETED)
            if self._handing.under_way:
                # Only it knows how to end what it has begun.
                await asyncio.wait({talking})
            if not talking.done():
                self._ended_by, self._why = "caller", "hung up"
            elif (error := talking.exception()) is not None:
                self._why = f"{type(error).__name__}: {error}"
                log.error("conversation.broke", exc_info=error)
        except asyncio.CancelledError:
            self._why = "the line was shut down"
            raise
        finally:
            await tasks.end(talking, gone, following)
            self._sense.drop()
            self._listener.close()
            await self._saying.stop()
            if not self.leg.ended.is_set():
                await self.leg.hang_up()
            self._record.close()
            self._record.event(
                CallEnded(by=self._ended_by, reason=self._why, duration_s=self._record.age_s)
            )

    def wrote(self, text: str) -> None:
        """The caller has written something beside the call: it is a turn like any other."""
        now = time.monotonic()
        utterance = Utterance(text=text, confidence=1.0, engine=WRITTEN)
        turn = Heard(utterance, b"", now, now)
        if self._listener.written(turn):
            self._speaker.stop()
        else:
            self._heard(turn)  # for the person who gets them

    def send_link(self, by: str) -> str:
        """Somebody wants the caller to have a link where they can write; returns what keeps it
        from them. The caller is told with the next thing that the agent says."""
        return self._linking.asked(self._course.facts, by)

    def leave(self) -> None:
        """The line is shutting down: hand the caller over after the present turn."""
        self._leaving = True
        self._listener.hurry()
        self._handing.hurry()

    async def _talk(self) -> None:
        self._record.event(events.CallArrived(facts=self.leg.facts))
        looking_back = asyncio.create_task(self._course.look_back())
        self.leg.audio.background(self._services.quiet)
        recordings = self._services.config.records.recordings
        self._record.listen(self.leg, self._listener.frame, recordings)
        await self.leg.answer()
        await self.leg.confirmed.wait()
        self._record.event(events.CallAnswered())
        try:
            await self._converse((await looking_back).unfinished)
        except SpeechError as error:
            await self._without_speech(error)
        except Exception as error:
            # Whatever is wrong with us, the caller is not to be left alone with it.
            log.exception("conversation.failed")
            await self._without_speech(error)

    async def _converse(self, before: Unfinished | None) -> None:
        reply: Reply | None = self._manager.greet(before)
        while True:
            if reply is not None and not await self._act(reply):
                return
            reply = await self._answer(await self._listener.turn())

    async def _act(self, reply: Reply) -> bool:
        """Say and do what the dialogue manager wants; False when the conversation is over."""
        if reply.lookup is not None:
            return await self._act(await self._looked_up(reply.say, reply.lookup))
        offered = self._manager.asks_in_writing and self._linking.offer(self._course.facts)
        if offered or self._linking.tell():
            said = f"{reply.say} {self._manager.phrase('link_sent')}"
            reply = reply.model_copy(update={"say": said})
        await self._saying.finish()
        self._listener.expect(
            reply.expecting,
            self._manager.turn_limits.model_dump(exclude_none=True),
            interruptible=reply.interruptible,
        )
        self._saying.begin(reply.say)
        if reply.handover is not None:
            await self._saying.finish()
            return await self._hand_over(reply.handover)
        if reply.end:
            farewell = await self._saying.finish()
            # Who cuts in on the goodbye has something left to say.
            if farewell is None or not farewell.interrupted:
                self._ended_by, self._why = "agent", "the conversation was finished"
                return False
        return True

    # -- a turn becomes a decision --------------------------------------------------------------

    async def _answer(self, turn: Turn) -> Reply | None:
        await self._saying.finish_if_said()
        if self._leaving:
            return self._manager.announce_handover("general")
        if isinstance(turn, Key):
            if turn.digit != _PERSON:
                return None
            self._speaker.stop()
            return self._manager.announce_handover("general")
        if isinstance(turn, Nothing):
            return self._course.missed(turn.why)
        utterance = self._note_turn(turn)
        if not utterance.text.strip():
            return self._course.missed("no-match", was_heard=True)
        sense = await self._sense.of(turn, self._manager.expecting)
        return self._course.answer(utterance, sense, interrupted=turn.interrupted)

    def _note_turn(self, turn: Heard) -> Utterance:
        """Write down what was heard, its times counted from the INVITE."""
        self._saying.answers(turn.ended_at)
        utterance = turn.utterance.model_copy(
            update={
                "start_s": self._record.clock(turn.started_at),
                "end_s": self._record.clock(turn.ended_at),
            }
        )
        self._course.heard(utterance, turn.timings)
        return utterance

    def _heard(self, turn: Heard) -> None:
        """A turn that is no matter for the dialogue: an answer to what becomes of the caller."""
        utterance = self._note_turn(turn)
        self._record.said("caller", utterance.text, utterance.start_s, utterance.end_s)

    def _recognised(self, text: str, pcm: bytes) -> None:
        self._sense.begin(text, pcm, self._manager.expecting)

    def _interrupted(self, started_at: float, stopped_at: float) -> None:
        self._speaker.stop()
        self._record.event(
            events.CallerInterrupted(
                start_s=self._record.clock(started_at), stopped_s=self._record.clock(stopped_at)
            )
        )

    # -- looking up -----------------------------------------------------------------------------

    async def _looked_up(self, meanwhile: str, request: LookupRequest) -> Reply:
        looking = asyncio.create_task(self._course.look_up(request, case_is_progress=True))
        try:
            await asyncio.wait({looking}, timeout=_QUICK_LOOKUP_S)
            if not looking.done():
                await self._saying.finish()
                self._saying.begin(meanwhile)
            return await looking
        finally:
            await tasks.end(looking)

    # -- handing over ---------------------------------------------------------------------------

    async def _hand_over(self, request: HandoverRequest) -> bool:
        """Bring the caller to a person; True when they are back and the dialogue goes on."""
        outcome = await self._handing.transfer(request)
        chosen: Chosen | None = None
        if outcome is Outcome.NOBODY and not self._leaving and not self.leg.ended.is_set():
            chosen = await self._handing.nobody_free(request)
            outcome = chosen.outcome
        if outcome in (Outcome.TRANSFERRED, Outcome.BRIDGED):
            self._ended_by, self._why = "transfer", str(outcome)
            return False
        if outcome is Outcome.RETURNED and not self.leg.ended.is_set():
            self._course.judge.declined()
            return await self._act(self._manager.handed_back(self._handing.agreed))
        if outcome is Outcome.CALLER_GONE or self.leg.ended.is_set():
            self._ended_by, self._why = "caller", "hung up during the handover"
            return False
        # The same anger is not to ring the same phones again at once.
        self._course.judge.declined()
        reply = await self._after(chosen) if chosen else self._manager.handover_failed()
        return await self._act(reply) if reply else True

    async def _after(self, chosen: Chosen) -> Reply | None:
        """What follows from what a caller has chosen whom nobody could take."""
        if chosen.noted is not None:
            return self._manager.put_down(chosen.noted, chosen.say)
        told = self._manager.handover_failed(chosen.say or self._manager.phrase("go_on"))
        return told if chosen.turn is None else await self._answer(chosen.turn)

    async def _ask(self, text: str, expecting: Expectation) -> Turn:
        await self._saying.finish()
        self._listener.expect(expecting, {})
        self._saying.begin(text)
        turn = await self._listener.turn()
        if isinstance(turn, Key):
            self._speaker.stop()
        return turn

    async def _tell(self, text: str) -> None:
        await self._saying.finish()
        await self._saying.say(text)

    async def _without_speech(self, error: Exception) -> None:
        """Recognition or synthesis is gone: a person has to take over, without a turn."""
        log.error("speech.lost", error=str(error))
        self._record.event(events.SpeechLost(reason=str(error)))
        # Who still speaks must not cut short what they have to know.
        self._listener.deafen(True)
        self._saying.forget()
        with contextlib.suppress(SpeechError):
            await self._saying.say(self._services.phrase("speech_lost"))
        outcome = await self._handing.transfer(self._manager.cannot_go_on())
        if outcome in (Outcome.TRANSFERRED, Outcome.BRIDGED):
            self._ended_by, self._why = "transfer", str(outcome)
            return
        self._ended_by, self._why = "error", str(error)
        with contextlib.suppress(SpeechError):
            await self._saying.say(self._services.phrase("nobody_free"))
            await self._saying.say(self._services.phrase("goodbye"))

    # -- the leg and its audio ------------------------------------------------------------------

    async def _follow_leg(self) -> None:
        while True:
            event = await self.leg.events.get()
            if self._handing.caller_reported(event):
                pass
            elif isinstance(event, Written):
                self.wrote(event.text)
            elif isinstance(event, Digit):
                self._record.event(events.DtmfReceived(digit=event.digit))
                if not self._handing.key(event.digit):
                    self._listener.digit(event.digit)
            if isinstance(event, Ended):
                return
