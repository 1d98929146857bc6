"""Real brokers on loopback, and one whole call."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import pytest

from tests.pbx.unpack import NotDebian, loader, unpack
from voiceagent import config, events as e
from voiceagent.children import Child
from voiceagent.supervision.address import Address

LINE = "line-1"
PBX = Path(__file__).resolve().parent.parent / "pbx"
CACHE = Path(os.environ.get("VOICEAGENT_PBX_CACHE", PBX / "cache")).resolve()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def embedded_broker(address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    arguments = ["--address", address]
    async with Child("broker", "voiceagent.supervision.broker", arguments) as child:
        yield child.ready["url"]


@pytest.fixture
def start_broker() -> Callable[..., contextlib.AbstractAsyncContextManager[str]]:
    """Starts the embedded broker in a process of its own on ``host:port``."""
    return embedded_broker


@pytest.fixture
def nobody() -> Address:
    """An address on loopback where no broker is."""
    return Address("127.0.0.1", free_port())


@pytest.fixture
async def embedded() -> AsyncIterator[str]:
    """URL of the embedded broker."""
    async with embedded_broker() as url:
        yield url


def _install_mosquitto() -> list[str]:
    """The command that runs mosquitto, which is unpacked once from Debian."""
    try:
        root = unpack(CACHE / "mosquitto", "bookworm", ("mosquitto",))
    except NotDebian as reason:
        if "VOICEAGENT_REQUIRE_PBX" in os.environ:
            pytest.fail(f"no mosquitto for the tests: {reason}", pytrace=False)
        pytest.skip(f"no mosquitto for the tests: {reason}")
    return [*loader(root), str(root / "usr/sbin/mosquitto")]


@contextlib.asynccontextmanager
async def _mosquitto(folder: Path) -> AsyncIterator[str]:
    program = await asyncio.to_thread(_install_mosquitto)
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = await asyncio.create_subprocess_exec(
        *program, "-c", str(settings), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture(params=["embedded", "mosquitto"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Address]:
    """Address of a running broker: what is tested with it holds for both."""
    running = embedded_broker() if request.param == "embedded" else _mosquitto(tmp_path)
    async with running as url:
        yield Address.of(config.Mqtt(), url)


class Listener:
    """What one subscriber received."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.got: list[aiomqtt.Message] = []

    async def until(self, enough: Callable[[list[aiomqtt.Message]], bool], s: float = 10.0) -> None:
        """Take messages until `enough` of them are there; fails after `s` seconds."""
        async with asyncio.timeout(s):
            while not enough(self.got):
                self.got.append(await anext(self._client.messages))

    async def all(self, quiet_s: float = 0.5) -> list[aiomqtt.Message]:
        """Everything, once nothing more has come for `quiet_s` seconds."""
        with contextlib.suppress(TimeoutError):
            while True:
                message = await asyncio.wait_for(anext(self._client.messages), quiet_s)
                self.got.append(message)
        return self.got


@contextlib.asynccontextmanager
async def listening(address: Address, *filters: str) -> AsyncIterator[Listener]:
    async with address.client("test") as client:
        for topic_filter in filters:
            await client.subscribe(topic_filter, qos=1)
        yield Listener(client)


@pytest.fixture
def listen() -> Callable[..., contextlib.AbstractAsyncContextManager[Listener]]:
    return listening


def record(event: e.Event, t_s: float | None = 0.0, call_id: str = "call-1") -> e.Record:
    return e.Record.model_validate({"line": LINE, "call_id": call_id, "t_s": t_s, "event": event})


def context(handover_id: str = "h1", call_id: str = "call-1") -> e.HandoverContext:
    return e.HandoverContext(
        handover_id=handover_id,
        call_id=call_id,
        created_at=datetime(2025, 1, 1, tzinfo=UTC),
        facts=e.CallFacts(caller_number="+4930123"),
        reason="the caller is angry",
        transcript=(e.TranscriptLine(who="caller", text="this is wrong", start_s=1, end_s=2),),
    )


@pytest.fixture
def make() -> Callable[..., e.Record]:
    """Makes a record of an event of ``call-1``."""
    return record


@pytest.fixture
def handed_over_call() -> list[e.Record]:
    """A call that goes to 6002 after 6001 was busy."""
    said = e.Utterance(text="this is wrong", start_s=3.0, end_s=4.0)
    busy, free, h1 = "sip:6001@pbx", "sip:6002@pbx", "h1"
    events: list[e.Event] = [
        e.CallArrived(facts=e.CallFacts(caller_number="+4930123", dialled="100")),
        e.CallAnswered(),
        e.AgentSpoke(turn=0, text="Hello", heard="Hello", start_s=1.0, end_s=2.0),
        e.TurnHeard(turn=1, utterance=said),
        e.Verdict(turn=1, action="handover", understood=0.8, anger=0.7, reasons=("angry",)),
        e.HandoverStarted(handover_id=h1, reason="angry", topic="billing", targets=(busy, free)),
        e.HandoverContextReady(handover_id=h1, context=context()),
        e.CallerHeld(),
        e.ConsultationCalling(handover_id=h1, target=busy, attempt=1),
        e.ConsultationFailed(handover_id=h1, target=busy, code=486, reason="Busy Here"),
        e.ConsultationCalling(handover_id=h1, target=free, attempt=2),
        e.ConsultationRinging(handover_id=h1, target=free),
        e.ConsultationAnswered(handover_id=h1, target=free),
        e.ReferSent(handover_id=h1, target=free),
        e.ReferAnswered(handover_id=h1, code=200, final=True),
        e.HandoverCompleted(handover_id=h1, target=free),
        e.CallEnded(by="transfer", reason="handed over", duration_s=9.0),
    ]
    return [record(event, t_s=float(n)) for n, event in enumerate(events)]
