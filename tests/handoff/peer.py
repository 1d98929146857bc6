"""A SIP peer played by the test: whatever a phone or a PBX may do, also what it should not.

RFC 3261, 3264, 3515 and 3891 as far as handovers go, over UDP, with a tone for a voice. Many of
them fit into one process: what costs, the agent, has its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Self
from urllib.parse import unquote

from tests.handoff.tones import EVENT, Address, Line, voice
from tests.pbx.rawsip import Message, credentials
from voiceagent import tasks
from voiceagent.audio.frames import FRAME_S
from voiceagent.telephony.headers import name_addr, parameter

_RETRANSMIT_S = 0.5
Work = Coroutine[Any, Any, None] | None


class Call:
    """One call of a peer, from its INVITE on."""

    def __init__(
        self, peer: Peer, call_id: str, local: str, remote: str, target: str, to: Address
    ) -> None:
        self.peer, self.call_id = peer, call_id
        self.local, self.remote = local, remote
        """From and To of our requests, with their tags."""
        self.target, self.to = target, to
        """The other side's Contact, and where its messages come from."""
        self.invite: Message | None = None
        """Of a call to us."""
        self.answered: Message | None = None
        """The answer to our call."""
        self.routes: list[str] = []
        self.cseq = 0
        self.line = Line(peer.host)
        self.up, self.ended = asyncio.Event(), asyncio.Event()
        self.held, self.holding = asyncio.Event(), False
        self.muted = False
        self.glares = 0
        """How many re-INVITEs are refused with 491, as by who has sent one at the same time."""
        self.offers = True
        """Whether our INVITE has an offer, or the ACK an answer (RFC 3261, 13.2.1)."""
        self.code = 0
        """What ended it: 200 for a BYE, else the answer to the INVITE."""
        self.received: list[Message] = []
        """Requests within the dialog."""

    def answer(self, code: int, headers: Sequence[str] = ()) -> None:
        """Answer the INVITE."""
        assert self.invite is not None
        body = self.peer.sdp(self) if code // 100 == 2 else ""
        self.peer.respond(self.invite, code, self.local, headers, body, self.to)
        if code // 100 == 2:
            self.up.set()
        elif code >= 300:
            self.end(code)

    def request(
        self, method: str, headers: Sequence[str] = (), body: str = ""
    ) -> asyncio.Future[Message]:
        """Send a request in the dialog, again until it is answered."""
        self.cseq += 1
        return self.peer.send(method, self, self.cseq, headers, body)

    def hang_up(self) -> None:
        """BYE, CANCEL or 603, whichever the state of the call asks for."""
        if self.ended.is_set():
            return
        if self.up.is_set():
            self.request("BYE")
        elif self.invite is not None:
            self.answer(603)
        else:
            self.peer.send("CANCEL", self, self.cseq, ())
        self.end(200)

    def hold(self, on: bool = True) -> None:
        """Re-INVITE that puts the other side on hold, or takes it off."""
        self.holding = on
        self.request("INVITE", body=self.peer.sdp(self))

    def end(self, code: int) -> None:
        if not self.ended.is_set():
            self.code = code
            self.ended.set()
            self.line.close()

    def take_media(self, body: str) -> None:
        """Heed an offer or an answer (RFC 3264)."""
        port, host = re.search(r"m=audio (\d+)", body), re.search(r"c=IN IP4 (\S+)", body)
        if port and host:
            self.line.to = (host[1], int(port[1]))
            if event := re.search(r"a=rtpmap:(\d+) telephone-event", body):
                self.line.event = int(event[1])
            (self.held.set if re.search("a=(sendonly|inactive)", body) else self.held.clear)()


Answering = Callable[[Call], Work]
Referred = Callable[[Call, Message], Work]


