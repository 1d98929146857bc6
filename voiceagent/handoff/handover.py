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

from voiceagent import events
from voiceagent.config import Handover as Settings
from voiceagent.events import AnyEvent, HandoverContext
from voiceagent.telephony import transfer
from voiceagent.telephony.call import Confirmed, Ended, Leg, LegEvent, Progress, TransferStatus
from voiceagent.telephony.headers import context_headers
from voiceagent.telephony.transfer import Command, Outcome, Transfer
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
    brief: Callable[[Leg], Awaitable[str]]
    """Speak the briefing to this leg; returns what was said."""
    music: bytes
    quiet: bytes
    """What a leg hears while nobody speaks, 16-bit at 8 kHz."""


@dataclass(frozen=True)
class _Consultation:
    """Something that the consultation leg of one attempt reported."""

    attempt: int
    event: LegEvent


@dataclass(frozen=True)
class _Briefed:
    attempt: int


class Handover:
    """One caller's way to a person. `run` it once; tell it of the caller's leg meanwhile."""

    def __init__(
        self, around: Surroundings, context: HandoverContext, targets: tuple[str, ...]
    ) -> None:
        self._around = around
        self._context = context
        settings = around.settings
        self._transfer = Transfer(targets, settings.ring_s, settings.refer_s, settings.briefing)
        self._news: asyncio.Queue[LegEvent | _Consultation | _Briefed] = asyncio.Queue()
        self._leg: Leg | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: transfer.Over | None = None

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
            for task in self._tasks:
                task.cancel()
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

    def _digest(self, news: LegEvent | _Consultation | _Briefed, now: float) -> list[Command]:
        machine = self._transfer
        match news:
            case Ended():
                return machine.caller_ended(now)
            case TransferStatus(code, _, final):
                self._emit(events.ReferAnswered, code=code, final=final)
                return machine.refer_answered(now, code, final=final)
            case _Briefed(attempt) if attempt == machine.attempt:
                return machine.briefed(now)
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

    async def _carry_out(self, commands: list[Command]) -> None:
        around = self._around
        for command in commands:
            match command:
                case transfer.Hold():
                    around.caller.audio.background(around.music)
                    await around.caller.hold()
                    around.emit(events.CallerHeld())
                case transfer.Resume():
                    around.caller.audio.background(around.quiet)
                    await around.caller.resume()
                    around.emit(events.CallerResumed())
                case transfer.Consult(attempt, target):
                    await self._consult(attempt, target)
                case transfer.Brief():
                    self._spawn(self._brief(self._transfer.attempt))
                case transfer.Refer():
                    await self._refer()
                case transfer.Bridge():
                    await self._bridge()
                case transfer.EndConsultation(_, reason):
                    if self._leg is not None:
                        await self._leg.hang_up(reason)
                case transfer.EndCaller():
                    await around.caller.hang_up("transferred")
                case transfer.Failed(target, code, reason):
                    self._emit(events.ConsultationFailed, target=target, code=code, reason=reason)
                case transfer.Over():
                    self._over = command

    async def _consult(self, attempt: int, target: str) -> None:
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
        self._spawn(self._follow(self._leg, attempt))

    async def _follow(self, leg: Leg, attempt: int) -> None:
        while True:
            event = await leg.events.get()
            self._news.put_nowait(_Consultation(attempt, event))
            if isinstance(event, Ended):
                return

    async def _brief(self, attempt: int) -> None:
        assert self._leg is not None
        try:
            text = await self._around.brief(self._leg)
            self._emit(events.BriefingSpoken, text=text)
        except Exception:
            # A person who hears no briefing still has the context on the screen.
            log.exception("briefing.failed")
        self._news.put_nowait(_Briefed(attempt))

    async def _refer(self) -> None:
        assert self._leg is not None
        self._emit(events.ReferSent, target=self._transfer.target)
        if not await self._around.caller.refer_replacing(self._leg):
            status = TransferStatus(_INTERNAL_ERROR, "REFER could not be sent", final=True)
            self._news.put_nowait(status)

    async def _bridge(self) -> None:
        assert self._leg is not None
        around = self._around
        around.caller.audio.background(around.quiet)
        await around.caller.resume()
        await around.caller.join(self._leg)
        around.emit(events.CallerResumed())
        self._emit(events.HandoverBridged, target=self._transfer.target)

    def _conclude(self, over: transfer.Over) -> None:
        match over.outcome:
            case Outcome.TRANSFERRED:
                self._emit(events.HandoverCompleted, target=over.target)
            case Outcome.BRIDGED:
                pass  # told when they were joined
            case outcome:
                self._emit(events.HandoverFailed, reason=str(outcome))

    def _emit(self, kind: Callable[..., AnyEvent], **details: object) -> None:
        self._around.emit(kind(handover_id=self._context.handover_id, **details))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
