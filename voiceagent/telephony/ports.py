"""Media ports: where the SIP library's audio meets Python.

A native thread calls into a port every 20 ms. The library takes a port out of its bridge some
time after it was told to, and calls into it until then, also when it is no more. So a port that
has served is never given up while the clock runs: it waits for the next leg.
"""

from __future__ import annotations

import ctypes
import time
from collections import deque
from itertools import count

import pjsua2 as pj

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE, SILENCE
from voiceagent.telephony.media import LegAudio

_REST_S = 1.0
"""Until a port serves again: what still comes of the last call must not reach the next."""


class _Vector(ctypes.Structure):
    """Memory layout of the ``std::vector<unsigned char>`` behind a frame's buffer."""

    _fields_ = (
        ("begin", ctypes.c_void_p),
        ("end", ctypes.c_void_p),
        ("capacity", ctypes.c_void_p),
    )


_names = count(1)


class MediaPort(pj.AudioMediaPort):  # type: ignore[misc]
    """The library's end of a leg's audio. Used on the SIP thread only."""

    def __init__(self) -> None:
        # The native thread may call in as soon as the port exists, so attributes come first.
        self.audio: LegAudio | None = None
        """The leg it serves."""
        self._vector = pj.ByteVector(SILENCE)
        self._vector_begin = _Vector.from_address(int(self._vector.this)).begin
        super().__init__()
        layout = pj.MediaFormatAudio()
        layout.init(pj.PJMEDIA_FORMAT_PCM, SAMPLE_RATE, 1, int(FRAME_S * 1_000_000), 16)
        self.createPort(f"voiceagent-{next(_names)}", layout)

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        if (audio := self.audio) is None:
            return
        if not frame.size:
            # No packet has come: the line is silent, and time goes on all the same.
            audio.take_in(SILENCE)
            return
        # bytes(frame.buf) goes through SWIG sample by sample and costs 150 times as much.
        begin = _Vector.from_address(int(frame.buf.this)).begin
        audio.take_in(ctypes.string_at(begin, frame.size))

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:
        audio = self.audio
        pcm = SILENCE if audio is None else audio.give_out()
        ctypes.memmove(self._vector_begin, pcm, FRAME_BYTES)
        frame.buf = self._vector
        frame.size = FRAME_BYTES
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO


class MediaPorts:
    """The ports of one user agent, as many as it has had legs at once. On the SIP thread only."""

    def __init__(self) -> None:
        self._resting: deque[tuple[float, MediaPort]] = deque()

    def take(self, audio: LegAudio) -> MediaPort:
        """A port that serves this leg from now on."""
        rested = self._resting and time.monotonic() - self._resting[0][0] >= _REST_S
        port = self._resting.popleft()[1] if rested else MediaPort()
        port.audio = audio
        return port

    def give_back(self, port: MediaPort) -> None:
        """The leg has ended."""
        port.audio = None
        self._resting.append((time.monotonic(), port))

    def clear(self) -> None:
        """Give up all ports; the library's clock must have stopped."""
        self._resting.clear()
