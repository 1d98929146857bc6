"""SIP and RTP written by hand over UDP: what any phone or PBX may send, also what it should not.

`Dialog` writes whole messages of which every line can be replaced; it does nothing by itself but
keep the numbers of its dialog. `Stream` sends RTP packets one by one and keeps what comes.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from benchmarks.thin_phone import LINEAR, mulaw
from tests.pbx.rawsip import Message
from voiceagent.telephony.headers import name_addr

Address = tuple[str, int]
HOST = "127.0.0.1"
RATE = 8000
KEYS = "0123456789*#ABCD"


class Wire:
    """A UDP socket with what came in over it. A context manager."""

    def __init__(self, host: str = HOST) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.host, self.port = self._socket.getsockname()
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes | str, to: Address) -> None:
        self._socket.sendto(data.encode() if isinstance(data, str) else data, to)

    async def receive(self, timeout_s: float) -> bytes:
        """Raises:
        TimeoutError: nothing came.
        """
        async with asyncio.timeout(timeout_s):
            return await self._loop.sock_recv(self._socket, 65536)

    async def expect(
        self, *wanted: int | str, timeout_s: float = 5.0, call_id: str = ""
    ) -> Message:
        """The next response with one of these codes, or request with one of these methods.

        Raises:
            AssertionError: none came in time; the text says what came.
        """
        seen: list[str] = []
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            try:
                data = await self.receive(left)
            except TimeoutError:
                break
            if len(data) < 10:
                continue
            message = Message(data.decode("utf-8", "replace"))
            if call_id and message.all("Call-ID") != [call_id]:
                continue
            seen.append(message.start)
            if (message.code or message.start.split()[0]) in wanted:
                return message
        raise AssertionError(f"none of {wanted} within {timeout_s} s, but {seen}")


def sdp(
    port: int,
    *media: str,
    host: str = HOST,
    formats: str = "0",
    profile: str = "RTP/AVP",
    session: Sequence[str] = (),
    connection: str | None = None,
    version: int = 1,
) -> str:
    """An offer or answer of one audio stream; `media` are lines below it."""
    lines = ["v=0", f"o=- 1 {version} IN IP4 {host}", "s=-"]
    lines += [f"c=IN IP4 {host}"] if connection is None else [connection] if connection else []
    lines += ["t=0 0", *session, f"m=audio {port} {profile} {formats}", *media]
    return "\r\n".join([*lines, ""])


@dataclass
class Dialog:
    """One dialog with the agent."""

    wire: Wire
    agent: Address
    user: str = "echo"
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    remote: str = ""
    """To of our requests, once the agent has put its tag there."""
    target: str = ""
    sender: str = ""
    """From of our requests without its tag."""
    cseq: int = 0
    branch: str = ""

    def __post_init__(self) -> None:
        self.target = self.target or f"sip:{self.user}@{self.agent[0]}:{self.agent[1]}"
        self.remote = self.remote or f"<{self.target}>"
        self.sender = self.sender or f"<sip:tester@{self.wire.host}>"

    def text(
        self,
        method: str,
        headers: Sequence[str] = (),
        body: str = "",
        kind: str = "application/sdp",
        branch: str = "",
        cseq: int = 0,
    ) -> str:
        """A request; a line of `headers` stands in place of the usual one of its name."""
        if not cseq:
            self.cseq += 1
        self.branch = branch or f"z9hG4bK{secrets.token_hex(8)}"
        usual = {
            "via": f"Via: SIP/2.0/UDP {self.wire.host}:{self.wire.port};rport;branch={self.branch}",
            "max-forwards": "Max-Forwards: 70",
            "from": f"From: {self.sender};tag={self.tag}",
            "to": f"To: {self.remote}",
            "call-id": f"Call-ID: {self.call_id}",
            "cseq": f"CSeq: {cseq or self.cseq} {method}",
            "contact": f"Contact: <sip:tester@{self.wire.host}:{self.wire.port}>",
        }
        if body:
            usual["content-type"] = f"Content-Type: {kind}"
        usual["content-length"] = f"Content-Length: {len(body.encode())}"
        for line in headers:
            usual.pop(line.partition(":")[0].strip().lower(), None)
        return "\r\n".join([f"{method} {self.target} SIP/2.0", *usual.values(), *headers, "", body])

    def send(self, method: str, headers: Sequence[str] = (), body: str = "", **more: object) -> str:
        """Send a request; it as it was sent."""
        text = self.text(method, headers, body, **more)  # type: ignore[arg-type]
        self.wire.send(text, self.agent)
        return text

    async def answer(self, *codes: int, timeout_s: float = 5.0) -> Message:
        """The next response of this dialog with one of these codes; of any final one without."""
        wanted = codes or tuple(range(200, 700))
        message = await self.wire.expect(*wanted, timeout_s=timeout_s, call_id=self.call_id)
        if message.code // 100 == 2 and message.method == "INVITE":
            self.remote = message.one("To")
            self.target = name_addr(message.one("Contact"))[1]
        return message

    async def ask(
        self, method: str, headers: Sequence[str] = (), body: str = "", **more: object
    ) -> Message:
        """Send a request and return its final response; that to an INVITE is acknowledged."""
        self.send(method, headers, body, **more)
        response = await self.answer()
        if method == "INVITE":
            self.ack(response)
        return response

    def ack(self, response: Message, body: str = "", headers: Sequence[str] = ()) -> None:
        """Acknowledge the final answer to an INVITE."""
        number = int(response.one("CSeq").split()[0])
        same = {} if response.code // 100 == 2 else {"branch": self.branch}
        to = [f"To: {response.one('To')}"]
        self.send("ACK", [*to, *headers], body, cseq=number, **same)

    async def call(
        self, stream: Stream, *media: str, headers: Sequence[str] = (), **offer: object
    ) -> Message:
        """Send an INVITE with an offer, see `sdp`; its final response."""
        body = sdp(stream.port, *media, **offer)  # type: ignore[arg-type]
        return await self.ask("INVITE", headers, body)

    async def bye(self) -> Message:
        return await self.ask("BYE")

    def respond(
        self,
        request: Message,
        code: int,
        headers: Sequence[str] = (),
        body: str = "",
        tag: str = "",
    ) -> None:
        """Answer a request of the agent."""
        to = request.one("To") + (f";tag={tag}" if tag else "")
        lines = [f"SIP/2.0 {code} Because"]
        lines += [f"{k}: {v}" for k in ("Via", "Record-Route") for v in request.all(k)]
        lines += [f"{name}: {request.one(name)}" for name in ("From", "Call-ID", "CSeq")]
        lines += [f"To: {to}", *headers]
        if not any(line.lower().startswith("contact:") for line in headers):
            lines += [f"Contact: <sip:tester@{self.wire.host}:{self.wire.port}>"]
        lines += ["Content-Type: application/sdp"] if body else []
        self.wire.send(
            "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body]), self.agent
        )


@dataclass(frozen=True)
class Packet:
    """An RTP packet that came."""

    at: float
    kind: int
    """Payload type."""
    sequence: int
    stamp: int
    source: int
    payload: bytes


class Stream:
    """The RTP of one call. A context manager."""

    def __init__(self, host: str = HOST) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self.port = int(self._socket.getsockname()[1])
        self.to: Address = ("", 0)
        self.sequence, self.stamp, self.source = 100, 16000, 7
        self.packets: list[Packet] = []
        asyncio.get_running_loop().add_reader(self._socket, self._arrived)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def follow(self, body: str) -> Self:
        """Send to where an answer says."""
        host, port = re.search(r"c=IN IP[46] (\S+)", body), re.search(r"m=audio ([1-9]\d*)", body)
        assert host is not None, body
        assert port is not None, body
        self.to = (host[1], int(port[1]))
        return self

    def send(self, payload: bytes, kind: int = 0, *, step: int = 0, marker: bool = False) -> None:
        """Send a packet; `step` is how many samples it stands for, its octets when left out."""
        self.raw(self.packet(payload, kind, marker=marker))
        self.sequence += 1
        self.stamp += step or len(payload)

    def press(
        self, key: str, kind: int, durations: Sequence[int] = (160, 320, 480), ends: int = 3
    ) -> None:
        """Send the packets of a key at once (RFC 4733); `durations` are in samples."""
        steps = [(False, duration) for duration in durations]
        steps += [(True, durations[-1])] * ends
        for number, (end, duration) in enumerate(steps):
            event = struct.pack("!BBH", KEYS.index(key), (0x80 if end else 0) | 10, duration)
            self.raw(self.packet(event, kind, marker=number == 0))
            self.sequence += 1
        self.stamp += durations[-1] + 160

    def packet(self, payload: bytes, kind: int = 0, *, marker: bool = False) -> bytes:
        kind |= 0x80 if marker else 0
        stamp = self.stamp & 0xFFFFFFFF
        return (
            struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, stamp, self.source) + payload
        )

    def raw(self, data: bytes) -> None:
        self._socket.sendto(data, self.to)

    async def speak(
        self, hertz: int, seconds: float, *, ptime_ms: int = 20, kind: int = 0, alaw: bool = False
    ) -> None:
        """Send a tone at the pace of a phone."""
        size = RATE * ptime_ms // 1000
        begun = time.monotonic()
        for number in range(round(seconds * 1000 / ptime_ms)):
            await asyncio.sleep(max(0.0, begun + number * ptime_ms / 1000 - time.monotonic()))
            at = np.arange(self.stamp, self.stamp + size)
            wave = (0.3 * np.sin(2 * np.pi * hertz * at / RATE)).astype(np.float32)
            self.send(to_alaw(wave) if alaw else mulaw(wave), kind, marker=number == 0)

    def strength(
        self, hertz: int, *, since: float = 0.0, kind: int = 0, alaw: bool = False
    ) -> float:
        """Amplitude of a tone in the best half second that was heard, 1.0 is full scale."""
        sound = [p.payload for p in self.packets if p.at >= since and p.kind == kind]
        data = np.frombuffer(b"".join(sound), np.uint8)
        linear = ALAW[data] if alaw else LINEAR[data]
        size, best = RATE // 5, 0.0
        wave = np.exp(-2j * np.pi * hertz * np.arange(size) / RATE) * 2 / size
        for begin in range(0, len(linear) - size + 1, size // 4):
            best = max(best, float(abs(linear[begin : begin + size] @ wave)))
        return best

    async def echoed(
        self, hertz: int, *, ptime_ms: int = 20, kind: int = 0, alaw: bool = False
    ) -> None:
        """Speak a tone until it comes back.

        Raises:
            AssertionError: it does not.
        """
        since = time.monotonic()
        speaking = asyncio.create_task(
            self.speak(hertz, 10, ptime_ms=ptime_ms, kind=kind, alaw=alaw)
        )
        try:
            await self.hears(hertz, since=since, kind=kind, alaw=alaw)
        finally:
            speaking.cancel()

    async def hears(self, hertz: int, timeout_s: float = 5.0, **more: object) -> None:
        """Wait until a tone comes.

        Raises:
            AssertionError: it does not; the text says what came instead.
        """
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if self.strength(hertz, **more) > 0.1:  # type: ignore[arg-type]
                return
            await asyncio.sleep(0.05)
        kinds = {(p.kind, len(p.payload)) for p in self.packets}
        raise AssertionError(f"no {hertz} Hz in {len(self.packets)} packets of {kinds}")

    def _arrived(self) -> None:
        data = self._socket.recv(4096)
        if len(data) < 12 or 200 <= data[1] <= 207:
            return
        _, kind, sequence, stamp, source = struct.unpack("!BBHII", data[:12])
        self.packets.append(
            Packet(time.monotonic(), kind & 127, sequence, stamp, source, data[12:])
        )


def _alaw_table() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """What each octet of A-law stands for (ITU-T G.711, table 1a), 1.0 is full scale."""
    table = np.empty(256, np.float32)
    for octet in range(256):
        turned = octet ^ 0x55
        segment, step = (turned >> 4) & 7, turned & 15
        size = (step * 2 + 33) << (segment - 1) if segment else step * 2 + 1
        table[octet] = (size if turned & 0x80 else -size) / 4096
    return table


ALAW = _alaw_table()
_ORDER = np.argsort(ALAW)


def to_alaw(wave: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    """The nearest octets of A-law."""
    place = np.clip(np.searchsorted(ALAW[_ORDER], wave), 0, 255)
    return bytes(_ORDER[place].astype(np.uint8))
