"""SIP MESSAGE: raw SIP on one side, the web server's real conversations on the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.pbx.rawsip import Message, Phone, sdp
from tests.supervision.conftest import embedded_broker
from tests.text.serving import KEY, WEB, served
from voiceagent import events as e
from voiceagent.config import Mqtt, Sip
from voiceagent.simulation.phone_process import ScriptedProcess
from voiceagent.supervision.address import Address
from voiceagent.supervision.topics import Topics

pytestmark = [pytest.mark.call, pytest.mark.models]


@pytest.fixture
async def embedded_url() -> AsyncIterator[str]:
    async with embedded_broker() as url:
        yield url


@pytest.fixture
async def agent(shared: Any, notes: Any, embedded_url: str) -> AsyncIterator[ScriptedProcess]:
    async with served(await shared(web=WEB), notes) as url:
        sip = Sip(address="127.0.0.1", port=0, rtp_port_min=31700, rtp_port_count=40)
        options = {
            "sip": sip.model_dump(mode="json"),
            "url": url,
            "key": KEY,
            "broker": embedded_url,
            "store": str(notes.store.path),
        }
        async with ScriptedProcess("agent", "tests.text.paged_agent", options) as process:
            yield process


class Writer(Phone):
    """A telephone that writes, and answers what it is written."""

    def read(self) -> str:
        """The next MESSAGE, answered with 200."""
        self._socket.settimeout(10)
        while True:
            data, source = self._socket.recvfrom(65536)
            message = Message(data.decode())
            if message.start.startswith("MESSAGE "):
                self.server, back = source, self.server
                self.answer(message, 200, "OK")
                self.server = back
                return message.body


def raw(phone: Phone, method: str, to: str, body: str, kind: str, **more: str) -> None:
    """A request with a body of any kind."""
    lines = {
        "Via": f"SIP/2.0/UDP {phone.host}:{phone.port};branch=z9hG4bK{more['branch']};rport",
        "From": f"<sip:{phone.user}@{phone.host}>;tag=mine",
        "To": more.get("dialog", f"<{to}>"),
        "Call-ID": more["call_id"],
        "CSeq": f"{more['cseq']} {method}",
        "Contact": f"<sip:{phone.user}@{phone.host}:{phone.port}>",
        "Max-Forwards": "70",
        "Content-Type": kind,
        "Content-Length": str(len(body.encode())),
    }
    head = "\r\n".join([f"{method} {to} SIP/2.0", *(f"{k}: {v}" for k, v in lines.items())])
    phone._call_id = more["call_id"]
    phone._socket.sendto(f"{head}\r\n\r\n{body}".encode(), phone.server)


async def test_what_is_written_to_the_agent_is_answered_in_writing(
    agent: ScriptedProcess, notes: Any
) -> None:
    port = agent.events[0]["port"]
    to = f"sip:agent@127.0.0.1:{port}"

    def write() -> list[str]:
        with Writer("4930123", ("127.0.0.1", port)) as phone:
            raw(
                phone,
                "MESSAGE",
                to,
                "Where is my order?",
                "text/plain",
                branch="1",
                call_id="a",
                cseq="1",
            )
            assert phone.expect(200, 202, timeout_s=5)
            greeting, question = phone.read(), phone.read()
            raw(phone, "MESSAGE", to, "471229", "text/plain", branch="2", call_id="b", cseq="1")
            return [greeting, question, phone.read()]

    replies = await asyncio.to_thread(write)
    assert replies[:2] == ["Acme, a machine.", "Number?"]
    assert replies[2].startswith("It is sent.")
    (arrived,) = notes.of(e.CallArrived)
    assert (arrived.facts.channel, arrived.facts.caller_number) == ("text", "4930123")


async def test_only_plain_text_is_read(agent: ScriptedProcess, notes: Any) -> None:
    port = agent.events[0]["port"]
    to = f"sip:agent@127.0.0.1:{port}"

    def write() -> str:
        with Writer("4930123", ("127.0.0.1", port)) as phone:
            raw(phone, "MESSAGE", to, "GIF89a", "image/gif", branch="1", call_id="a", cseq="1")
            raw(phone, "MESSAGE", to, "hello", "text/plain", branch="2", call_id="b", cseq="1")
            return phone.read()

    assert await asyncio.to_thread(write) == "Acme, a machine."
    assert [turn.utterance.text for turn in notes.of(e.TurnHeard)] == ["hello"]


async def test_what_is_written_during_a_call_is_heard_in_that_call(
    agent: ScriptedProcess, notes: Any
) -> None:
    port = agent.events[0]["port"]
    to = f"sip:agent@127.0.0.1:{port}"

    def call_and_write() -> None:
        with Phone("4930123", ("127.0.0.1", port)) as phone:
            more = {"call_id": "call"}
            raw(
                phone,
                "INVITE",
                to,
                sdp("127.0.0.1"),
                "application/sdp",
                branch="1",
                cseq="1",
                **more,
            )
            answered = phone.expect(200, timeout_s=10)
            dialog = answered.one("To")
            contact = answered.one("Contact").partition("<")[2].partition(">")[0]
            raw(
                phone, "ACK", contact, "", "text/plain", branch="2", cseq="1", dialog=dialog, **more
            )
            said = "anna@example.com"
            raw(
                phone,
                "MESSAGE",
                contact,
                said,
                "text/plain",
                branch="3",
                cseq="2",
                dialog=dialog,
                **more,
            )
            assert phone.expect(200, 202).method == "MESSAGE"

    await asyncio.to_thread(call_and_write)
    assert (await agent.expect("written"))["text"] == "anna@example.com"
    assert notes.of(e.CallArrived) == []


async def test_a_person_answers_where_the_customer_has_written(
    agent: ScriptedProcess, notes: Any, embedded_url: str
) -> None:
    port = agent.events[0]["port"]
    to = f"sip:agent@127.0.0.1:{port}"
    with Writer("4930123", ("127.0.0.1", port)) as phone:
        raw(phone, "MESSAGE", to, "hello", "text/plain", branch="1", call_id="a", cseq="1")
        await asyncio.to_thread(phone.read)
        await asyncio.to_thread(phone.read)
        (arrived,) = [r for r in notes.records if isinstance(r.event, e.CallArrived)]
        record = e.Record(
            line="l", call_id=arrived.call_id, event=e.PersonWrote(text="Ben here.", by="crm")
        )
        address = Address.of(Mqtt(), embedded_url)
        topic = Topics("t").event(record)
        reading = asyncio.create_task(asyncio.to_thread(phone.read))
        async with address.client("test") as client:
            while not reading.done():  # the agent may not have subscribed yet
                await client.publish(topic, record.model_dump_json().encode(), qos=1)
                await asyncio.wait({reading}, timeout=0.5)
        assert await reading == "Ben here."
