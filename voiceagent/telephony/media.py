"""The media port: where a call leg's audio meets Python, 8 kHz mono, 20 ms a frame.

The SIP library calls both methods of the port every 20 ms from a native thread and is the
only clock of the audio: nothing here sleeps, so nothing drifts. What arrives goes to the
event loop; what is to be said waits in a `Playback` until the clock takes it.
"""

from __future__ import annotations

import asyncio
import ctypes
import time
from collections import deque
from collections.abc import Callable
from itertools import count

import pjsua2 as pj

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE, SILENCE

FrameSink = Callable[[bytes], None]


class Playback:
    """One stretch of audio given to a leg: filled by its speaker, emptied by the clock.

    `feed` may be called while it plays, so that speech leaves while the rest is made. A gap
    in the feeding is heard as silence, not as an end; `close` says that nothing more comes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._frames: deque[bytes] = deque()
        self._rest = b""
        self._closed = False
        self._stopped = False
        self._played = 0
        self.started_at: float | None = None
        """`time.monotonic()` of the first frame that left, None before it."""
        self.started = asyncio.Event()
        self.finished = asyncio.Event()

    @property
    def played_s(self) -> float:
        """Seconds of the given audio that have left so far."""
        return self._played * FRAME_S

    @property
    def stopped(self) -> bool:
        return self._stopped

    def feed(self, pcm: bytes) -> None:
        """Add audio: 16-bit little-endian samples, 8 kHz mono, any even length."""
        data = self._rest + pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._frames.extend(data[i : i + FRAME_BYTES] for i in range(0, whole, FRAME_BYTES))
        self._rest = data[whole:]

    def close(self) -> None:
        """Say that no more audio comes; the last frame is filled up with silence."""
        if self._rest:
            self._frames.append(self._rest.ljust(FRAME_BYTES, b"\0"))
            self._rest = b""
        self._closed = True

    def stop(self) -> None:
        """Fall silent now and drop what has not left."""
        self._stopped = True
        self._frames.clear()
        self.finished.set()

    def take(self) -> bytes | None:
        """Next frame, or None; called by the media clock's thread only."""
        try:
            frame = self._frames.popleft()
        except IndexError:
            return None
        if not self._played:
            self.started_at = time.monotonic()
            self._loop.call_soon_threadsafe(self.started.set)
        self._played += 1
        return frame

    @property
    def over(self) -> bool:
        return self._stopped or (self._closed and not self._frames)


class _Vector(ctypes.Structure):
    """Memory layout of the ``std::vector<unsigned char>`` behind a frame's buffer."""

    _fields_ = (
        ("begin", ctypes.c_void_p),
        ("end", ctypes.c_void_p),
        ("capacity", ctypes.c_void_p),
    )


_names = count(1)


class MediaPort(pj.AudioMediaPort):  # type: ignore[misc]
    """The audio of one leg. Created and dropped on the SIP thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # The native thread may call in as soon as the port exists, so attributes come first.
        self._loop = loop
        self._playback: Playback | None = None
        self._background: bytes = SILENCE
        self._background_at = 0
        self._vector = pj.ByteVector(SILENCE)
        self._vector_begin = _Vector.from_address(int(self._vector.this)).begin
        self.received: FrameSink | None = None
        """Called in the event loop with each frame from the other side."""
        self.sent: FrameSink | None = None
        """Called in the event loop with each frame to the other side."""
        super().__init__()
        audio = pj.MediaFormatAudio()
        audio.init(pj.PJMEDIA_FORMAT_PCM, SAMPLE_RATE, 1, int(FRAME_S * 1_000_000), 16)
        self.createPort(f"voiceagent-{next(_names)}", audio)

    def play(self) -> Playback:
        """Begin a new playback, in place of the one that runs."""
        if self._playback is not None:
            self._playback.stop()
        self._playback = Playback(self._loop)
        return self._playback

    def background(self, pcm: bytes) -> None:
        """Loop this audio whenever nothing is played: comfort noise, or hold music."""
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._background = pcm[:whole] or SILENCE
        self._background_at = 0

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:
        if (sink := self.received) is None or not frame.size:
            return
        # bytes(frame.buf) goes through SWIG sample by sample and costs 150 times as much.
        begin = _Vector.from_address(int(frame.buf.this)).begin
        self._post(sink, ctypes.string_at(begin, frame.size))

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:
        pcm = self._next()
        ctypes.memmove(self._vector_begin, pcm, FRAME_BYTES)
        frame.buf = self._vector
        frame.size = FRAME_BYTES
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        if (sink := self.sent) is not None:
            self._post(sink, pcm)

    def _next(self) -> bytes:
        playback = self._playback
        if playback is not None:
            pcm = playback.take()
            if playback.over:
                self._playback = None
                self._loop.call_soon_threadsafe(playback.finished.set)
            if pcm is not None:
                return pcm
            if playback.started_at is not None:
                return SILENCE
        at = self._background_at
        self._background_at = (at + FRAME_BYTES) % len(self._background)
        return self._background[at : at + FRAME_BYTES]

    def _post(self, sink: FrameSink, pcm: bytes) -> None:
        # The loop may be closing while the native clock still runs.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(sink, pcm)
