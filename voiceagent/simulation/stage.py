"""A stage on loopback: the agent as users run it, and settings for it and its telephones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from voiceagent import config, tasks
from voiceagent.config import Config, Sip
from voiceagent.events import RECORD, Record
from voiceagent.simulation.phone_process import PhoneFailed
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import payload_of
from voiceagent.supervision.bus import follow
from voiceagent.supervision.states import LineState, Offer
from voiceagent.supervision.topics import Topics

HOST = "127.0.0.1"
_START_S = 90.0


@dataclass(frozen=True)
class Audience:
    """Who is told what the agent publishes."""

    on_record: Callable[[Record], Awaitable[None]]
    on_offer: Callable[[Offer, float], None] = lambda offer, at: None
    """Called with a handover as the person at extension 6001 gets it, and the Unix time."""
    on_lost: Callable[[str], None] = lambda why: None


@contextlib.asynccontextmanager
async def running_agent(
    settings: Config, settings_file: Path, audience: Audience
) -> AsyncIterator[None]:
    """`voiceagent run` as a process, from the moment it answers until it has ended.

    Its messages go into ``agent.log`` beside the settings.

    Raises:
        PhoneFailed: it did not start.
    """
    log_file = settings_file.with_name("agent.log")
    with log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "voiceagent", "run", "-c", str(settings_file)),
            stdout=log,
            stderr=log,
        )
    ready = asyncio.Event()
    watching = asyncio.create_task(_watch(settings, audience, ready))
    ended = asyncio.create_task(process.wait())
    waiting = asyncio.create_task(ready.wait())
    try:
        done, _ = await asyncio.wait(
            {ended, waiting, watching}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED
        )
        if waiting not in done:
            raise PhoneFailed(f"the agent did not start: see {log_file}")
        yield
        await asyncio.sleep(0.3)  # the last events are still on their way
    finally:
        waiting.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await ended
        await tasks.end(watching)


async def _watch(settings: Config, audience: Audience, ready: asyncio.Event) -> None:
    topics = Topics(settings.mqtt.topic_root)
    target = settings.handover.targets["general"][0]
    filters = [topics.line_states(), topics.events(), topics.offers(target)]
    address = Address.of(settings.mqtt)
    await _reachable(address)
    async for message in follow(address, filters, audience.on_lost):
        payload = payload_of(message)
        if not payload:
            continue
        if message.topic.matches(topics.line_states()):
            if LineState.model_validate_json(payload).state == "up":
                ready.set()
        elif message.topic.matches(topics.offers(target)):
            audience.on_offer(Offer.model_validate_json(payload), time.time())
        else:
            await audience.on_record(RECORD.validate_json(payload))


async def _reachable(address: Address) -> None:
    """Wait until the embedded broker listens."""
    async with asyncio.timeout(_START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(address.host, address.port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


def write_settings(folder: Path, run_dir: Path, dialplan: Path) -> tuple[Config, Path]:
    """Settings of an unregistered trunk on loopback whose person is at a free port.

    Args:
        folder: where the file, the store and the recordings go.
        run_dir: for sockets, whose paths must be short.
    """
    path = folder / "agent.toml"
    person = f"sip:6001@{HOST}:{free_port(socket.SOCK_DGRAM)}"
    path.write_text(
        f"""\
# The settings of this run's agent: an unregistered trunk on loopback.
dialplan = {json.dumps(str(dialplan))}
run_dir = {json.dumps(str(run_dir))}

[sip]
address = "{HOST}"
port = {free_port(socket.SOCK_DGRAM)}
rtp_port_min = 20000
trace = "sip-agent.log"

[handover.targets]
general = ["{person}"]
billing = ["{person}"]

[mqtt]
embedded_address = "{HOST}:{free_port(socket.SOCK_STREAM)}"

[records]
path = "voiceagent.db"
recordings = "recordings"
""",
        encoding="utf-8",
    )
    return config.load(path), path


def phone_settings(folder: Path, party: str, user: str = "", port: int = 0) -> Sip:
    """Settings of a telephone whose SIP messages go into ``sip-<party>.log``."""
    first = {"caller": 21000, "person": 22000}[party]
    return Sip(
        address=HOST,
        port=port,
        user=user or party,
        rtp_port_min=first,
        trace=folder / f"sip-{party}.log",
    )


def free_port(kind: socket.SocketKind) -> int:
    """A port of loopback that is free now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
