"""Voices that are tones: what a peer sends by RTP (RFC 3550) and hears."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import defaultdict

import numpy as np

from benchmarks.thin_phone import LINEAR, mulaw
from tests.babble import babble
from voiceagent.audio.frames import FRAME_S, SAMPLE_RATE, to_float

Address = tuple[str, int]

TONES = (300, 500, 600, 800, 1000, 1300, 1700, 2100)
"""What can be told from each other in one frame, in hertz."""
KEYS = "0123456789*#ABCD"
EVENT = 101
"""RTP payload type of telephone events to us."""
_FRAME = round(SAMPLE_RATE * FRAME_S)
_AUDIBLE = 10 ** (-35 / 20)
_WAVES = np.exp(-2j * np.pi * np.outer(np.arange(_FRAME), TONES) / SAMPLE_RATE) * (2 / _FRAME)


def voice(hertz: float) -> bytes:
    """20 ms of a tone in mu-law: a whole number of periods, for a multiple of 50 Hz."""
    wave = 0.1 * np.sin(2 * np.pi * hertz * np.arange(_FRAME) / SAMPLE_RATE)
    return mulaw(wave.astype(np.float32))


def speech(seconds: float) -> list[bytes]:
    """Something that voice activity takes for speech, 20 ms of mu-law each."""
    sound = mulaw(to_float(babble(seconds)))
    return [sound[at : at + _FRAME] for at in range(0, len(sound) - _FRAME + 1, _FRAME)]


class Line:
    """The RTP of one call."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._arrived)
        self._open = True
        self.port = int(self._socket.getsockname()[1])
        self.to: Address | None = None
        self.event = EVENT
        """What the other end calls telephone events."""
        self.silent = False
        """While muted, held or cut off."""
        self.deaf = False
        self.heard: dict[int, list[float]] = defaultdict(list)
        """When each tone was heard, a time a frame, by `time.monotonic()`."""
        self.keys: list[str] = []
        """What was pressed at the other end."""
        self.sequence = self.stamp = 0
        self._last_event = b""

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def speak(self, payload: bytes) -> None:
        """Send 20 ms of mu-law."""
        self.stamp += _FRAME
        if not self.silent:
            self._send(0, payload)

    def press(self, key: str) -> None:
        """Press a key (RFC 4733): 100 ms, its end told three times."""
        for at in range(8):
            last = 0x80 if at >= 5 else 0
            event = struct.pack("!BBH", KEYS.index(key), last | 10, min(at + 1, 5) * _FRAME)
            self._send(self.event | (0x80 if at == 0 else 0), event)
        self.stamp += 8 * _FRAME

    async def hears(self, hertz: int, timeout_s: float = 5.0, frames: int = 5) -> float:
        """Wait until a tone is heard from now on for some frames; when the first one came.

        Raises:
            AssertionError: it was not heard in time; the text says what was.
        """
        since = time.monotonic()
        while time.monotonic() < since + timeout_s:
            fresh = [at for at in self.heard[hertz][-50:] if at >= since]
            if len(fresh) >= frames:
                return fresh[0]
            await asyncio.sleep(0.01)
        counts = self.counts(since)
        raise AssertionError(f"{hertz} Hz was not heard within {timeout_s} s, but {counts}")

    async def hears_one_of(self, *hertz: int, timeout_s: float = 5.0) -> int:
        """Wait until one of these tones is heard from now on; which it was.

        Raises:
            AssertionError: none was heard in time.
        """
        since = time.monotonic()
        while time.monotonic() < since + timeout_s:
            counts = self.counts(since)
            if heard := [tone for tone in hertz if counts.get(tone, 0) >= 5]:
                return heard[0]
            await asyncio.sleep(0.02)
        raise AssertionError(f"none of {hertz} Hz within {timeout_s} s, but {self.counts(since)}")

    def counts(self, since: float = 0.0) -> dict[int, int]:
        """How many frames of each tone were heard."""
        return {hz: sum(at >= since for at in times) for hz, times in self.heard.items()}

    def _send(self, kind: int, payload: bytes) -> None:
        if self._open and self.to is not None:
            self.sequence += 1
            header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, self.stamp, 7)
            self._socket.sendto(header + payload, self.to)

    def _arrived(self) -> None:
        packet = self._socket.recv(2048)
        if packet[1] & 0x7F == EVENT and packet[4:8] != self._last_event:  # its time names it
            self._last_event = packet[4:8]
            self.keys.append(KEYS[packet[12]])
        if self.deaf or packet[1] & 0x7F != 0 or len(packet) != 12 + _FRAME:
            return
        linear = LINEAR[np.frombuffer(packet[12:], np.uint8)]
        for place in np.flatnonzero(np.abs(linear @ _WAVES) > _AUDIBLE):
            self.heard[TONES[place]].append(time.monotonic())
