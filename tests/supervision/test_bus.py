"""The bus against real brokers: the embedded one, and mosquitto where it is installed."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voiceagent import config, events as e
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import Bus, BusError, follow, subscribed
from voiceagent.supervision.states import LineState
from voiceagent.supervision.topics import Topics

Make = Callable[..., e.Record]
Listen = Callable[..., Any]
Start = Callable[..., contextlib.AbstractAsyncContextManager[str]]
ROOT = "test/v1"


async def test_a_whole_call_arrives_in_order_and_leaves_nothing_retained(
    broker: Address, handed_over_call: list[e.Record], listen: Listen
) -> None:
    async with listen(broker, f"{ROOT}/#") as everything, Bus(broker, ROOT, "line-1") as bus:
        for record in handed_over_call:
            await bus.publish(record)
        messages = await everything.all()
    events = [m for m in messages if m.topic.matches(bus.topics.events())]
    assert [e.RECORD.validate_json(m.payload) for m in events] == handed_over_call
    assert {m.qos for m in events} == {1}
    async with listen(broker, f"{ROOT}/#") as late:
        assert await late.all() == []


async def test_a_person_gets_what_is_for_them_and_nothing_else(
    broker: Address, handed_over_call: list[e.Record], listen: Listen
) -> None:
    mine = Topics(ROOT).offers("sip:6001@pbx")
    async with Bus(broker, ROOT, "line-1") as bus, listen(broker, mine) as first:
        for record in handed_over_call[:10]:  # 6001 was called and is busy
            await bus.publish(record)
        messages = await first.all()
    assert {m.topic.value for m in messages} == {bus.topics.offer("sip:6001@pbx", "h1")}
    assert b"this is wrong" in messages[0].payload
    assert messages[-1].payload == b""


async def test_who_comes_late_finds_the_live_calls(
    broker: Address, handed_over_call: list[e.Record], listen: Listen
) -> None:
    async with Bus(broker, ROOT, "line-1") as bus:
        for record in handed_over_call[:4]:
            await bus.publish(record)
        async with listen(broker, bus.topics.call_states()) as late:
            await late.until(lambda got: len(got) == 1)
    assert late.got[0].retain


async def test_a_broken_connection_tells_that_the_line_is_lost(
    broker: Address, make: Make, listen: Listen
) -> None:
    async with listen(broker, f"{ROOT}/lines/+/state") as states:
        cut = await _cuttable(broker)
        async with Bus(cut.address, ROOT, "line-1") as bus:
            started = e.LineStarted(line="line-1", max_callers=3)
            await bus.publish(make(started, call_id="", t_s=None))
            await states.until(lambda got: bool(got))
            await cut.close()
            await states.until(lambda got: b"lost" in got[-1].payload)
    seen = [LineState.model_validate_json(m.payload).state for m in states.got]
    assert seen[0] == "up"
    assert seen[-1] == "lost"


async def test_a_restarted_broker_is_told_again_what_it_forgot(
    handed_over_call: list[e.Record], listen: Listen, start_broker: Start, nobody: Address
) -> None:
    place = f"{nobody.host}:{nobody.port}"
    async with Bus(nobody, ROOT, "line-1") as bus:
        async with start_broker(place):
            for record in handed_over_call[:7]:
                await bus.publish(record)
        async with start_broker(place), listen(nobody, f"{ROOT}/#") as late:
            await late.until(lambda got: len(got) == 2)
    topics = {m.topic.value for m in late.got}
    assert topics == {bus.topics.call_state("call-1"), bus.topics.offer("sip:6001@pbx", "h1")}


async def test_publishing_waits_for_a_broker_that_is_not_there_yet(
    make: Make, listen: Listen, start_broker: Start, nobody: Address
) -> None:
    record = make(e.CallAnswered())
    async with Bus(nobody, ROOT, "line-1") as bus:
        publishing = asyncio.create_task(bus.publish(record))
        await asyncio.sleep(0.5)
        assert not publishing.done()
        assert not bus.connected
        async with (
            start_broker(f"{nobody.host}:{nobody.port}"),
            listen(nobody, f"{ROOT}/#") as late,
        ):
            await late.until(lambda got: len(got) == 1)
            await asyncio.wait_for(publishing, 5.0)
    assert e.RECORD.validate_json(late.got[0].payload) == record


async def test_subscribing_without_a_broker_names_its_address() -> None:
    address = Address.of(config.Mqtt(), "mqtt://someone:secret@127.0.0.1:9")
    with pytest.raises(BusError, match=r"127\.0\.0\.1:9") as caught:
        async with subscribed(address, ["#"]):
            pass
    assert "secret" not in str(caught.value)


async def test_following_goes_on_after_the_broker_was_away(
    make: Make, start_broker: Start, nobody: Address
) -> None:
    lost: list[str] = []
    got: asyncio.Queue[str] = asyncio.Queue()
    place = f"{nobody.host}:{nobody.port}"

    async def read() -> None:
        async for message in follow(nobody, [f"{ROOT}/+/+/events/#"], lost.append):
            got.put_nowait(e.RECORD.validate_json(message.payload).id)

    one, two = make(e.CallAnswered()), make(e.CallerHeld())
    async with Bus(nobody, ROOT, "line-1") as bus:
        async with start_broker(place):
            reading = asyncio.create_task(read())
            await asyncio.sleep(0.5)  # the reader has subscribed by then
            await bus.publish(one)
            assert await asyncio.wait_for(got.get(), 5.0) == one.id
        async with start_broker(place):
            await asyncio.sleep(2.0)  # the reader is back by then
            await bus.publish(two)
            assert await asyncio.wait_for(got.get(), 5.0) == two.id
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    assert lost


# -- a connection that can be cut, and one with TLS ---------------------------------------------


class _Proxy:
    """Passes TCP on to the broker; `close` cuts every connection without a word."""

    def __init__(self, address: Address) -> None:
        self._behind = address
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def address(self) -> Address:
        return Address.of(config.Mqtt(), f"mqtt://127.0.0.1:{self.port}")

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(
            self._behind.host, self._behind.port
        )
        self._writers += [writer, inner_writer]
        with contextlib.suppress(OSError):
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()


async def _cuttable(address: Address) -> _Proxy:
    proxy = _Proxy(address)
    await proxy.open()
    return proxy


@pytest.fixture
async def certificate(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return key, cert


async def test_mqtts_is_encrypted_and_trusts_the_named_ca_alone(
    embedded: str, certificate: tuple[Path, Path], make: Make
) -> None:
    key, cert = certificate
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(cert, key)
    proxy = _Proxy(Address.of(config.Mqtt(), embedded))
    await proxy.open(server_side)
    url = f"mqtts://127.0.0.1:{proxy.port}"
    try:
        async with Bus(Address.of(config.Mqtt(ca_file=cert), url), ROOT, "line-1") as bus:
            await asyncio.wait_for(bus.publish(make(e.CallAnswered())), 5.0)
        with pytest.raises(BusError, match="certificate"):
            async with subscribed(Address.of(config.Mqtt(), url), ["#"]):
                pass
    finally:
        await proxy.close()


# -- addresses ----------------------------------------------------------------------------------


def test_user_and_password_come_from_the_url_and_are_never_shown() -> None:
    address = Address.of(config.Mqtt(url="mqtt://an%40na:p%2Fw@broker.example:1884"))
    assert (address.user, address.password) == ("an@na", "p/w")
    assert (address.host, address.port, str(address)) == (
        *("broker.example", 1884),
        "mqtt://broker.example:1884",
    )
    assert "p/w" not in repr(address)


def test_without_a_url_it_is_the_embedded_broker() -> None:
    assert str(Address.of(config.Mqtt(embedded_address="[::1]:1885"))) == "mqtt://[::1]:1885"


def test_the_standard_ports_are_taken() -> None:
    assert Address.of(config.Mqtt(url="mqtt://h")).port == 1883
    assert Address.of(config.Mqtt(url="mqtts://h")).port == 8883


@pytest.mark.parametrize("url", ["http://broker", "broker:1883", "mqtt://", "mqtt://h:99999"])
def test_a_wrong_url_is_refused_with_its_mend(url: str) -> None:
    with pytest.raises(config.ConfigError, match=r"mqtt\.url: .*write mqtt://"):
        Address.of(config.Mqtt(url=url))


def test_an_unreadable_ca_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"mqtt\.ca_file: .*none\.pem"):
        Address.of(config.Mqtt(url="mqtts://h", ca_file=tmp_path / "none.pem"))
