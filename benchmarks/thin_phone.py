"""A telephone that costs next to nothing, so that many of them leave the machine to the agent.

The least of SIP (RFC 3261) and RTP (RFC 3550) over UDP that one call needs: mu-law, 20 ms a
packet, sent by absolute deadlines. What was sent and received stands on one clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import struct
import time
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from voiceagent.audio.frames import FRAME_S, SAMPLE_RATE

Samples = NDArray[np.float32]
HOST = "127.0.0.1"
_FRAME = round(SAMPLE_RATE * FRAME_S)
_LOUD = 0.01
_SILENCE = b"\xff" * _FRAME


class ThinPhone:
    """One call at a time. A context manager: its sockets are open inside."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._sip, _ = await loop.create_datagram_endpoint(
            lambda: _Port(self._signalled), local_addr=(HOST, 0)
        )
        self._rtp, _ = await loop.create_datagram_endpoint(
            lambda: _Port(self._heard), local_addr=(HOST, 0)
        )
        self.ended = asyncio.Event()
        self._answered: asyncio.Future[str] = loop.create_future()
        self._received: list[tuple[float, bytes]] = []
        self._sent: list[tuple[float, bytes]] = []
        self._lines: list[bytes] = []
        self._said = asyncio.Event()
        self._packet = asyncio.Event()
        self._last_loud = 0.0
        self._sender: asyncio.Task[None] | None = None
        self._began = time.monotonic()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._sender is not None:
            self._sender.cancel()
        if self._answered.done() and not self.ended.is_set():
            self._request("BYE", 2)
            await asyncio.sleep(0.1)
        self._sip.close()
        self._rtp.close()

    # -- what a caller does ---------------------------------------------------------------------

    async def call(self, port: int) -> None:
        """Call the agent at a port of loopback and begin to send.

        Raises:
            ConnectionError: it does not answer the call; the text is its response.
        """
        self._to = (HOST, port)
        self._call_id, self._tag = secrets.token_hex(8), secrets.token_hex(4)
        self._remote_tag = ""
        media = self._rtp.get_extra_info("sockname")[1]
        offer = (
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {media} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )
        self._request("INVITE", 1, offer)
        async with asyncio.timeout(10):
            answer = await self._answered
        found = re.search(r"m=audio (\d+)", answer)
        if found is None:
            raise ConnectionError(answer.splitlines()[0])
        self._media_to = (HOST, int(found[1]))
        self._request("ACK", 1)
        self._sender = asyncio.create_task(self._send())

    async def say(self, pcm: bytes) -> None:
        """Say mu-law samples, and return when the last has left."""
        whole = [pcm[at : at + _FRAME] for at in range(0, len(pcm), _FRAME)]
        self._said.clear()
        self._lines = [*whole[:-1], whole[-1].ljust(_FRAME, b"\xff")]
        await self._said.wait()

    async def spoken_to(self, timeout_s: float) -> bool:
        """Whether the far side begins to speak in time."""
        since, until = time.monotonic(), time.monotonic() + timeout_s
        while self._last_loud < since and time.monotonic() < until and not self.ended.is_set():
            await self._next_packet()
        return self._last_loud >= since

    async def quiet(self, seconds: float) -> None:
        """Wait until the far side has said nothing for so long, or has hung up."""
        while time.monotonic() - self._last_loud < seconds and not self.ended.is_set():
            await self._next_packet()

    async def _next_packet(self) -> None:
        self._packet.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await self._packet.wait()

    def channels(self) -> tuple[Samples, Samples]:
        """What it sent and what it received, by the clock of this machine, 8 kHz."""
        length = round((time.monotonic() - self._began + 0.1) * SAMPLE_RATE)
        return tuple(self._laid_out(kept, length) for kept in (self._sent, self._received))  # type: ignore[return-value]

    def _laid_out(self, kept: list[tuple[float, bytes]], length: int) -> Samples:
        samples = np.zeros(length, np.float32)
        for moment, payload in kept:
            at = round((moment - self._began) * SAMPLE_RATE)
            linear = LINEAR[np.frombuffer(payload, np.uint8)]
            samples[at : at + linear.size] = linear[: max(0, length - at)]
        return samples

    # -- the wire -------------------------------------------------------------------------------

    async def _send(self) -> None:
        sequence, stamp = 0, 0
        source = secrets.randbits(32)
        begun = time.monotonic()
        while True:
            frame = self._lines.pop(0) if self._lines else _SILENCE
            packet = struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, stamp, source) + frame
            self._rtp.sendto(packet, self._media_to)
            if frame is not _SILENCE:
                self._sent.append((time.monotonic(), frame))
                if not self._lines:
                    self._said.set()
            sequence, stamp = sequence + 1, stamp + _FRAME
            await asyncio.sleep(max(0.0, begun + sequence * FRAME_S - time.monotonic()))

    def _heard(self, packet: bytes) -> None:
        now, payload = time.monotonic(), packet[12:]
        self._received.append((now, payload))
        linear = LINEAR[np.frombuffer(payload, np.uint8)]
        if float(np.sqrt(np.mean(linear * linear))) > _LOUD:
            self._last_loud = now
        self._packet.set()

    def _signalled(self, packet: bytes) -> None:
        text = packet.decode("utf-8", "replace")
        first = text.split("\r\n", 1)[0]
        if first.startswith("SIP/2.0"):
            code = int(first.split()[1])
            if code >= 200 and re.search(r"(?im)^CSeq: *\d+ INVITE", text):
                found = re.search(r"(?im)^To:.*;tag=([^;\s]+)", text)
                self._remote_tag = found[1] if found else ""
                if not self._answered.done():
                    self._answered.set_result(text)
            return
        kept = re.findall(r"(?im)^((?:Via|From|To|Call-ID|CSeq):.*)\r$", text)
        answer = ["SIP/2.0 200 OK", *kept, "Content-Length: 0"]
        self._sip.sendto(("\r\n".join(answer) + "\r\n\r\n").encode(), self._to)
        if first.startswith("BYE"):
            self.ended.set()

    def _request(self, method: str, number: int, body: str = "") -> None:
        port = self._sip.get_extra_info("sockname")[1]
        to = f"sip:1000@{self._to[0]}:{self._to[1]}"
        tag = f";tag={self._remote_tag}" if self._remote_tag else ""
        lines = [
            f"{method} {to} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{secrets.token_hex(8)}",
            f"From: <sip:caller@{HOST}>;tag={self._tag}",
            f"To: <{to}>{tag}",
            f"Call-ID: {self._call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:caller@{HOST}:{port}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self._sip.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self._to)


class _Port(asyncio.DatagramProtocol):
    def __init__(self, received: object) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._received(data)  # type: ignore[operator]


def _linear() -> Samples:
    """Samples from -1 to 1 for each byte of G.711 mu-law."""
    code = ~np.arange(256, dtype=np.uint8)
    size = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -size, size) / 32768).astype(np.float32)


LINEAR = _linear()


def mulaw(samples: Samples) -> bytes:
    """Samples from -1 to 1 as G.711 mu-law."""
    order = np.argsort(LINEAR, kind="stable")
    steps = LINEAR[order]
    places = np.searchsorted((steps[1:] + steps[:-1]) / 2, samples)
    return order[places].astype(np.uint8).tobytes()
