"""Plays a scenario: a caller in a process of its own does what is written, step by step.

What is done depends on when the agent is heard to speak and to fall silent. Nothing is judged
here: `judging` does it afterwards, by the recording of the caller's telephone.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from voiceagent.config import Sip
from voiceagent.simulation.phone_process import Event, PhoneFailed, PhoneProcess
from voiceagent.simulation.rehearsal import Props
from voiceagent.simulation.scenario import Listen, Scenario, Step

PAUSE_S = 0.45
"""Silence that parts one stretch of the agent's speech from the next: between two sentences it
pauses for less."""
_LEAVE_S = 10.0
_LONGEST_S = 120.0
"""Longest that the agent may speak at a time."""
_LATE_S = 10.0
"""How much later than expected something is still waited for, to tell how late it was."""
_KEY_S = 0.2
"""One key with the pause after it."""


@dataclass
class Deed:
    """A step that was played; seconds from the start of the recording."""

    start_s: float
    """When the caller's own sound began, or the step."""
    end_s: float
    """When the caller's own sound ended, or the step."""


@dataclass
class Performance:
    """A call as it was played; times are seconds from the start of the recording."""

    scenario: Scenario
    recording: Path
    """Two channels: left the caller, right what the caller heard."""
    dialled_s: float = 0.0
    answered_s: float | None = None
    refusal: str = ""
    """Why the call was not answered."""
    deeds: dict[int, Deed] = field(default_factory=dict)
    """By step; those that were played to their end."""
    broken_off: tuple[int, str] | None = None
    """The step at which the call could not go on, and why."""
    connected_s: float | None = None
    """When the caller was connected to somebody else."""
    ended_s: float | None = None
    """When the other side ended the call."""


class _CannotGoOn(Exception):
    pass


async def play(scenario: Scenario, props: Props, to: str, sip: Sip, recording: Path) -> Performance:
    """Play one caller.

    Args:
        to: SIP URI of the agent.
        sip: settings of the caller's telephone.
        recording: WAV file to write.

    Raises:
        PhoneFailed: the caller's telephone did not start or could not register.
    """
    performance = Performance(scenario, recording)
    phone = PhoneProcess("caller", sip, quiet_s=PAUSE_S, record=recording)
    async with phone:
        if sip.registrar:
            await phone.expect("registered")
        await _Caller(phone, performance, props).run(to)
    noted = json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))
    _count_from(performance, float(noted["started_at"]))
    return performance


