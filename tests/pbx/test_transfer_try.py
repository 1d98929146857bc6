"""`voiceagent transfer try`, against a real Asterisk: what an operator is told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from asterisk import Asterisk, free_udp_ports

from tests.handoff.peer import Peer

pytestmark = [pytest.mark.pbx, pytest.mark.call]


@asynccontextmanager
async def phones(asterisk: Asterisk) -> AsyncIterator[tuple[Peer, Peer]]:
    """A caller's and a person's phone, both registered."""
    caller = Peer("caller", 800, password=asterisk.callers["caller"].password)
    person = Peer("6001", 1300, password=asterisk.people["6001"].password)
    async with caller, person:
        for phone in (caller, person):
            await phone.register((asterisk.sip_host, asterisk.sip_port))
        yield caller, person


async def tried(asterisk: Asterisk, folder: Path, target: str, *options: str) -> tuple[int, str]:
    """Exit code and output of a trial of `target`, with a caller who calls when asked to."""
    settings = folder / "voiceagent.toml"
    settings.write_text(
        'dialplan = "none.yaml"\n[sip]\n'
        f'address = "{asterisk.trunk_host}"\nport = {asterisk.trunk_port}\n'
        f'dial_domain = "{asterisk.domain}"\n'
        f"rtp_port_min = {free_udp_ports(asterisk.trunk_host, 40)}\nrtp_port_count = 40\n"
        "[handover]\nring_s = 3\nrefer_s = 4\n"
    )
    command = [sys.executable, "-m", "voiceagent", "transfer", "try", target, "-c", str(settings)]
    process = await asyncio.create_subprocess_exec(
        *command, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    said = ""
    async with phones(asterisk) as (caller, _):
        while line := (await process.stdout.readline()).decode():
            said += line
            if "call the agent now" in line:
                at = (asterisk.sip_host, asterisk.sip_port)
                asyncio.get_running_loop().create_task(
                    caller.call(f"sip:1001@{asterisk.domain}", at)
                )
        for call in caller.present:
            call.hang_up()
    return await process.wait(), said


async def test_a_pbx_that_transfers_passes_and_the_headers_are_left_to_look_at(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    code, said = await tried(asterisk, tmp_path, "6001")
    assert code == 0, said
    assert "✓ call 6001: ok" in said
    assert "✓ transfer (REFER with Replaces): ok" in said
    assert "? User-to-User and X-VoiceAgent-* arrive: look at the person's phone" in said


async def test_the_bridged_way_is_tried_alone(asterisk: Asterisk, tmp_path: Path) -> None:
    code, said = await tried(asterisk, tmp_path, "6001", "--way", "bridged")
    assert code == 0, said
    assert "✓ joined by the agent: ok" in said
    assert "REFER" not in said


async def test_a_target_the_pbx_does_not_reach_is_told_with_the_mend(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    code, said = await tried(asterisk, tmp_path, "6002")
    assert code == 1, said
    assert "✗ call 6002: 480" in said
    assert "its phone is not registered" in said


async def test_a_target_that_rings_the_agent_itself_shows_that_the_headers_arrive(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    code, said = await tried(asterisk, tmp_path, "6999")
    assert code == 0, said
    assert "✓ User-to-User and X-VoiceAgent-* arrive: ok" in said
    assert "✓ transfer (REFER with Replaces): ok" in said
