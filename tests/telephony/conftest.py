"""The fixture `echo`: a user agent in a process of its own that gives callers back their voice."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.patience import until
from tests.telephony.wire import HOST, Dialog, Stream, Wire
from voiceagent.config import Sip
from voiceagent.simulation.phone_process import Event, ScriptedProcess

_SILENCE_S = 3.0
_BYSTANDER = "bystander"


class Echo(ScriptedProcess):
    """`echoing` as a process; `mark` what comes to look at what follows only."""

    def __init__(self, **settings: object) -> None:
        ports = {"rtp_port_min": random.randrange(20_000, 60_000, 2), "rtp_port_count": 400}
        sip = Sip.model_validate({"address": HOST, "port": 0, **ports, **settings})
        super().__init__("echo", "tests.telephony.echoing", {"sip": sip.model_dump(mode="json")})
        self._since = 0

    @property
    def address(self) -> tuple[str, int]:
        return HOST, int(self.events[0]["port"])

    def mark(self) -> None:
        self._since = len(self.events)

    def told(self, event: str) -> list[Event]:
        """What has come of this kind since the mark."""
        return [item for item in self.events[self._since :] if item["event"] == event]

    async def tells(self, event: str, **details: object) -> Event:
        return await self.expect(event, after=self._since, **details)

    async def legs(self) -> int:
        self.mark()
        await self.do("count")
        return int((await self.tells("legs"))["count"])

    async def has_legs(self, count: int) -> None:
        """Wait until it has as many calls: a leg goes a moment after the answer to its BYE."""
        until = time.monotonic() + 10
        while (legs := await self.legs()) != count:
            assert time.monotonic() < until, f"{legs} legs, not {count}"
            await asyncio.sleep(0.01)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bystander() -> AsyncIterator[tuple[Echo, Stream]]:
    """An agent for all tests, and a call to it that goes on all the time."""
    async with Echo(password="secret") as agent:
        with Wire() as wire, Stream() as stream:
            call = Dialog(wire, agent.address, user=_BYSTANDER)
            await call.call(stream)
            yield agent, stream
            assert (await call.bye()).code == 200


@pytest_asyncio.fixture(loop_scope="session")
async def echo(bystander: tuple[Echo, Stream]) -> AsyncIterator[Echo]:
    """The agent. Whatever a test does to it, the other call goes on and no leg is left."""
    agent, stream = bystander
    stream.packets.clear()  # between tests nobody listens
    await until(lambda: bool(stream.packets))
    agent.mark()
    yield agent
    try:
        await agent.has_legs(1)
    except AssertionError:  # of this test: the next ones are not to fail by it
        await agent.do("hang up all but", name=_BYSTANDER)
        raise
    gaps = [b.at - a.at for a, b in zip(stream.packets, stream.packets[1:], strict=False)]
    assert max(gaps, default=0) < _SILENCE_S, f"the other call heard nothing for {max(gaps):.1f} s"
    assert time.monotonic() - stream.packets[-1].at < _SILENCE_S
    assert not [e for e in agent.events if e.get("line") in ("callback.failed", "gate.failed")]
