"""A call leg's audio as the event loop sees it, 8 kHz mono, 20 ms a frame.

The SIP library asks for a frame and brings one every 20 ms from a native thread and is the only
clock of the audio: nothing here sleeps, so nothing drifts. What arrives goes to the event loop;
what is to be said waits in a `Playback` until the clock takes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SILENCE

FrameSink = Callable[[bytes], None]


class Playback:
    """One stretch of audio given to a leg: filled by its speaker, emptied by the clock.

    `feed` may be called while it plays, so that speech leaves while the rest is made. A gap
    in the feeding is heard as silence, not as an end; `close` says that nothing more comes.
    """

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._rest = b""
        self._closed = False
        self._stopped = False
        self._paused = False
        self._cut = False
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
        """Whether it was told to stop, or its leg ended."""
        return self._stopped

    @property
    def cut(self) -> bool:
        """Whether something of it did not leave because it was stopped."""
        return self._cut

    def feed(self, pcm: bytes) -> None:
        """Add audio: 16-bit little-endian samples, 8 kHz mono, any even length."""
        if self._stopped:
            return
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

    def pause(self) -> None:
        """Fall silent now and keep what has not left."""
        self._paused = True

    def unpause(self) -> None:
        """Go on where it was paused."""
        self._paused = False

    def stop(self) -> None:
        """Fall silent now and drop what has not left."""
        if self._stopped:
            return
        self._stopped = True
        self._cut = bool(self._frames) or not self._closed
        self._frames.clear()
        self.finished.set()

    def take(self) -> bytes | None:
        """Next frame, or None; called by the media clock's thread only."""
        if self._paused:
            return None
        try:
            frame = self._frames.popleft()
        except IndexError:
            return None
        if not self._played:
            self.started_at = time.monotonic()
        self._played += 1
        return frame

    @property
    def over(self) -> bool:
        """Whether nothing of it will leave any more."""
        return self._stopped or (self._closed and not self._frames)


class LegAudio:
    """Both directions of one leg's audio; a `ports.MediaPort` brings and fetches its frames."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._playback: Playback | None = None
        self._background = SILENCE
        self._background_at = 0
        self._closed = False
        self.received: FrameSink | None = None
        """Called in the event loop with each frame from the other side."""
        self.sent: FrameSink | None = None
        """Called in the event loop with each frame to the other side."""

    def play(self) -> Playback:
        """Begin a new playback, in place of the one that runs."""
        if self._playback is not None:
            self._playback.stop()
        playback = Playback()
        if self._closed:
            playback.stop()
        else:
            self._playback = playback
        return playback

    def background(self, pcm: bytes) -> None:
        """Loop this audio whenever nothing is played: comfort noise, or hold music."""
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._background = pcm[:whole] or SILENCE
        self._background_at = 0

    def close(self) -> None:
        """The leg has ended: nothing is played any more."""
        self._closed = True
        if self._playback is not None:
            self._playback.stop()

    # -- called by the media clock's thread ------------------------------------------------------

    def take_in(self, pcm: bytes) -> None:
        if (sink := self.received) is not None:
            self._post(sink, pcm)

    def give_out(self) -> bytes:
        pcm = self._next()
        if (sink := self.sent) is not None:
            self._post(sink, pcm)
        return pcm

    def _next(self) -> bytes:
        playback = self._playback
        if playback is not None:
            first = playback.started_at is None
            pcm = playback.take()
            if first and pcm is not None:
                self._post(playback.started.set)
            if over := playback.over:
                self._playback = None
                self._post(playback.finished.set)
            if pcm is not None:
                return pcm
            if playback.started_at is not None and not over:
                return SILENCE
        at = self._background_at % len(self._background)
        self._background_at = at + FRAME_BYTES
        return self._background[at : at + FRAME_BYTES]

    def _post(self, function: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed before the native clock
            self._loop.call_soon_threadsafe(function, *args)
