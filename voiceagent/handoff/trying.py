"""Trying a PBX: one handover with tones for speech, and what it tells of the PBX.

What a PBX can do shows only when it is done, so a caller is really held, a target called and
connected. A target that rings the agent itself shows what becomes of the headers as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from voiceagent import events, tasks
from voiceagent.audio.frames import SILENCE
from voiceagent.audio.tones import hold_tune, tone
from voiceagent.config import Config, Handover as Settings, Way
from voiceagent.events import AnyEvent, CallFacts, HandoverContext
from voiceagent.handoff.handover import Handover, Surroundings
from voiceagent.handoff.talk import Words
from voiceagent.telephony.call import Ended, Leg
from voiceagent.telephony.headers import (
    CONTEXT_PREFIX,
    USER_TO_USER,
    decode_user_to_user,
    new_handover_id,
)
from voiceagent.telephony.transfer_commands import Outcome
from voiceagent.telephony.useragent import TelephonyError, UserAgent

_REGISTER_S = 5.0
_TALK_S = 3.0
_BRIEFING_HZ = 500.0

_CALL_MENDS = {
    401: "the PBX asks for a password: set sip.user and sip.password",
    403: "the PBX does not let the agent call it: allow it in the context of the agent's calls",
    404: "the PBX does not know it: add it to the context of the agent's calls",
    407: "the PBX asks for a password: set sip.user and sip.password",
    408: "nobody answered, or nobody is there: answer the phone, or raise handover.ring_s",
    480: "its phone is not registered",
    486: "it is busy",
    488: "no codec in common: see sip.codecs",
    503: "the PBX could not be reached: see sip.dial_domain",
    603: "it was declined",
}
_NEVER = 408
_REFER_MENDS = {
    403: 'the PBX does not allow it: allow_transfer=yes, or try handover.refer_to = "contact"',
    404: "the PBX does not know the call that Replaces names: call people at the PBX the caller"
    " came from",
    405: "transfers are off: allow_transfer=yes in Asterisk, disable-transfer=false in FreeSWITCH",
    408: "it was accepted and never concluded: raise handover.refer_s, or"
    ' set handover.way = "bridged"',
    481: "the PBX does not find the call that Replaces names: call people at the PBX the caller"
    " came from",
    501: 'the PBX cannot do it: set handover.way = "bridged"',
    603: "transfers are off: allow_transfer=yes in Asterisk, disable-transfer=false in FreeSWITCH",
}
_UNANNOUNCED = "set handover.assume_replaces = true, or each caller is joined by the agent"
_BRIDGED = 'set handover.way = "bridged": each such call keeps two legs of the line'


@dataclass(frozen=True)
class Finding:
    """What was tried, whether it went well, and what is to be done or known about it."""

    what: str
    good: bool | None
    """None where it cannot be seen from here."""
    word: str = "ok"


@dataclass
class _Seen:
    """What the handover told of itself."""

    events: list[AnyEvent] = field(default_factory=list)
    context: dict[str, str] | None = None
    """Headers of the PBX's call to a target that rings the agent itself."""


