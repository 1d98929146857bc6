"""People's presence, from phones and a PBX that the test plays over real UDP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.patience import until
from tests.telephony.test_dialoginfo import document
from voiceagent.config import Sip
from voiceagent.config.people import Person, Routing
from voiceagent.handoff.roster import Roster
from voiceagent.handoff.routing import State
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.watching import Watch, presence_by
from voiceagent.telephony.requests import Dialog, Message, NoAnswer, Requests
from voiceagent.telephony.useragent import TelephonyError

SIP = Sip(address="127.0.0.1", user="agent", password="secret")


class Peer(asyncio.DatagramProtocol):
    """A phone or PBX: `reply` says how a request is answered, None for not at all."""

    def __init__(self, reply: Callable[[Message], str | None]) -> None:
        self.reply = reply
        self.got: list[Message] = []
        self.sent_by: tuple[str, int] = ("", 0)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = Message.read(data)
        self.got.append(message)
        self.sent_by = addr
        if message.code or (status := self.reply(message)) is None:
            return
        kept = [(n, v) for n, v in message.lines if n in ("via", "from", "call-id", "cseq")]
        lines = [f"{name}: {value}" for name, value in kept]
        to = message.headers["to"] + ("" if "tag=" in message.headers["to"] else ";tag=peer")
        text = "\r\n".join([f"SIP/2.0 {status}", *lines, f"To: {to}", "Content-Length: 0", "", ""])
        self.transport.sendto(text.encode(), addr)

    def notify(self, body: str, state: str = "active", **changed: str) -> None:
        """Send a NOTIFY in the dialog of the last SUBSCRIBE."""
        asked = next(m for m in reversed(self.got) if m.start.startswith("SUBSCRIBE"))
        headers = {
            "Via": f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bKn{len(self.got)}",
            "From": asked.headers["to"].partition(";")[0] + ";tag=peer",
            "To": asked.headers["from"],
            "Call-ID": asked.headers["call-id"],
            "CSeq": "1 NOTIFY",
            "Event": "dialog",
            "Subscription-State": state,
        } | changed
        lines = [f"{name}: {value}" for name, value in headers.items()]
        text = "\r\n".join(["NOTIFY sip:agent@127.0.0.1 SIP/2.0", *lines, "", body])
        self.transport.sendto(text.encode(), self.sent_by)


@asynccontextmanager
async def peer(reply: Callable[[Message], str | None]) -> AsyncIterator[Peer]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Peer(reply), local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


def staff(*people: Person) -> Staff:
    settings = Routing(presence_every_s=2.0, presence_per_s=50)
    return Staff(Roster(people, (), {}, {"general": ("1",)}), settings)


def person(name: str, uri: str, presence: str) -> Person:
    return Person.model_validate({"name": name, "target": uri, "presence": presence})


async def becomes(team: Staff, target: str, presence: str, told: str = "") -> None:
    def so() -> bool:
        return team.state(target).presence == presence and told in team.state(target).told

    await until(so)


async def test_a_phone_is_what_it_answers_to_options() -> None:
    replies = {"anna": "200 OK", "ben": "486 Busy Here", "cleo": "480 Do Not Disturb"}

    def reply(request: Message) -> str | None:
        user = request.start.split("sip:")[1].split("@")[0]
        return replies.get(user)

    async with peer(reply) as phones:
        uris = {name: f"sip:{name}@127.0.0.1:{phones.port}" for name in (*replies, "silent")}
        team = staff(*(person(name, uri, "options") for name, uri in uris.items()))
        async with Watch(team, SIP, lambda target: target):
            await becomes(team, uris["anna"], "available", "200 OK")
            await becomes(team, uris["ben"], "busy", "486")
            await becomes(team, uris["cleo"], "unreachable", "480")
            assert team.state(uris["silent"]) == State()
            replies["anna"] = "603 Decline"
            await becomes(team, uris["anna"], "busy", "603")
            await becomes(team, uris["silent"], "unreachable", "no answer")
    assert phones.got[0].headers["from"].startswith("<sip:agent@127.0.0.1:")


async def test_phones_are_not_asked_faster_than_they_may_be() -> None:
    async with peer(lambda request: "200 OK") as phones:
        people = [person(f"p{n}", f"sip:p{n}@127.0.0.1:{phones.port}", "options") for n in range(9)]
        team = staff(*people)
        async with Watch(team, SIP, lambda target: target):
            await asyncio.sleep(1.0)
        # All of them once, then each again every two seconds: some four more in a second.
        assert 9 <= len(phones.got) <= 16


async def test_who_cannot_be_dialled_is_unknown() -> None:
    def uri(target: str) -> str:
        raise TelephonyError(f"extension {target}: set sip.dial_domain")

    team = staff(person("anna", "6001", "options"), person("ben", "6002", "dialog"))
    async with Watch(team, SIP, uri):
        await becomes(team, "6001", "unknown", "dial_domain")
        await becomes(team, "6002", "unknown", "dial_domain")


async def test_the_pbx_tells_of_calls_to_whom_has_subscribed() -> None:
    async with peer(lambda request: "202 Accepted") as pbx:
        uri = f"sip:6001@127.0.0.1:{pbx.port}"
        team = staff(person("anna", uri, "dialog"))
        async with Watch(team, SIP, lambda target: target):
            await until(lambda: bool(pbx.got))
            assert pbx.got[0].headers["event"] == "dialog"
            pbx.notify(document(("1", "terminated")))
            await becomes(team, uri, "available")
            pbx.notify(document(("1", "early")))
            await becomes(team, uri, "busy", "early")
            pbx.notify("no such thing")
            await becomes(team, uri, "unknown", "unreadable")
            pbx.notify(document(("1", "confirmed")), **{"Call-ID": "another"})
            pbx.notify(document(("1", "confirmed")), To="<sip:agent@x>;tag=forged")
            answers = [200, 200, 200, 481, 481]
            await until(lambda: [m.code for m in pbx.got if m.code] == answers)
            assert team.state(uri).presence == "unknown"
            pbx.notify(document(), state="terminated;reason=timeout")
            await becomes(team, uri, "unknown", "ended")


async def test_a_pbx_that_tells_nothing_leaves_people_unknown() -> None:
    async with peer(lambda request: "489 Bad Event") as pbx:
        uri = f"sip:6001@127.0.0.1:{pbx.port}"
        team = staff(person("anna", uri, "dialog"))
        async with Watch(team, SIP, lambda target: target):
            await becomes(team, uri, "unknown", "489 Bad Event")


async def test_a_challenge_is_answered_once() -> None:
    def reply(request: Message) -> str:
        if "authorization" in request.headers:
            return "200 OK"
        return '401 Unauthorized\r\nWWW-Authenticate: Digest realm="pbx", nonce="n"'

    async with peer(reply) as pbx, Requests(SIP) as requests:
        uri = f"sip:6001@127.0.0.1:{pbx.port}"
        answer = await requests.send("OPTIONS", Dialog(uri))
        assert answer.code == 200
        assert 'username="agent"' in pbx.got[1].headers["authorization"]
        assert [m.headers["cseq"] for m in pbx.got] == ["1 OPTIONS", "2 OPTIONS"]
    wrong = '401 Unauthorized\r\nWWW-Authenticate: Digest realm="pbx", nonce="n"'
    async with peer(lambda request: wrong) as pbx, Requests(SIP) as requests:
        answer = await requests.send("OPTIONS", Dialog(f"sip:1@127.0.0.1:{pbx.port}"))
        assert answer.code == 401
        assert len(pbx.got) == 2


async def test_a_request_that_is_lost_is_sent_again_and_one_that_is_not_answered_is_given_up() -> (
    None
):
    seen: list[str] = []

    def reply(request: Message) -> str | None:
        seen.append(request.headers["via"])
        return "200 OK" if len(seen) == 2 else None

    async with peer(reply) as pbx, Requests(SIP) as requests:
        uri = f"sip:6001@127.0.0.1:{pbx.port}"
        assert (await requests.send("OPTIONS", Dialog(uri))).code == 200
        assert len(set(seen)) == 1  # the same transaction
        with pytest.raises(NoAnswer, match="no answer"):
            await requests.send("OPTIONS", Dialog(uri), timeout_s=0.1)
        with pytest.raises(NoAnswer):
            await requests.send("OPTIONS", Dialog("sip:1@nowhere.invalid"), timeout_s=5)


@pytest.mark.parametrize(
    ("code", "presence"),
    [(200, "available"), (486, "busy"), (600, "busy"), (480, "unreachable"), (404, "unreachable")],
)
def test_an_answer_says_what_a_call_would_meet(code: int, presence: str) -> None:
    assert presence_by(code) == presence


@pytest.mark.parametrize("code", [401, 403, 405, 407, 501])
def test_an_answer_that_says_nothing_of_calls_leaves_it_unknown(code: int) -> None:
    assert presence_by(code) == "unknown"