class Peer:
    """A phone, or a PBX as a phone sees it. A context manager: its sockets are open inside.

    Args:
        hertz: its voice, one of `tones.TONES`.
        answering: what it does with a call to it; left out, it answers.
        referred: what it does with a REFER; left out, it follows.
        password: with which it registers and calls.
    """

    def __init__(
        self,
        name: str,
        hertz: int,
        *,
        answering: Answering | None = None,
        referred: Referred | None = None,
        password: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        self.name, self.hertz, self.host, self.password = name, hertz, host, password
        self.answering: Answering = answering or (lambda call: call.answer(200))
        self.referred: Referred = referred or follow
        self.calls: list[Call] = []
        self.rang = asyncio.Event()
        """Somebody has called."""
        self.replaces = True
        """Whether it says that it knows Replaces."""
        self.is_cut = False
        """Whether nothing is sent and nothing received."""
        self._registrar: Address | None = None
        self._answers: dict[tuple[str, str], bytes] = {}
        self._waiting: dict[tuple[str, str], asyncio.Future[Message]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.says = [voice(hertz)]
        """20 ms of mu-law each, again and again."""

    async def __aenter__(self) -> Self:
        self._sip, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Port(self._arrived), local_addr=(self.host, 0)
        )
        self.port = int(self._sip.get_extra_info("sockname")[1])
        self._do(self._talk())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._registrar is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self.register(self._registrar, expires_s=0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            call.end(0)
        self._sip.close()

    @property
    def uri(self) -> str:
        return f"sip:{self.name}@{self.host}:{self.port}"

    @property
    def present(self) -> list[Call]:
        """Calls that have not ended, ringing ones too."""
        return [call for call in self.calls if not call.ended.is_set()]

    # -- what a phone does ----------------------------------------------------------------------

    async def register(self, registrar: Address, expires_s: int = 120) -> None:
        """Register, with a digest, until it leaves."""
        uri = f"sip:{registrar[0]}:{registrar[1]}"
        me = f"<sip:{self.name}@{registrar[0]}>"
        call = self._begin(f"{me};tag={secrets.token_hex(4)}", me, uri, registrar)
        answer = await self._asked(call, "REGISTER", [f"Expires: {expires_s}"])
        self.calls.remove(call)
        call.end(200)
        assert answer.code == 200, answer.start
        self._registrar = registrar

    async def call(
        self, uri: str, to: Address, headers: Sequence[str] = (), *, offers: bool = True
    ) -> Call:
        """Call somebody; returns when they have answered, or not."""
        call = self._begin(f"<{self.uri}>;tag={secrets.token_hex(4)}", f"<{uri}>", uri, to)
        call.offers = offers
        answer = await self._asked(call, "INVITE", headers, self.sdp(call) if offers else "")
        call.answered = answer
        if answer.code // 100 == 2:
            call.up.set()
        else:
            call.end(answer.code)
        return call

    async def cut(self, seconds: float) -> None:
        """Neither send nor receive for a while."""
        self.is_cut = True
        await asyncio.sleep(seconds)
        self.is_cut = False

    # -- messages -------------------------------------------------------------------------------

    def sdp(self, call: Call) -> str:
        """An offer or an answer."""
        way = "sendonly" if call.holding else "recvonly" if call.held.is_set() else "sendrecv"
        way = "inactive" if call.holding and call.held.is_set() else way
        return (
            f"v=0\r\no=- 1 {time.time_ns()} IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\n"
            f"t=0 0\r\nm=audio {call.line.port} RTP/AVP 0 {EVENT}\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:{EVENT} telephone-event/8000\r\na={way}\r\n"
        )

    def respond(
        self,
        request: Message,
        code: int,
        local: str = "",
        headers: Sequence[str] = (),
        body: str = "",
        to: Address | None = None,
    ) -> None:
        """Answer a request, and its retransmissions."""
        lines = [f"SIP/2.0 {code} {_REASONS.get(code, 'Because')}"]
        lines += [f"{k}: {value}" for k in ("Via", "Record-Route") for value in request.all(k)]
        lines += [f"{name}: {request.one(name)}" for name in ("From", "Call-ID", "CSeq")]
        lines += [f"To: {local or request.one('To')}", f"Contact: <{self.uri}>", *headers]
        packet = _packet(lines, body)
        self._answers[_branch(request), request.method] = packet
        self._send(packet, to or request.source)

    def send(
        self, method: str, call: Call, cseq: int, headers: Sequence[str], body: str = ""
    ) -> asyncio.Future[Message]:
        """Send a request, again until it is answered; its final answer comes by the future."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        lines = [
            f"{method} {call.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch={branch};rport",
            f"From: {call.local}",
            f"To: {call.remote}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <{self.uri}>",
            *(["Supported: replaces"] if self.replaces else []),
            "Max-Forwards: 70",
            *(f"Route: {route}" for route in call.routes),
            *headers,
        ]
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        if method == "ACK":
            self._send(_packet(lines, body), call.to)
        else:
            self._waiting[branch, method] = future
            self._do(self._insist(_packet(lines, body), call.to, future))
        return future

    def ack(self, call: Call, answer: Message) -> None:
        """Acknowledge the final answer to an INVITE of ours."""
        if answer.code // 100 == 2:
            call.remote, call.target = answer.one("To"), name_addr(answer.one("Contact"))[1]
            call.routes = list(reversed(answer.all("Record-Route")))
            call.take_media(answer.body)
        body = "" if call.offers or answer.code >= 300 else self.sdp(call)
        self.send("ACK", call, int(answer.one("CSeq").split()[0]), (), body)

    async def _asked(
        self, call: Call, method: str, headers: Sequence[str], body: str = ""
    ) -> Message:
        """The final answer to a request, with our password if it was asked for."""
        answer = await call.request(method, headers, body)
        if answer.code in (401, 407):
            proof = credentials(answer, method, call.target, self.name, self.password)
            name = "Authorization" if answer.code == 401 else "Proxy-Authorization"
            answer = await call.request(method, [*headers, f"{name}: {proof}"], body)
        return answer

    async def _insist(self, packet: bytes, to: Address, future: asyncio.Future[Message]) -> None:
        for _ in range(40):
            self._send(packet, to)
            await asyncio.wait({future}, timeout=_RETRANSMIT_S)
            if future.done():
                return

    def _send(self, packet: bytes, to: Address) -> None:
        if not self.is_cut:
            self._sip.sendto(packet, to)

    def _arrived(self, data: bytes, source: Address) -> None:
        if self.is_cut or len(data) < 20:
            return
        message = Message(data.decode("utf-8", "replace"))
        call = next((c for c in self.calls if c.call_id == message.one("Call-ID")), None)
        message.source = source
        if message.code:
            self._answered(call, message)
        elif (answer := self._answers.get((_branch(message), message.method))) is not None:
            self._send(answer, source)
        elif message.method == "INVITE" and not parameter(message.one("To"), "tag"):
            self._invited(message, source)
        elif call is not None and (not call.ended.is_set() or message.method == "NOTIFY"):
            self._requested(call, message)
        elif message.method != "ACK":
            self.respond(message, 481)

    def _answered(self, call: Call | None, message: Message) -> None:
        if message.code < 200 or call is None:
            return
        if message.method == "INVITE":
            self.ack(call, message)
        future = self._waiting.get((_branch(message), message.method))
        if future is not None and not future.done():
            future.set_result(message)

    def _requested(self, call: Call, message: Message) -> None:
        call.received.append(message)
        match message.method:
            case "ACK":
                call.take_media(message.body)
            case "INVITE" if call.glares:
                call.glares -= 1
                self.respond(message, 491)
            case "INVITE":
                call.take_media(message.body)
                self.respond(message, 200, body=self.sdp(call))
            case "BYE":
                self.respond(message, 200)
                call.end(200)
            case "CANCEL":
                self.respond(message, 200, call.local)
                if not call.up.is_set():
                    call.answer(487)
            case "REFER":
                self._do(self.referred(call, message))
            case _:
                self.respond(message, 200)

    def _invited(self, message: Message, source: Address) -> None:
        local = f"{message.one('To')};tag={secrets.token_hex(4)}"
        target = name_addr(message.one("Contact"))[1]
        call = Call(self, message.one("Call-ID"), local, message.one("From"), target, source)
        call.invite, call.routes = message, message.all("Record-Route")
        call.take_media(message.body)
        self.calls.append(call)
        self.rang.set()
        if message.all("Replaces"):
            self._replace(call, message.one("Replaces"))
        else:
            self._do(self.answering(call))

    def _replace(self, call: Call, replaces: str) -> None:
        """Let the new call take the place of one that we have (RFC 3891, 3)."""
        named = f"<>;call-id={replaces}"
        ids = [parameter(named, name) for name in ("call-id", "to-tag", "from-tag")]
        for old in self.present:
            tags = [parameter(end, "tag") for end in (old.local, old.remote)]
            if [old.call_id, *tags] == ids:
                call.answer(200)
                old.hang_up()
                return
        call.answer(481)

    def _begin(self, local: str, remote: str, target: str, to: Address) -> Call:
        call = Call(self, secrets.token_hex(8), local, remote, target, to)
        self.calls.append(call)
        return call

    def _do(self, work: Work) -> None:
        if work is not None:
            tasks.start(work, self._tasks)

    async def _talk(self) -> None:
        begun, frames = time.monotonic(), 0
        while True:
            for call in self.present:
                if call.up.is_set():
                    call.line.deaf = self.is_cut
                    call.line.silent = self.is_cut or call.muted or call.held.is_set()
                    call.line.speak(self.says[frames % len(self.says)])
            frames += 1
            await asyncio.sleep(max(0.0, begun + frames * FRAME_S - time.monotonic()))


def notify(call: Call, code: int) -> None:
    """Tell how the transfer goes (RFC 3515, 2.4.5)."""
    state = "active;expires=60" if code < 200 else "terminated;reason=noresource"
    headers = ["Event: refer", f"Subscription-State: {state}"]
    headers += ["Content-Type: message/sipfrag;version=2.0"]
    call.request("NOTIFY", headers, f"SIP/2.0 {code} {_REASONS.get(code, 'Because')}\r\n")


async def follow(call: Call, refer: Message, tell: Callable[[Call, int], None] = notify) -> None:
    """Follow a REFER as a phone does, and tell how it went."""
    peer = call.peer
    peer.respond(refer, 202)
    tell(call, 100)
    uri, _, asked = name_addr(refer.one("Refer-To"))[1].partition("?")
    headers = [f"{h.partition('=')[0]}: {unquote(h.partition('=')[2])}" for h in asked.split("&")]
    headers += [f"Referred-By: {value}" for value in refer.all("Referred-By")]
    host, _, port = uri.partition("@")[2].partition(";")[0].partition(":")
    new = await peer.call(uri, (host, int(port or 5060)), [h for h in headers if len(h) > 2])
    tell(call, 200 if new.up.is_set() else new.code)


class _Port(asyncio.DatagramProtocol):
    def __init__(self, arrived: Callable[[bytes, Address], None]) -> None:
        self._arrived = arrived

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._arrived(data, addr)


_REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    202: "Accepted",
    403: "Forbidden",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    603: "Decline",
}


def _packet(lines: list[str], body: str) -> bytes:
    kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
    return (
        "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}"]) + f"\r\n\r\n{body}"
    ).encode()


def _branch(message: Message) -> str:
    return parameter(f"<>;{message.all('Via')[0].partition(';')[2]}", "branch")
