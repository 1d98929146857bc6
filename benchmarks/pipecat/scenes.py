"""The calls: what the caller does depends on when the agent is heard to speak and to fall silent.

Nothing is judged here; `measures` does it afterwards by the recordings of the caller's telephone.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from benchmarks.pipecat.agents import QUIET_S, Agent, Reply
from benchmarks.pipecat.material import Clip
from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.audio.wav import load_channels
from voiceagent.simulation.phone_process import PhoneFailed, ScriptedProcess

PATIENCE_S = 6.0
"""How long a reply is waited for after the caller's last sound. Smart Turn may wait for 3 s."""
_BEFORE_S = 0.3
"""Pause of the caller before each turn."""
_INTO_S = 1.5
"""How far into the agent's answer it is interrupted."""
_CALM_S = 2.5
"""What is heard for so long after a noise tells whether it stopped the agent."""
_LONG_S = 12.0
"""No noise is made later than this in the long answer, which goes on for longer."""
_LONGEST_REPLY_S = 30.0
_LONGEST_CALL_S = 120.0
_OPENING_S = 15.0
"""How long the long answer is waited for: it may be synthesised whole before it begins."""
_OPENING_TRIES = 3
_names = count(1)


@dataclass(frozen=True)
class Deed:
    """Something the caller said, or a noise; Unix seconds."""

    clip: Clip
    start_s: float
    end_s: float
    over_s: float = 0.0
    """When the caller had waited for the answer to it."""


@dataclass
class Take:
    """A call as it was played."""

    deeds: list[Deed] = field(default_factory=list)
    origin_s: float = 0.0
    """When the recording began, Unix seconds."""
    heard: Floats | None = None
    """What the caller heard, 8 kHz."""
    broken: str = ""
    """Why the call did not come to its end."""


class Caller:
    """The caller during a call."""

    def __init__(self, phone: ScriptedProcess) -> None:
        self._phone = phone

    async def say(self, clip: Clip) -> Deed:
        """Play the clip to its end."""
        seen = len(self._phone.events)
        await self._phone.do("play", file=str(clip.file))
        played = await self._phone.expect("played", after=seen, timeout_s=30)
        if played["since"] is None:
            raise PhoneFailed("the call ended before the caller could speak")
        return Deed(clip, played["since"], played["since"] + clip.ends_s)

    async def ask(self, clip: Clip) -> Deed:
        """Play the clip, and wait until the answer to it is over, or none has come."""
        await asyncio.sleep(_BEFORE_S)
        deed = await self.say(clip)
        limit = deed.end_s + PATIENCE_S
        while time.time() < limit + _LONGEST_REPLY_S:
            speaking, since = self.agent
            if speaking:
                limit = max(limit, time.time())
            elif since > deed.end_s + QUIET_S or time.time() > limit:
                # What it says after our end has ended as well, or nothing has come.
                break
            await asyncio.sleep(0.02)
        return replace(deed, over_s=time.time())

    async def speaks(self, timeout_s: float) -> bool:
        """Wait until the agent has spoken for a while; whether it does."""
        limit = time.time() + timeout_s
        while time.time() < limit:
            speaking, since = self.agent
            if speaking and time.time() - since >= _INTO_S:
                return True
            await asyncio.sleep(0.02)
        return False

    async def silent(self) -> None:
        """Wait until the agent says nothing."""
        if self.agent[0]:
            seen = len(self._phone.events)
            await self._phone.expect("voice", on=False, after=seen, timeout_s=_LONGEST_REPLY_S)

    @property
    def agent(self) -> tuple[bool, float]:
        """Whether the agent is heard to speak, and since when that is so."""
        changes = [event for event in self._phone.events if event["event"] == "voice"]
        return (changes[-1]["on"], changes[-1]["at"]) if changes else (False, 0.0)

    @property
    def over(self) -> bool:
        """Whether the agent has left."""
        return any(event["event"] in ("ended", "failed") for event in self._phone.events)


Part = Callable[[Caller, Take], Awaitable[None]]


async def call(agent: Agent, folder: Path, part: Part, reply: Reply = "short") -> Take:
    """Play one call, or what there can be of it.

    Raises:
        PhoneFailed: the call did not come about.
    """
    await agent.answer(reply)
    recording = folder / f"call-{next(_names)}.wav"
    take = Take()
    async with agent.phone(recording) as phone:
        caller = Caller(phone)
        await phone.do("call", to=agent.to)
        await phone.expect("confirmed", timeout_s=20)
        if agent.greets:
            await phone.expect("voice", on=False, timeout_s=30)
        try:
            async with asyncio.timeout(_LONGEST_CALL_S):
                await part(caller, take)
        except (PhoneFailed, TimeoutError) as error:
            take.broken = str(error) or f"not over after {_LONGEST_CALL_S:g} s"
        if not caller.over:
            await phone.do("hang_up")
            await phone.expect("ended", timeout_s=10)
    take.origin_s = float(json.loads(recording.with_suffix(".json").read_text())["started_at"])
    take.heard = load_channels(recording, SAMPLE_RATE)[1]
    return take


def questions(clips: Sequence[Clip]) -> Part:
    """One turn after the other."""

    async def part(caller: Caller, take: Take) -> None:
        for clip in clips:
            take.deeds.append(await caller.ask(clip))

    return part


def after(opening: Clip, following: Part) -> Part:
    """A turn that opens a subject, and then the part that matters."""

    async def part(caller: Caller, take: Take) -> None:
        await caller.ask(opening)
        await following(caller, take)

    return part


def interruptions(opening: Clip, clips: Sequence[Clip]) -> Part:
    """Each clip interrupts the long answer that is given to the one before."""

    async def part(caller: Caller, take: Take) -> None:
        for clip in clips:
            await _open(caller, opening)
            deed = await caller.say(clip)
            await asyncio.sleep(0.5)
            take.deeds.append(replace(deed, over_s=time.time()))

    return part


def noises(opening: Clip, clips: Sequence[Clip]) -> Part:
    """Noises while the agent gives its long answer; when they have stopped it, it is asked anew."""

    async def part(caller: Caller, take: Take) -> None:
        for clip in clips:
            await _open(caller, opening)
            if time.time() - caller.agent[1] > _LONG_S:
                await caller.silent()
                await _open(caller, opening)
            deed = await caller.say(clip)
            await asyncio.sleep(deed.start_s + _CALM_S - time.time())
            take.deeds.append(replace(deed, over_s=time.time()))

    return part


async def _open(caller: Caller, opening: Clip) -> None:
    """See that the agent is giving its long answer."""
    if await caller.speaks(2 * _INTO_S):
        return
    for _ in range(_OPENING_TRIES):
        await caller.silent()
        await asyncio.sleep(_BEFORE_S)
        await caller.say(opening)
        if await caller.speaks(_OPENING_S):
            return
    raise PhoneFailed("the agent does not give its long answer")
