"""Calls through Asterisk: who takes part in them, and what they hear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from asterisk import Account, Asterisk, free_udp_ports

from tests.handoff import transferor
from tests.handoff.peer import Call, Peer
from voiceagent.audio.wav import load_channels
from voiceagent.config import Sip
from voiceagent.simulation.phone_process import PhoneProcess, ScriptedProcess

Way = Literal["registered", "trunk"]
"""How the agent is connected to the PBX."""

CALLER_HZ, PERSON_HZ, TAKER_HZ = 800, 1300, 600
SECOND_CALLER_HZ, SECOND_PERSON_HZ = 1700, 2100
_EXTENSIONS = {"registered": "1000", "trunk": "1001"}
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
    """Two callers of one agent, two people it may call, and one who takes what is lost."""

    def __init__(self, asterisk: Asterisk, way: Way, agent: ScriptedProcess, *peers: Peer) -> None:
        self._at = (asterisk.sip_host, asterisk.sip_port)
        self.asterisk, self._uri = asterisk, f"sip:{_EXTENSIONS[way]}@{asterisk.domain}"
        self.agent = agent
        self.callers, self.people, self.taker = peers[:2], peers[2:4], peers[4]

    async def call(self, place: int) -> Call:
        call = await self.callers[place].call(self._uri, self._at)
        assert call.up.is_set(), call.code
        return call

    async def hand_over(self, *targets: str, briefing_s: float = 20, **settings: object) -> None:
        """Hand over the last caller."""
        await self.agent.do("hand over", targets=targets, handover=settings, briefing_s=briefing_s)

    async def outcome(self) -> str:
        return str((await self.agent.expect("outcome", timeout_s=30))["outcome"])

    async def agent_legs(self) -> int:
        await self.agent.do("count")
        return int((await self.agent.expect("legs"))["count"])

    async def legs_become(self, count: int) -> None:
        """Wait until Asterisk has so many call legs."""
        await becomes(lambda: self.asterisk.channels() == count, f"{count} legs in Asterisk")


@asynccontextmanager
async def scene(asterisk: Asterisk, way: Way = "trunk") -> AsyncIterator[Scene]:
    options = {
        "sip": agent_sip(asterisk, way).model_dump(mode="json"),
        "handover": {},
        "targets": [],
    }
    agent = ScriptedProcess("agent", transferor.__name__, options)
    accounts = asterisk.callers | asterisk.people
    voices = (CALLER_HZ, SECOND_CALLER_HZ, PERSON_HZ, SECOND_PERSON_HZ, TAKER_HZ)
    peers = [
        Peer(name, hertz, password=account.password)
        for (name, account), hertz in zip(accounts.items(), voices, strict=True)
    ]
    async with AsyncExitStack() as stack:
        for each in (agent, *peers):
            await stack.enter_async_context(each)
        for peer in peers:
            await peer.register((asterisk.sip_host, asterisk.sip_port))
        yield Scene(asterisk, way, agent, *peers)
        for peer in peers:
            for call in peer.present:
                call.hang_up()
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


async def becomes(true: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it was not so in time.
    """
    deadline = time.monotonic() + timeout_s
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(0.05)
