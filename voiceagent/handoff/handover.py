"""A handover as it happens: the thin shell around `telephony.transfer.Transfer`.

It feeds the state machine with what the two legs report and with the time, and carries out
what the machine says: calls, holds, the briefing, the REFER. Each step becomes an event.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from voiceagent import events, tasks
from voiceagent.config import Handover as Settings
from voiceagent.events import AnyEvent, HandoverContext
from voiceagent.handoff.talk import Briefed, Decided, Introduced, Noted, Said, Talk, Words
from voiceagent.telephony import transfer_commands as commands
from voiceagent.telephony.call import (
    Confirmed,
    Digit,
    Ended,
    Leg,
    LegEvent,
    Progress,
    PutOnHold,
    TransferStatus,
)
from voiceagent.telephony.headers import context_headers, encode_user_to_user
from voiceagent.telephony.transfer import Keys, State, Transfer
from voiceagent.telephony.transfer_commands import Command, Outcome
from voiceagent.telephony.useragent import TelephonyError, UserAgent

log = structlog.get_logger()

_RINGING = 180
_UNAVAILABLE = 503
_INTERNAL_ERROR = 500


@dataclass(frozen=True)
class Surroundings:
    """What a handover needs of the conversation it belongs to."""

    agent: UserAgent
    caller: Leg
    settings: Settings
    emit: Callable[[AnyEvent], object]
    words: Callable[[str], Words]
    """What is said to whoever is called at a target."""
    joined: Callable[[Leg], None]
    """Told of the leg that the caller has been joined to."""
    music: bytes
    quiet: bytes
    """What a leg hears while nobody speaks, 16-bit at 8 kHz."""


@dataclass(frozen=True)
class _Consultation:
    """Something that the consultation leg of one attempt reported."""

    attempt: int
    event: LegEvent


_News = LegEvent | _Consultation | Said


class Handover:
    """One caller's way to a person. `run` it once; tell it of the caller's leg meanwhile."""

    def __init__(
        self, around: Surroundings, context: HandoverContext, targets: tuple[str, ...]
    ) -> None:
        self._around = around
        self._context = context
        settings = around.settings
        self._transfer = Transfer(
            targets,
            ring_s=settings.ring_s,
            refer_s=settings.refer_s,
            brief=settings.briefing,
            asks=settings.accept != "answer",
            accept_s=settings.accept_s,
            note_s=settings.note_s,
            way=settings.way,
            ways=settings.ways,
            replaces=settings.assume_replaces or around.caller.replaces,
            keys=Keys(settings.accept_key, settings.decline_key, settings.return_key),
        )
        self._news: asyncio.Queue[_News] = asyncio.Queue()
        self._leg: Leg | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._talk: Talk | None = None
        self.note = ""
        """What was agreed, where a person has given the caller back."""
        self._over: commands.Over | None = None

    def caller_reported(self, event: LegEvent) -> None:
        """Something happened on the caller's leg."""
        self._news.put_nowait(event)

    async def run(self) -> Outcome:
        """Bring the caller to a person, or back; returns how it ended."""
        machine = self._transfer
        try:
            if self._around.caller.ended.is_set():
                await self._carry_out(machine.caller_ended(time.monotonic()))
            else:
                await self._carry_out(machine.start(time.monotonic()))
            while self._over is None:
                await self._carry_out(await self._step())
        finally:
            await tasks.end(*self._tasks)
            await self._say_no_more()
            # Whatever went wrong, no phone may ring for nobody.
            if self._leg is not None and not self._leg.ended.is_set():
                await self._leg.hang_up("handover over")
        self._conclude(self._over)
        return self._over.outcome

    async def _step(self) -> list[Command]:
        """Wait for the next input or the deadline, and give it to the machine."""
        deadline = self._transfer.deadline
        wait = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            async with asyncio.timeout(wait):
                news = await self._news.get()
        except TimeoutError:
            return self._transfer.tick(time.monotonic())
        return self._digest(news, time.monotonic())

    def _digest(self, news: _News, now: float) -> list[Command]:
        machine = self._transfer
        match news:
            case Ended():
                return machine.caller_ended(now)
            case TransferStatus(code, _, final):
                self._emit(events.ReferAnswered, code=code, final=final)
                return machine.refer_answered(now, code, final=final)
            case PutOnHold(on):
                machine.caller_holds(on)
                return []
            case Digit(digit):
                if machine.state is not State.BRIDGED:  # what callers key in to people is theirs
                    self._around.emit(events.DtmfReceived(digit=digit))
                return machine.caller_pressed(digit)
            case Briefed(text):
                if text:
                    self._emit(events.BriefingSpoken, text=text)
                return machine.briefed(now)
            case Decided(reason):
                return machine.declined(now, reason) if reason else machine.accepted(now)
            case Introduced():
                return machine.introduced(now)
            case Noted(text):
                self.note = text
                return machine.noted()
            case _Consultation(attempt, Digit(digit)) if attempt == machine.attempt:
                return machine.person_pressed(now, digit)
            case _Consultation(attempt, Progress(code)) if attempt == machine.attempt:
                if code >= _RINGING:
                    self._emit(events.ConsultationRinging, target=machine.target)
                return []
            case _Consultation(attempt, Confirmed()):
                if attempt == machine.attempt:
                    self._emit(events.ConsultationAnswered, target=machine.target)
                return machine.answered(now, attempt)
            case _Consultation(attempt, Ended(code, reason)):
                return machine.consultation_ended(now, attempt, code, reason)
        return []

    # -- what the machine says ------------------------------------------------------------------

    async def _carry_out(self, wanted: list[Command]) -> None:
        around = self._around
        for command in wanted:
            match command:
                case commands.Hold():
                    around.caller.audio.background(around.music)
                    await around.caller.hold()
                    around.emit(events.CallerHeld())
                case commands.Resume():
                    around.caller.audio.background(around.quiet)
                    await around.caller.resume()
                    around.emit(events.CallerResumed())
                case commands.Consult(attempt, target):
                    await self._consult(attempt, target)
                case commands.Brief():
                    self._speaks().brief()
                case commands.Refer():
                    await self._refer()
                case commands.ReferBlind(target):
                    await self._refer_blind(target)
                case commands.Bridge():
                    await self._bridge()
                case commands.Introduce():
                    self._speaks().introduce()
                case commands.PassDigit(digit):
                    if self._leg is not None:
                        await self._leg.send_digits(digit)
                case commands.Part():
                    await around.caller.part()
                case commands.AskNote():
                    self._speaks().take_note()
                case commands.EndConsultation(_, reason):
                    await self._say_no_more()
                    if self._leg is not None:
                        await self._leg.hang_up(reason)
                case commands.EndCaller():
                    await around.caller.hang_up("transferred")
                case commands.Failed(target, code, reason):
                    self._emit(events.ConsultationFailed, target=target, code=code, reason=reason)
                case commands.Over():
                    self._over = command

    async def _consult(self, attempt: int, target: str) -> None:
        await self._say_no_more()
        self._emit(events.ConsultationCalling, target=target, attempt=attempt)
        context = self._context
        headers = context_headers(
            context.handover_id,
            [
                ("Call", context.call_id),
                ("Topic", context.topic),
                ("Language", context.language),
                ("Anger", f"{context.anger:.2f}"),
            ],
        )
        try:
            self._leg = await self._around.agent.call(target, headers)
        except TelephonyError as error:
            log.warning("consultation.failed", target=target, error=str(error))
            self._news.put_nowait(_Consultation(attempt, Ended(_UNAVAILABLE, str(error))))
            return
        self._leg.audio.background(self._around.quiet)
        around = self._around
        self._talk = Talk(self._leg, around.words(target), around.settings, self._news.put_nowait)
        tasks.start(self._follow(self._leg, attempt), self._tasks)

    async def _follow(self, leg: Leg, attempt: int) -> None:
        while True:
            event = await leg.events.get()
            self._news.put_nowait(_Consultation(attempt, event))
            if isinstance(event, Ended):
                return

    def _speaks(self) -> Talk:
        assert self._talk is not None
        return self._talk

    async def _say_no_more(self) -> None:
        if self._talk is not None:
            await self._talk.stop()

    async def _refer(self) -> None:
        assert self._leg is not None
        await self._say_no_more()
        self._emit(events.ReferSent, target=self._transfer.target)
        await self._sent(
            self._around.caller.refer_replacing(
                self._leg,
                contact=self._around.settings.refer_to == "contact",
                user_to_user=self._user_to_user,
            )
        )

    async def _refer_blind(self, target: str) -> None:
        self._emit(events.ReferSent, target=target)
        try:
            uri = self._around.agent.uri(target)
        except TelephonyError as error:
            self._news.put_nowait(TransferStatus(_UNAVAILABLE, str(error), final=True))
            return
        await self._sent(self._around.caller.refer(uri, user_to_user=self._user_to_user))

    async def _sent(self, refer: Awaitable[bool]) -> None:
        if not await refer:
            status = TransferStatus(_INTERNAL_ERROR, "REFER could not be sent", final=True)
            self._news.put_nowait(status)

    @property
    def _user_to_user(self) -> str:
        if not self._around.settings.refer_context:
            return ""
        return encode_user_to_user(self._context.handover_id)

    async def _bridge(self) -> None:
        assert self._leg is not None
        around = self._around
        await self._say_no_more()
        around.caller.audio.background(around.quiet)
        await around.caller.resume()
        await around.caller.join(self._leg)
        around.joined(self._leg)
        around.emit(events.CallerResumed())
        self._emit(events.HandoverBridged, target=self._transfer.target)

    def _conclude(self, over: commands.Over) -> None:
        match over.outcome:
            case Outcome.TRANSFERRED:
                self._emit(events.HandoverCompleted, target=over.target)
            case Outcome.BRIDGED:
                pass  # told when they were joined
            case Outcome.RETURNED:
                self._emit(events.HandoverReturned, target=over.target, note=self.note)
            case outcome:
                self._emit(events.HandoverFailed, reason=str(outcome))

    def _emit(self, kind: Callable[..., AnyEvent], **details: object) -> None:
        self._around.emit(kind(handover_id=self._context.handover_id, **details))
