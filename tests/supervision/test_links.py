"""Links that somebody asks for over the bus, with a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import pytest
from click.testing import CliRunner

from voiceagent import config, events as e
from voiceagent.cli.link import link
from voiceagent.supervision import links as module
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import Bus
from voiceagent.supervision.links import LinkError, ask_for_link, sending_links
from voiceagent.supervision.topics import Topics

Make = Callable[..., e.Record]
ROOT = config.Mqtt().topic_root
TOPICS = Topics(ROOT)
NO_SITE = "there is no web site that a link could lead to: set web.port and web.public_url"


def arrived(make: Make, call_id: str = "call-1") -> e.Record:
    return make(e.CallArrived(facts=e.CallFacts(caller_number="+4930123")), call_id=call_id)


def offered(by: str) -> e.LinkOffered:
    secret = "https://agent.example.com/case/call-1#token"
    return e.LinkOffered(number="+4930123", url=secret, expires_at=datetime.now(UTC), by=by)


async def asked(address: Address, call_id: str = "call-1") -> e.LinkOffered:
    """Ask until the line has subscribed."""
    while True:
        try:
            return await ask_for_link(address, TOPICS, call_id, "anna")
        except LinkError as error:
            if "does not answer" not in str(error):
                raise


@pytest.fixture
async def address(embedded: str) -> Address:
    return Address.of(config.Mqtt(), embedded)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 2.0)


async def test_a_link_that_is_asked_for_is_sent_by_the_calls_line(
    address: Address, make: Make
) -> None:
    async with Bus(address, ROOT, "line-1") as bus:
        sending: set[asyncio.Task[None]] = set()

        def send(call_id: str, by: str) -> str | None:
            if call_id != "call-1":
                return None
            sending.add(asyncio.create_task(bus.publish(make(offered(by)))))
            return ""

        async with sending_links(address, TOPICS, "line-1", send), asyncio.timeout(30.0):
            await bus.publish(arrived(make))
            event = await asked(address)
        await asyncio.gather(*sending)
    assert (event.number, event.by) == ("+4930123", "anna")


async def test_what_keeps_it_from_the_caller_is_said(address: Address, make: Make) -> None:
    async with (
        Bus(address, ROOT, "line-1") as bus,
        sending_links(address, TOPICS, "line-1", lambda call_id, by: NO_SITE),
        asyncio.timeout(30.0),
    ):
        await bus.publish(arrived(make))
        with pytest.raises(LinkError, match=f"call-1: {NO_SITE}"):
            await asked(address)


async def test_a_call_that_does_not_go_on_or_whose_line_is_silent_is_told_of(
    address: Address, make: Make
) -> None:
    with pytest.raises(LinkError, match="call-1: no such call goes on: `voiceagent calls`"):
        await ask_for_link(address, TOPICS, "call-1", "")
    async with (
        Bus(address, ROOT, "line-1") as bus,
        sending_links(address, TOPICS, "line-2", lambda call_id, by: None),
    ):
        await bus.publish(arrived(make))
        with pytest.raises(LinkError, match="its line does not answer"):
            await ask_for_link(address, TOPICS, "call-1", "")


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("anna", "the message is not a JSON object: write one with any of by"),
        ('{"who": "anna"}', "who: there is no such field: take it out; known: by"),
    ],
)
async def test_a_wrong_message_is_answered_with_the_mend(
    address: Address, listen: Any, payload: str, problem: str
) -> None:
    async with (
        listen(address, TOPICS.link_refused("call-1")) as answers,
        sending_links(address, TOPICS, "line-1", lambda call_id, by: ""),
        address.client("program") as client,
        asyncio.timeout(30.0),
    ):
        while not answers.got:
            await client.publish(TOPICS.link("call-1"), payload, qos=1)
            try:
                await answers.until(lambda got: bool(got), 1.0)
            except TimeoutError:
                continue
    assert json.loads(bytes(answers.got[0].payload))["problem"] == problem


async def test_the_command_says_where_the_link_goes_and_keeps_its_address_to_itself(
    address: Address, make: Make
) -> None:
    async def answering(client: aiomqtt.Client, bus: Bus) -> None:
        async for message in client.messages:
            by = json.loads(bytes(message.payload))["by"]
            await bus.publish(make(offered(by)))

    async with Bus(address, ROOT, "line-1") as bus, address.client("line") as client:
        await client.subscribe(TOPICS.link_requests(), qos=1)
        task = asyncio.create_task(answering(client, bus))
        await bus.publish(arrived(make))
        arguments = ["call-1", "--by", "anna", "--url", str(address)]
        said = await asyncio.to_thread(_run, arguments)
        in_json = await asyncio.to_thread(_run, [*arguments, "--json"])
        wrong = await asyncio.to_thread(_run, ["call-2", "--url", str(address)])
        task.cancel()
    assert said == (0, "call-1: a link goes to +4930123\n")
    assert json.loads(in_json[1])["by"] == "anna"
    assert "token" not in said[1] + in_json[1]
    assert wrong[0] == 1
    assert "call-2: no such call goes on" in wrong[1]


def _run(arguments: list[str]) -> tuple[int, str]:
    result = CliRunner().invoke(link, arguments)
    return result.exit_code, result.output
