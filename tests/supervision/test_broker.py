"""The embedded broker as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from voiceagent import config
from voiceagent.supervision.address import Address
from voiceagent.supervision.embedded import BrokerError, EmbeddedBroker, split_address

Listen = Callable[..., Any]


async def test_it_tells_the_port_it_really_has() -> None:
    async with EmbeddedBroker("127.0.0.1:0") as broker:
        port = Address.of(config.Mqtt(), broker.url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    assert port != 0


async def test_it_ends_on_sigterm_with_exit_code_zero() -> None:
    async with EmbeddedBroker("127.0.0.1:0") as broker:
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGTERM)
        assert await asyncio.wait_for(broker.wait(), 5.0) == 0


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
        with pytest.raises(BrokerError, match=address):
            async with EmbeddedBroker(address):
                pass


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
