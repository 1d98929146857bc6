"""The two agents, each ready to be called: ours as users run it, and pipecat's."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from voiceagent import config
from voiceagent.events import Record, TurnHeard
from voiceagent.simulation.phone_process import PhoneProcess, ScriptedProcess
from voiceagent.simulation.stage import (
    HOST,
    Audience,
    free_port,
    phone_settings,
    running_agent,
    write_settings,
)
from voiceagent.speech.models import locate

_HERE = Path(__file__).parent
_ENVIRONMENT = _HERE.parents[1] / ".bench" / "pipecat"
_PYTHON = _ENVIRONMENT / "bin" / "python"
_LOCK = _HERE / "requirements.lock"
_STREAM = "MZ1"
_LOAD_S = 180.0
_WARM_S = 15.0
QUIET_S = 0.6
"""Silence after which an agent counts as having finished, or as having been stopped."""
SHORT = "Sure. What else?"
Reply = Literal["short", "long"]


@dataclass
class Agent:
    """An agent that can be called."""

    name: str
    to: str
    phone: Callable[[Path], ScriptedProcess]
    """A telephone for one call, which is recorded in a file."""
    greets: bool
    answer: Callable[[Reply], Awaitable[None]]
    """Told before a call what to answer in it."""
    meet: Callable[[str], Awaitable[None]]
    """Told before a call whose digits it must not have been taught."""
    turns: list[tuple[float, str]] = field(default_factory=list)
    """What was heard in each turn, and when the turn had ended, Unix seconds."""


def versions() -> dict[str, str]:
    """What is pinned of pipecat and of what works in it."""
    names = "pipecat-ai|faster-whisper|ctranslate2|piper-tts|onnxruntime"
    found = re.findall(rf"^({names})==(\S+)", _LOCK.read_text(encoding="utf-8"), re.M)
    return dict(found)


def long_answer() -> str:
    """The long answer of our dialplan, for both to be interrupted in."""
    text = (_HERE / "dialplan.yaml").read_text(encoding="utf-8")
    found = re.search(r"answer: >\n((?: {6}.*\n)+)", text)
    assert found is not None
    return " ".join(found[1].split())


def install() -> None:
    """Make pipecat's environment, once for each change of what is pinned.

    Raises:
        subprocess.CalledProcessError: the packages cannot be had; pip has said why.
    """
    done = _ENVIRONMENT / "installed.lock"
    if done.is_file() and done.read_bytes() == _LOCK.read_bytes():
        return
    print(f"Installing pipecat into {_ENVIRONMENT.relative_to(_HERE.parents[1])}: 850 MB.")
    make = (sys.executable, "-m", "venv", "--clear", "--without-pip", str(_ENVIRONMENT))
    subprocess.run(make, check=True)
    pip = (sys.executable, "-m", "pip", "--python", str(_PYTHON), "install", "-q")
    options = ("--disable-pip-version-check", "--require-hashes", "-r", str(_LOCK))
    subprocess.run((*pip, *options), check=True)
    done.write_bytes(_LOCK.read_bytes())


class _Bot(ScriptedProcess):
    """Pipecat's process, run by the Python of its environment."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("pipecat", "", options)
        self._command = (str(_PYTHON), str(_HERE / "bot.py"), self._command[-1])


@contextlib.asynccontextmanager
async def pipecat(turns: Literal["smart", "silence"]) -> AsyncIterator[Agent]:
    """Pipecat's agent, loaded and warmed.

    Raises:
        PhoneFailed: it did not start.
    """
    port = free_port(socket.SOCK_STREAM)
    options = {
        "port": port,
        "whisper": str(locate("whisper-base")),
        "voice": str(locate("joe-us")),
        "reply": SHORT,
        "stream": _STREAM,
        "turns": turns,
    }
    async with _Bot(options) as bot:
        await bot.expect("listening", timeout_s=_LOAD_S)

        async def answer(reply: Reply) -> None:
            seen = len(bot.events)
            await bot.do("reply", reply=SHORT if reply == "short" else long_answer())
            await bot.expect("replies", after=seen)

        def phone(recording: Path) -> ScriptedProcess:
            options = {"stream": _STREAM, "record": str(recording), "quiet_s": QUIET_S}
            return ScriptedProcess("caller", "benchmarks.pipecat.phone", options)

        agent = Agent(f"pipecat, {turns}", f"ws://{HOST}:{port}", phone, False, answer, _anybody)
        noting = asyncio.create_task(_note_turns(bot, agent))
        try:
            yield agent
        finally:
            noting.cancel()


async def _anybody(speaker: str) -> None:
    """Nobody's digits were taught."""


async def _note_turns(bot: ScriptedProcess, agent: Agent) -> None:
    seen = 0
    while True:
        for event in bot.events[seen:]:
            if event["event"] == "turn":
                agent.turns.append((event["at"], event["text"]))
        seen = len(bot.events)
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def ours(folder: Path, run_dir: Path, readers: Path | None) -> AsyncIterator[Agent]:
    """Our agent with the dialplan of this comparison.

    Args:
        folder: where its settings, its log and its store go.
        run_dir: for sockets, whose paths must be short.
        readers: from `strangers.readers`; None where there are no recordings of digits.

    Raises:
        PhoneFailed: it did not start.
    """
    settings, path = write_settings(folder, run_dir, _HERE / "dialplan.yaml")
    async with contextlib.AsyncExitStack() as stack:
        meet = _anybody
        if readers is not None:
            hearing = run_dir / "hearing"
            hearing.mkdir()
            alone = folder / "hearing.toml"
            text = path.read_text(encoding="utf-8")
            own = text.replace(str(run_dir), str(hearing))
            # The small model has no table without a speaker; one caller never needs it.
            alone.write_text(f'{own}\n[speech]\nsmall_model = ""\n', encoding="utf-8")
            options = {"settings": str(alone), "readers": str(readers)}
            service = await stack.enter_async_context(
                ScriptedProcess("recogniser", "benchmarks.pipecat.strangers", options)
            )
            at = (await service.expect("listening", timeout_s=_LOAD_S))["address"]
            path.write_text(f'{text}\n[speech]\nrecognizer = "{at}"\n', encoding="utf-8")
            settings = config.load(path)

            async def meet(speaker: str) -> None:
                await service.do("forget", speaker=speaker)
                await service.expect("stranger", speaker=speaker)

        agent = Agent(
            "voiceagent",
            f"sip:1000@{HOST}:{settings.sip.port}",
            lambda recording: PhoneProcess(
                "caller", phone_settings(folder, "caller"), quiet_s=QUIET_S, record=recording
            ),
            True,
            _as_the_dialplan_says,
            meet,
        )

        async def keep(record: Record) -> None:
            if isinstance(record.event, TurnHeard):
                agent.turns.append((_unix(record.at), record.event.utterance.text))

        await stack.enter_async_context(running_agent(settings, path, Audience(keep)))
        await asyncio.sleep(_WARM_S)  # the fixed sentences are made in this time
        yield agent


async def _as_the_dialplan_says(reply: Reply) -> None:
    """What it answers depends on what is asked."""


def _unix(at: datetime) -> float:
    return at.timestamp()
