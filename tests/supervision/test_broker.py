"""The embedded broker as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import aiomqtt
import pytest

from voiceagent import config
from voiceagent.supervision.address import Address, split_address
from voiceagent.supervision.broker import _Reader

Listen = Callable[..., Any]


MODULE = "voiceagent.supervision.broker"


async def start(address: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE, "--address", address),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_tells_the_port_it_really_has_and_ends_quietly_on_sigterm() -> None:
    process = await start("127.0.0.1:0")
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    _, writer = await asyncio.open_connection("127.0.0.1", ready["port"])
    writer.close()
    process.send_signal(signal.SIGTERM)
    rest, errors = await asyncio.wait_for(process.communicate(), 5.0)
    assert ready["url"] == f"mqtt://127.0.0.1:{ready['port']}"
    assert (process.returncode, rest, errors) == (-signal.SIGTERM, b"", b"")


async def test_it_ends_at_once_while_messages_are_on_their_way(listen: Listen) -> None:
    process = await start("127.0.0.1:0")
    assert process.stdout is not None
    address = Address.of(config.Mqtt(), json.loads(await process.stdout.readline())["url"])
    async with listen(address, "#") as subscriber:
        async with address.client("publisher") as publisher:
            for _ in range(3):
                await publisher.publish("a/b", b"x", qos=1)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 2.0)
        with pytest.raises(aiomqtt.MqttError):
            await subscriber.until(lambda _got: False)


async def test_it_outlives_the_ctrl_c_of_its_parent(listen: Listen) -> None:
    process = await start("127.0.0.1:0")
    assert process.stdout is not None
    address = Address.of(config.Mqtt(), json.loads(await process.stdout.readline())["url"])
    process.send_signal(signal.SIGINT)
    async with listen(address, "#") as subscriber, address.client("publisher") as publisher:
        await publisher.publish("a/b", b"last words", qos=1)
        await subscriber.until(lambda got: bool(got))
    process.terminate()
    await process.wait()
    assert subscriber.got[0].payload == b"last words"


async def test_it_ends_when_its_parent_is_killed() -> None:
    parent = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-m', 'voiceagent.supervision.broker',"
        " '--address', '127.0.0.1:0'])\n"
        "time.sleep(60)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = json.loads(await process.stdout.readline())["port"]
    process.kill()
    await process.wait()
    for _ in range(50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("the broker still listens")


async def test_a_taken_port_is_an_error_that_names_the_address() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        process = await start(address)
        out, errors = await asyncio.wait_for(process.communicate(), 20.0)
    assert (process.returncode, out) == (1, b"")
    assert address in errors.decode()
    assert b"Traceback" not in errors


async def test_a_new_connection_gets_nothing_it_did_not_subscribe_to(
    embedded: str, listen: Listen
) -> None:
    address = Address.of(config.Mqtt(), embedded)
    async with listen(address, "people/6001/#"), address.client("publisher") as publisher:
        await publisher.publish("people/6001/secret", b"words", qos=1, retain=True)
        async with listen(address, "people/6002/#") as other:
            assert await other.all() == []


async def test_an_empty_retained_message_removes_the_one_before(
    embedded: str, listen: Listen
) -> None:
    address = Address.of(config.Mqtt(), embedded)
    async with address.client("publisher") as publisher:
        await publisher.publish("a/b", b"one", qos=1, retain=True)
        async with listen(address, "a/#") as first:
            assert [m.payload for m in await first.all()] == [b"one"]
        await publisher.publish("a/b", b"", qos=1, retain=True)
        async with listen(address, "a/#") as second:
            assert await second.all() == []


@pytest.mark.parametrize("address", ["1883", "localhost:", ":1883", "h:x", "h:70000"])
def test_an_address_that_is_none_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(config.ConfigError, match=r"such as 127\.0\.0\.1:1883"):
        split_address(address)


def test_addresses_of_both_ip_versions_are_understood() -> None:
    assert split_address("127.0.0.1:0") == ("127.0.0.1", 0)
    assert split_address("[::1]:1883") == ("::1", 1883)


async def test_a_connection_that_timed_out_is_broken_and_not_a_pause() -> None:
    reader = asyncio.StreamReader()
    reader.set_exception(TimeoutError("[Errno 110] Connection timed out"))
    with pytest.raises(ConnectionResetError):
        await _Reader(reader).read(1)
