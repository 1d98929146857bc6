"""Calls through Asterisk: who takes part in them, and what they hear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from asterisk import Account, Asterisk, free_udp_ports

from tests.handoff import transferor
from voiceagent.audio.wav import load_channels
from voiceagent.config import Sip
from voiceagent.simulation.phone_process import PhoneProcess, ScriptedProcess, together

Way = Literal["registered", "trunk"]
"""How the agent is connected to the PBX."""

CALLER_HZ, PERSON_HZ = 800.0, 1300.0
_RATE = 8000
_FRAME = _RATE // 10
_AUDIBLE = 10 ** (-45 / 10)
"""Power relative to full scale."""


def agent_sip(asterisk: Asterisk, way: Way) -> Sip:
    """Settings of an agent that is connected to Asterisk in this way."""
    if way == "registered":
        return sip(asterisk, asterisk.agent)
    return Sip(
        address=asterisk.trunk_host,
        port=asterisk.trunk_port,
        dial_domain=asterisk.domain,
        rtp_port_min=free_udp_ports(asterisk.trunk_host, 40),
        rtp_port_count=40,
    )


def sip(asterisk: Asterisk, account: Account) -> Sip:
    """Settings of a user agent that registers at Asterisk."""
    return Sip(
        address="127.0.0.1",
        port=0,
        registrar=f"sip:{asterisk.domain}",
        user=account.user,
        password=account.password,
        rtp_port_min=free_udp_ports("127.0.0.1", 40),
        rtp_port_count=40,
    )


class Heard:
    """What a phone received, from the recording it left."""

    def __init__(self, recording: Path) -> None:
        received = load_channels(recording)[1]
        self._frames = received[: received.size // _FRAME * _FRAME].reshape(-1, _FRAME)

    def seconds_of(self, hertz: float) -> float:
        """How long a tone was heard, with nothing else beside it."""
        spectrum = np.abs(np.fft.rfft(self._frames * np.hanning(_FRAME))) ** 2
        place = round(hertz * _FRAME / _RATE)
        alone = spectrum[:, place - 2 : place + 3].sum(axis=1) > 0.8 * spectrum.sum(axis=1)
        audible = np.mean(self._frames**2, axis=1) > _AUDIBLE
        return float((alone & audible).sum()) * _FRAME / _RATE


class Scene:
    """A caller who has reached the agent through Asterisk, and the people it may call."""

    def __init__(
        self,
        asterisk: Asterisk,
        folder: Path,
        caller: PhoneProcess,
        people: list[PhoneProcess],
        agent: ScriptedProcess,
    ) -> None:
        self.asterisk, self.caller, self.people, self.agent = asterisk, caller, people, agent
        self._folder = folder

    async def hand_over(self) -> None:
        await self.agent.do("hand over")

    async def outcome(self) -> str:
        return str((await self.agent.expect("outcome", timeout_s=30))["outcome"])

    async def agent_legs(self) -> int:
        """Legs the agent has; it leaves after this."""
        await self.agent.do("count")
        return int((await self.agent.expect("legs"))["count"])

    async def legs_become(self, count: int) -> None:
        """Wait until Asterisk has so many call legs."""
        await becomes(lambda: self.asterisk.channels() == count, f"{count} legs in Asterisk")

    def heard(self, phone: PhoneProcess) -> Heard:
        """What a phone heard, once the scene is over."""
        return Heard(self._folder / f"{phone.name}.wav")


@asynccontextmanager
async def scene(
    asterisk: Asterisk, folder: Path, way: Way, *answers: str, **handover: Any
) -> AsyncIterator[Scene]:
    """A scene with people at 6001, 6002, … who treat a call as `answers` says."""
    caller = PhoneProcess(
        "caller", sip(asterisk, asterisk.callers["caller"]), record=folder / "caller.wav"
    )
    people = [
        PhoneProcess(name, sip(asterisk, account), answer=answer, record=folder / f"{name}.wav")
        for answer, (name, account) in zip(answers, asterisk.people.items(), strict=False)
    ]
    options = {
        "sip": agent_sip(asterisk, way).model_dump(mode="json"),
        "handover": {"ring_s": 3, "refer_s": 8, **handover},
        "targets": [person.name for person in people],
    }
    agent = ScriptedProcess("agent", transferor.__name__, options)
    async with together(caller, *people, agent):
        await asyncio.gather(*(phone.expect("registered") for phone in people))
        extension = "1000" if way == "registered" else "1001"
        await caller.do("call", to=f"sip:{extension}@{asterisk.domain}")
        await caller.expect("confirmed")
        yield Scene(asterisk, folder, caller, people, agent)
    await becomes(lambda: asterisk.channels() == 0, "no call left in Asterisk")


async def talk(caller: PhoneProcess, person: PhoneProcess) -> None:
    """Have both make their tones at once; what they heard is in their recordings."""
    seen = len(caller.events), len(person.events)
    await caller.do("tone", hz=CALLER_HZ, seconds=1.5)
    await person.do("tone", hz=PERSON_HZ, seconds=1.5)
    await asyncio.gather(
        caller.expect("played", after=seen[0]), person.expect("played", after=seen[1])
    )
    await asyncio.sleep(0.5)  # still on its way


async def becomes(true: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it was not so in time.
    """
    deadline = time.monotonic() + timeout_s
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(0.05)
