"""Handovers in a row through a real Asterisk: is one lost, does memory grow, how long do they take?

One agent without speech and two phones, a caller's and a person's, that are SIP peers of this
process. The person answers at once, and there is no briefing: the time from the decision until
both hear each other is that of hold, consultation, REFER and the PBX, without anybody's ringing.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import click

from benchmarks.results import record
from tests.handoff.peer import Peer
from voiceagent.simulation.phone_process import ScriptedProcess

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "pbx"))

from asterisk import Asterisk, free_udp_ports, install

CALLER_HZ, PERSON_HZ = 800, 1300
_HEARD_S = 10.0
_RTP_PORTS = 4000
"""Asterisk keeps the ports of a call for half a minute after its end."""


async def measure(pbx: Asterisk, count: int) -> dict[str, object]:
    """Hand over so many calls, one after the other."""
    times: list[float] = []
    lost: list[str] = []
    memory: list[float] = []
    registrar = (pbx.sip_host, pbx.sip_port)
    caller = Peer("caller", CALLER_HZ, password=pbx.callers["caller"].password)
    person = Peer("6001", PERSON_HZ, password=pbx.people["6001"].password)
    options = {
        "sip": {
            "address": pbx.trunk_host,
            "port": pbx.trunk_port,
            "dial_domain": pbx.domain,
            "rtp_port_min": free_udp_ports(pbx.trunk_host, 100),
            "rtp_port_count": 100,
        },
        "handover": {"briefing": False},
        "targets": ["6001"],
    }
    async with AsyncExitStack() as stack:
        agent = ScriptedProcess("agent", "tests.handoff.transferor", options)
        for each in (caller, person, agent):
            await stack.enter_async_context(each)
        for phone in (caller, person):
            await phone.register(registrar)
        for number in range(count):
            try:
                times.append(await _hand_over(pbx, caller, person, agent))
            except (AssertionError, TimeoutError, IndexError) as error:
                told = [(e["event"], e.get("code"), e.get("reason")) for e in agent.events[1:]]
                lost.append(f"{number}: {error!r} after {told}")
                print(lost[-1], [call.line.counts() for call in caller.calls + person.calls])
            for phone in (caller, person):
                for call in phone.present:
                    call.hang_up()
                phone.calls.clear()
                phone.rang.clear()
            agent.events[1:] = []
            memory.append(agent.resident_mb)
            if number % 50 == 49:
                await asyncio.gather(*(phone.register(registrar) for phone in (caller, person)))
                print(f"{number + 1} handovers, {len(lost)} lost, {memory[-1]:.1f} MB", flush=True)
        await agent.do("count")
        left = (await agent.expect("legs"))["count"]
    ordered = sorted(times)
    fifth = max(1, count // 5)
    return {
        "handovers": count,
        "lost": lost,
        "legs left": left,
        "decision to two people talking, median ms": round(statistics.median(ordered) * 1000),
        "95 of 100 within ms": round(ordered[int(0.95 * (len(ordered) - 1))] * 1000),
        "agent's memory after the first fifth, MB": round(memory[fifth - 1], 1),
        "agent's memory at the end, MB": round(memory[-1], 1),
    }


async def _hand_over(pbx: Asterisk, caller: Peer, person: Peer, agent: ScriptedProcess) -> float:
    """Seconds from the decision until both hear each other."""
    call = await caller.call(f"sip:1001@{pbx.domain}", (pbx.sip_host, pbx.sip_port))
    assert call.up.is_set(), f"the agent did not answer: {call.code}"
    began = time.monotonic()
    await agent.do("hand over")
    async with asyncio.timeout(_HEARD_S):
        await person.rang.wait()
        other = person.calls[-1]
        heard = await asyncio.gather(
            call.line.hears(PERSON_HZ, _HEARD_S, frames=2),
            other.line.hears(CALLER_HZ, _HEARD_S, frames=2),
        )
    assert (await agent.expect("outcome"))["outcome"] == "transferred"
    return max(heard) - began


@click.command()
@click.option("--count", default=500, show_default=True, help="How many handovers.")
@click.option("--dry", is_flag=True, help="Do not write results.json.")
def main(count: int, dry: bool) -> None:
    """Hand over many calls in a row against Asterisk."""
    with (
        tempfile.TemporaryDirectory() as log,
        Asterisk(install(), Path(log), rtp_ports=_RTP_PORTS) as pbx,
    ):
        found = asyncio.run(measure(pbx, count))
    for name, figure in found.items():
        print(f"{name}: {figure}")
    if not dry:
        record("handovers", found)


if __name__ == "__main__":
    main()
