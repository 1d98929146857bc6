"""What `voiceagent check` says of a real registrar."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asterisk import Account, Asterisk
from scene import sip
from whole_agent import write_settings

from voiceagent.config import Sip
from voiceagent.simulation.phone_process import PhoneProcess

pytestmark = [pytest.mark.pbx, pytest.mark.call]


async def check(folder: Path, settings: Sip) -> dict[str, str]:
    """What was found, by what was looked at; "ok" or what is to be done."""
    command = ["-m", "voiceagent", "check", "-c", str(write_settings(folder, settings))]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return dict(_findings(output.decode(), failed=process.returncode == 1))


def _findings(output: str, failed: bool) -> Iterator[tuple[str, str]]:
    lines = output.splitlines()
    assert failed == any(line.startswith("✗") for line in lines)
    for line in lines:
        assert line[0] in "✓✗", f"not a finding: {line}"
        what, _, finding = line[2:].partition(": ")
        yield what, finding


async def test_a_wrong_password_is_named_with_its_mend(asterisk: Asterisk, tmp_path: Path) -> None:
    guessed = Account(asterisk.agent.user, "guessed")
    found = await check(tmp_path, sip(asterisk, guessed))
    answer = found[f"registrar sip:{asterisk.domain}"]
    assert answer.startswith("401 ")
    assert "sip.password" in answer


async def test_the_right_password_is_ok_and_the_registration_taken_back(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    found = await check(tmp_path, sip(asterisk, asterisk.agent))
    assert found[f"registrar sip:{asterisk.domain}"] == "ok"
    assert not asterisk.registered(asterisk.agent.user)


async def test_a_registrar_that_does_not_answer_is_told_from_one_that_refuses(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    settings = sip(asterisk, asterisk.agent).model_copy(
        update={"registrar": f"sip:{asterisk.trunk_host}:{asterisk.trunk_port}"}
    )
    found = await check(tmp_path, settings)
    answer = found[f"registrar {settings.registrar}"]
    assert answer.startswith("no answer")
    assert "sip.registrar" in answer


async def test_a_running_agent_keeps_its_registration(asterisk: Asterisk, tmp_path: Path) -> None:
    settings = sip(asterisk, asterisk.agent)
    async with PhoneProcess("agent", settings) as running:
        await running.expect("registered")
        port = running.events[0]["port"]
        found = await check(tmp_path, settings.model_copy(update={"port": port}))
        assert found[f"SIP port 127.0.0.1:{port}"].startswith("Address already in use")
        assert found[f"registrar sip:{asterisk.domain}"].startswith("not tried")
        assert asterisk.registered(asterisk.agent.user)
