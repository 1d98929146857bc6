"""`voiceagent transfer try` of phones that speak to the agent directly."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest

from tests.handoff.peer import Peer

pytestmark = pytest.mark.call


async def test_a_transfer_that_works_but_is_not_announced_is_told_with_the_setting(
    tmp_path: Path,
) -> None:
    port = random.randrange(20000, 28000, 2)
    settings = tmp_path / "voiceagent.toml"
    settings.write_text(
        f'dialplan = "none.yaml"\n[sip]\naddress = "127.0.0.1"\nport = {port}\n'
        f"rtp_port_min = {port + 2}\nrtp_port_count = 40\n"
    )
    async with Peer("caller", 800) as caller, Peer("person", 1300) as person:
        caller.replaces = False
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "voiceagent", "transfer", "try", person.uri),
            *("-c", str(settings)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = ""
        while line := (await process.stdout.readline()).decode():
            said += line
            if "call the agent now" in line:
                asyncio.create_task(  # noqa: RUF006
                    caller.call(f"sip:agent@127.0.0.1:{port}", ("127.0.0.1", port))
                )
        assert await process.wait() == 0, said
        assert "handover.assume_replaces = true" in said
        for call in caller.present:
            call.hang_up()