class Trial:
    """Tries one target.

    Args:
        tell: called with a line of what happens, as it happens.
    """

    def __init__(self, config: Config, target: str, tell: Callable[[str], None]) -> None:
        self._config, self._target, self._tell = config, target, tell
        self._agent = UserAgent(config.sip, self._incoming)
        self._caller: asyncio.Future[Leg] = asyncio.get_running_loop().create_future()
        self._seen = _Seen()
        self._announced = True
        """Whether the caller's side says that it knows Replaces."""
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self, way: Way, caller: str, wait_s: float) -> list[Finding]:
        """Hand one caller over, and say what was found.

        Args:
            caller: who is called to be the caller; "" waits until somebody calls the agent.
            wait_s: how long to wait for the caller.

        Raises:
            TelephonyError: the SIP port cannot be opened, or nobody could be the caller.
        """
        await self._agent.start()
        try:
            if self._config.sip.registrar:
                await self._registered()
            leg = await self._reach(caller, wait_s)
            self._tell(f"the caller is here; {self._target} is called")
            outcome = await self._hand_over(leg, way)
            self._tell(f"outcome: {outcome}")
            return list(self._findings(outcome, way))
        finally:
            await self._agent.stop()

    # -- the course of it -----------------------------------------------------------------------

    async def _registered(self) -> None:
        try:
            async with asyncio.timeout(_REGISTER_S):
                await self._agent.registered.wait()
        except TimeoutError:
            said = self._agent.registration or "no answer"
            mend = "see sip.registrar, sip.user and sip.password"
            raise TelephonyError(f"the registrar does not take the agent: {said}: {mend}") from None

    async def _reach(self, caller: str, wait_s: float) -> Leg:
        if caller:
            self._tell(f"calling {caller}: answer that phone")
            leg = await self._agent.call(caller)
            self._caller.set_result(leg)
        else:
            self._tell(f"call the agent now (it waits {wait_s:.0f} s)")
        try:
            async with asyncio.timeout(wait_s):
                leg = await asyncio.shield(self._caller)
                await leg.confirmed.wait()
        except TimeoutError:
            raise TelephonyError(f"no caller within {wait_s:.0f} s: call the agent") from None
        return leg

    def _incoming(self, leg: Leg) -> None:
        if not self._caller.done():
            self._caller.set_result(leg)
        else:
            self._seen.context = leg.context
        tasks.start(leg.answer(), self._answering)

    async def _hand_over(self, caller: Leg, way: Way) -> Outcome:
        self._announced = caller.replaces
        changed: dict[str, object] = {"way": way, "ways": {}, "accept": "answer"}
        changed["assume_replaces"] = True  # to see whether it works
        settings = Settings.model_validate(self._config.handover.model_dump() | changed)
        around = Surroundings(
            agent=self._agent,
            caller=caller,
            settings=settings,
            emit=self._emit,
            words=lambda target: _BEEPS,
            joined=self._joined,
            music=hold_tune(),
            quiet=SILENCE,
        )
        context = HandoverContext(
            handover_id=new_handover_id(),
            call_id="trial",
            created_at=datetime.now(UTC),
            facts=CallFacts(),
            reason="A trial of the PBX.",
        )
        handover = Handover(around, context, (self._target,))
        following = asyncio.create_task(_follow(caller, handover))
        try:
            outcome = await handover.run()
        finally:
            following.cancel()
        await asyncio.sleep(_TALK_S if outcome is Outcome.TRANSFERRED else 0.0)
        if not caller.ended.is_set():
            await caller.hang_up()
        return outcome

    def _joined(self, person: Leg) -> None:
        """Caller and person talk through the agent: it has been seen, so that is enough."""

        async def part() -> None:
            await asyncio.sleep(_TALK_S)
            await person.hang_up()

        tasks.start(part(), self._answering)

    def _emit(self, event: AnyEvent) -> None:
        self._seen.events.append(event)
        match event:
            case events.ConsultationRinging(target=target):
                self._tell(f"{target} rings: answer that phone")
            case events.ConsultationAnswered(target=target):
                self._tell(f"{target} has answered")
            case events.ReferSent():
                self._tell("REFER is sent")

    # -- what it tells --------------------------------------------------------------------------

    def _findings(self, outcome: Outcome, way: Way) -> Iterator[Finding]:
        told = self._seen.events
        failed = next((e for e in told if isinstance(e, events.ConsultationFailed)), None)
        if failed is not None and not any(isinstance(e, events.ReferSent) for e in told):
            mend = _CALL_MENDS.get(failed.code, "see the PBX's own log")
            yield Finding(f"call {self._target}", False, f"{failed.code} {failed.reason}: {mend}")
            return
        yield Finding(f"call {self._target}", True)
        yield self._headers()
        if way != "bridged":
            yield self._refer(outcome)
        if any(isinstance(e, events.HandoverBridged) for e in told):
            advice = "ok" if way == "bridged" else f"ok: the agent can stay in the path: {_BRIDGED}"
            yield Finding("joined by the agent", True, advice)

    def _headers(self) -> Finding:
        what = f"{USER_TO_USER} and {CONTEXT_PREFIX}* arrive"
        if self._seen.context is None:
            word = "look at the person's phone, or try a target that rings the agent itself"
            return Finding(what, None, word)
        sent = next(e for e in self._seen.events if isinstance(e, events.ConsultationCalling))
        try:
            arrived = decode_user_to_user(self._seen.context.get(USER_TO_USER, ""))
        except ValueError:
            arrived = ""
        if arrived == sent.handover_id and len(self._seen.context) > 1:
            return Finding(what, True)
        lost = "none" if not self._seen.context else ", ".join(self._seen.context)
        return Finding(what, False, f"{lost} arrived: see the dialplan in deploy for your PBX")

    def _refer(self, outcome: Outcome) -> Finding:
        what = "transfer (REFER with Replaces)"
        if outcome is Outcome.TRANSFERRED and not self._announced:
            return Finding(what, True, f"ok, but not announced: {_UNANNOUNCED}")
        if outcome is Outcome.TRANSFERRED:
            return Finding(what, True)
        answers = (e for e in self._seen.events if isinstance(e, events.ReferAnswered))
        code = next((answer.code for answer in answers if answer.final), _NEVER)
        return Finding(what, False, f"{code}: {_REFER_MENDS.get(code, _BRIDGED)}")


async def _follow(caller: Leg, handover: Handover) -> None:
    while True:
        event = await caller.events.get()
        handover.caller_reported(event)
        if isinstance(event, Ended):
            return


async def _beep(person: Leg) -> str:
    playback = person.audio.play()
    playback.feed(tone(_BRIEFING_HZ, seconds=0.6))
    playback.close()
    await playback.finished.wait()
    return "a tone"


async def _takes_it(person: Leg) -> bool:
    return True


async def _introduce(person: Leg) -> None:
    await _beep(person)


_BEEPS = Words(brief=_beep, hear=_takes_it, introduce=_introduce, note=_beep)
