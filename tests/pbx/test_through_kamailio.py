"""Asterisk, Kamailio in front, two lines behind it: the configurations that users get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from asterisk import Asterisk, free_udp_ports
from kamailio import Kamailio
from rawsip import Phone

from tests.handoff import transferor
from tests.handoff.matrix import becomes
from tests.handoff.peer import Call, Peer
from voiceagent.config import Sip
from voiceagent.simulation.phone_process import ScriptedProcess

pytestmark = [pytest.mark.pbx, pytest.mark.call]

CALLER_HZ, PERSON_HZ, TAKER_HZ = 800, 1300, 600
_GONE_S = 15.0


class Scene:
    """A caller at Asterisk, a person, and one who takes what is lost; lines behind the edge."""

    def __init__(
        self, pbx: Asterisk, edge: Kamailio, lines: list[ScriptedProcess], *peers: Peer
    ) -> None:
        self._pbx, self.edge, self.lines = pbx, edge, lines
        self.caller, self.second, self.person, self.taker = peers

    async def call(self, caller: Peer) -> tuple[Call, ScriptedProcess]:
        """A caller's call, and the line that has answered it."""
        at = (self._pbx.sip_host, self._pbx.sip_port)
        seen = [len(line.events) for line in self.lines]
        call = await caller.call(f"sip:1001@{self._pbx.domain}", at)
        assert call.up.is_set(), call.code

        def answered() -> list[ScriptedProcess]:
            fresh = zip(self.lines, seen, strict=True)
            return [
                line
                for line, after in fresh
                if any(event["event"] == "answered" for event in line.events[after:])
            ]

        await becomes(lambda: bool(answered()), "a line has answered")
        return call, answered()[0]


@asynccontextmanager
async def scene(pbx: Asterisk, root: Path, folder: Path) -> AsyncIterator[Scene]:
    accounts = {**pbx.callers, "6001": pbx.people["6001"], "6003": pbx.people["6003"]}
    peers = [
        Peer(name, hertz, password=account.password)
        for (name, account), hertz in zip(
            accounts.items(), (CALLER_HZ, 1700, PERSON_HZ, TAKER_HZ), strict=True
        )
    ]
    async with AsyncExitStack() as stack:
        lines = []
        for name in ("line1", "line2"):
            sip = Sip(
                address=pbx.trunk_host,
                port=0,
                dial_domain=pbx.domain,
                rtp_port_min=free_udp_ports(pbx.trunk_host, 40),
                rtp_port_count=40,
            )
            options = {"sip": sip.model_dump(mode="json"), "handover": {}, "targets": ["6001"]}
            line = ScriptedProcess(name, transferor.__name__, options)
            lines.append(await stack.enter_async_context(line))
        ports = [line.events[0]["port"] for line in lines]
        edge = await stack.enter_async_context(Kamailio(root, pbx, ports, folder))
        for peer in peers:
            await stack.enter_async_context(peer)
            await peer.register((pbx.sip_host, pbx.sip_port))
        yield Scene(pbx, edge, lines, *peers)
        for peer in peers:
            for call in peer.present:
                call.hang_up()


async def test_the_edge_is_restarted_at_each_stage_of_a_handover_and_nobody_notices(
    asterisk: Asterisk, equipment: Path, tmp_path: Path
) -> None:
    async with scene(asterisk, equipment, tmp_path) as s:
        with Phone("probe", s.edge.address) as probe:
            probe.request("OPTIONS", f"sip:{s.edge.address[0]}:{s.edge.address[1]}")
            assert probe.expect(200, 403).code == 200
        s.person.answering = lambda call: call.answer(180)
        call, line = await s.call(s.caller)
        await s.edge.restart()  # while the caller talks to the agent
        await line.do("hand over", handover={"ring_s": 30}, briefing_s=1)
        await s.person.rang.wait()
        await s.edge.restart()  # while a phone rings
        s.person.calls[0].answer(200)
        await s.person.calls[0].line.hears(transferor.BRIEFING_HZ)
        await s.edge.kill()  # during the briefing, and as the REFER goes
        await line.expect("refer.sent")
        await s.edge.restart(1.0)
        outcome = await line.expect("outcome", timeout_s=20)
        assert outcome["outcome"] == "transferred"
        await line.expect("left")
        await call.line.hears(PERSON_HZ)
        await s.person.calls[-1].line.hears(CALLER_HZ)
        await s.edge.kill()  # after it
        await call.line.hears(PERSON_HZ)


async def test_when_a_line_dies_its_caller_gets_to_people_and_the_next_caller_to_another_line(
    asterisk: Asterisk, equipment: Path, tmp_path: Path
) -> None:
    async with scene(asterisk, equipment, tmp_path) as s:
        call, line = await s.call(s.caller)
        line.kill()
        _, other = await s.call(s.second)
        assert other is not line
        await call.line.hears(TAKER_HZ, _GONE_S)
