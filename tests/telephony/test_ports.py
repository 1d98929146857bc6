"""Media ports that outlast their calls: two telephones, real SIP, the library's own clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from voiceagent.audio.wav import load_channels
from voiceagent.config import Sip
from voiceagent.simulation.phone_process import PhoneProcess, together

pytestmark = pytest.mark.call

CALLS = 12


def settings(user: str, first_port: int) -> Sip:
    return Sip(address="127.0.0.1", port=0, user=user, rtp_port_min=first_port, rtp_port_count=60)


async def test_calls_that_come_and_go_while_audio_flows_leave_both_phones_in_peace(
    tmp_path: Path,
) -> None:
    # Ports that the library still called into after their calls ended the process.
    caller = PhoneProcess("caller", settings("caller", 27000), record=tmp_path / "caller.wav")
    other = PhoneProcess("other", settings("other", 27100))
    async with together(caller, other):
        for _ in range(CALLS):
            seen = len(caller.events), len(other.events)
            await caller.do("call", to=other.uri)
            await caller.expect("confirmed", after=seen[0])
            await other.expect("confirmed", after=seen[1])
            await asyncio.sleep(0.1)
            await caller.do("hang_up")
            await other.expect("ended", after=seen[1])
            await caller.expect("ended", after=seen[0])
        seen = len(caller.events), len(other.events)
        await caller.do("call", to=other.uri)
        await other.expect("confirmed", after=seen[1])
        await other.do("tone", hz=700.0, seconds=0.6)
        await other.expect("played", after=seen[1])
        # They leave in the middle of it; `together` sees that they end by themselves.
    received = load_channels(tmp_path / "caller.wav")[1]
    assert abs(received).max() > 0.05