class _Caller:
    """The caller during the call; all times are Unix seconds."""

    def __init__(self, phone: PhoneProcess, performance: Performance, props: Props) -> None:
        self._phone = phone
        self._performance = performance
        self._props = props
        self._since = 0
        """What the phone told from this index on comes after the caller's last turn."""
        self._own_end = False

    async def run(self, to: str) -> None:
        performance = self._performance
        if self._props.background is not None:
            await self._phone.do("background", file=str(self._props.background))
        performance.dialled_s = time.time()
        await self._phone.do("call", to=to)
        if not await self._answered():
            return
        for number, step in enumerate(performance.scenario.steps):
            begun = time.time()
            try:
                deed = await self._do(number, step)
            except (_CannotGoOn, PhoneFailed) as error:
                performance.broken_off = number, str(error)
                break
            performance.deeds[number] = deed or Deed(begun, time.time())
        await self._leave()

    async def _answered(self) -> bool:
        performance = self._performance
        limit_s = performance.scenario.answered_within_s + _LATE_S
        try:
            at = await self._first("an answer", ("confirmed", "ended", "failed"), limit_s)
        except PhoneFailed:
            performance.refusal = f"no answer within {limit_s:g} s"
            return False
        event = self._phone.events[at]
        if event["event"] != "confirmed":
            performance.refusal = event.get("why") or f"{event['code']} {event['reason']}"
            return False
        performance.answered_s = event["at"]
        return True

    async def _do(self, number: int, step: Step) -> Deed | None:
        match step.action:
            case "listen":
                assert step.listen is not None
                await self._listen(step.listen)
            case "silence":
                await asyncio.sleep(step.silence or 0)
            case "hold":
                await self._phone.do("hold")
                await asyncio.sleep(step.hold or 0)
                await self._phone.do("resume")
                self._since = len(self._phone.events)
            case "hang_up":
                await self._hang_up()
            case "transferred":
                assert step.transferred is not None
                await self._transferred(step.transferred.within_s)
            case "ended":
                assert step.ended is not None
                await self._ended(step.ended.within_s)
            case _:
                return await self._sound(number, step)
        return None

    # -- steps ----------------------------------------------------------------------------------

    async def _sound(self, number: int, step: Step) -> Deed:
        if step.after_s is not None:
            at = await self._first("voice", ("voice",), _LONGEST_S, on=True)
            spoken_s = time.time() - self._phone.events[at]["at"]
            await asyncio.sleep(max(0.0, step.after_s - spoken_s))
        self._see_that_it_goes_on()
        before = len(self._phone.events)
        if step.is_turn:
            self._since = before
        if step.digits is not None:
            now = time.time()
            await self._phone.do("digits", digits=step.digits)
            await asyncio.sleep(_KEY_S * len(step.digits))
            return Deed(now, time.time())
        clip = self._props.clips[number]
        await self._phone.do("play", file=str(clip.path))
        played = await self._phone.expect("played", after=before, timeout_s=_LONGEST_S)
        if played["since"] is None:
            raise _CannotGoOn("the call ended before the caller could speak")
        return Deed(played["since"] + clip.starts_s, played["since"] + clip.ends_s)

    async def _listen(self, listen: Listen) -> None:
        at = await self._first("word of the agent", ("voice",), listen.timeout_s, on=True)
        deadline = time.time() + _LONGEST_S
        while True:
            at = await self._first(
                "end of speech", ("voice", "ended"), _LONGEST_S, after=at + 1, on=False
            )
            over = self._phone.events[at]["event"] == "ended"
            if over or await self._stays_quiet(at, listen.quiet_s - PAUSE_S):
                break
            if time.time() > deadline:
                raise _CannotGoOn(f"the agent speaks for more than {_LONGEST_S:g} s")
        self._since = len(self._phone.events)

    async def _stays_quiet(self, since: int, seconds: float) -> bool:
        until = self._phone.events[since]["at"] + seconds

        def goes_on(event: Event) -> bool:
            return bool(event["event"] == "voice" and event["on"] and event["at"] < until)

        try:
            left_s = max(0.0, until - time.time())
            await self._phone.seen(goes_on, "voice", timeout_s=left_s, after=since)
        except PhoneFailed:
            return True
        return False

    async def _transferred(self, within_s: float) -> None:
        def connected(event: Event) -> bool:
            return bool(event["event"] == "confirmed" and event["leg"] != 0)

        limit_s = within_s + _LATE_S
        at = await self._phone.seen(connected, "transfer", timeout_s=limit_s)
        self._performance.connected_s = self._phone.events[at]["at"]

    async def _ended(self, within_s: float) -> None:
        await self._first("end of the call", ("ended",), within_s + _LATE_S, after=0)

    async def _hang_up(self) -> None:
        self._note_end()
        self._own_end = True
        await self._phone.do("hang_up")
        await self._phone.expect("ended", leg=self._leg, timeout_s=_LEAVE_S)

    async def _leave(self) -> None:
        """End what is left of the call."""
        self._note_end()
        if self._performance.ended_s is None and not self._own_end:
            await self._phone.do("hang_up")
            await self._phone.expect("ended", leg=self._leg, timeout_s=_LEAVE_S)

    # -- what the phone has told ----------------------------------------------------------------

    @property
    def _leg(self) -> int:
        """The newest leg: a transfer opens another one."""
        return max((e["leg"] for e in self._phone.events if e["event"] == "confirmed"), default=0)

    def _note_end(self) -> None:
        leg = self._leg
        ends = (e for e in self._phone.events if e["event"] == "ended" and e["leg"] == leg)
        if not self._own_end and (end := next(ends, None)) is not None:
            self._performance.ended_s = end["at"]

    def _see_that_it_goes_on(self) -> None:
        self._note_end()
        if self._performance.ended_s is not None:
            raise _CannotGoOn("the call had ended")

    async def _first(
        self,
        what: str,
        kinds: tuple[str, ...],
        timeout_s: float,
        *,
        after: int | None = None,
        **details: object,
    ) -> int:
        """Wait for an event of one of these kinds since the caller's last turn, or for the end
        of the call, which is an error unless it is waited for."""

        def wanted(event: Event) -> bool:
            if event["event"] == "ended":
                return bool(event["leg"] == self._leg)
            return bool(event["event"] in kinds and details.items() <= event.items())

        start = self._since if after is None else after
        at = await self._phone.seen(wanted, what, timeout_s=timeout_s, after=start)
        if self._phone.events[at]["event"] == "ended" and "ended" not in kinds:
            raise _CannotGoOn(f"the call ended, and no {what} had come")
        return at


def _count_from(performance: Performance, origin: float) -> None:
    """Turn Unix seconds into seconds of the recording."""
    performance.dialled_s -= origin
    for name in ("answered_s", "connected_s", "ended_s"):
        if (at := getattr(performance, name)) is not None:
            setattr(performance, name, at - origin)
    for deed in performance.deeds.values():
        deed.start_s -= origin
        deed.end_s -= origin
