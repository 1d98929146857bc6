"""Recording a call: two channels, the caller left, the agent right.

Each side is written where it belongs in time, so a gap is silence and the two stay aligned
whatever comes late. The header is brought up to date about once a second: after a crash the
file is valid and at most its last second is missing.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from voiceagent.audio.frames import SAMPLE_RATE

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_BYTES = 4
"""Bytes of one moment: two channels of 16 bits."""
_LONGEST = 24 * 3600 * SAMPLE_RATE


class Recorder:
    """Writes one call to a WAV file; folders are made as needed.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._length = 0
        self._announced = 0
        self._write_header()

    def caller(self, at: int, pcm: bytes) -> None:
        """Write 16-bit samples of the caller, the first at sample `at` from the call's start."""
        self._write(0, at, pcm)

    def agent(self, at: int, pcm: bytes) -> None:
        """Write 16-bit samples of the agent, the first at sample `at` from the call's start."""
        self._write(1, at, pcm)

    def close(self) -> None:
        """Finish the file. Later writes are ignored: media may outlive a call by a frame."""
        if self._file is not None:
            self._write_header()
            os.close(self._file)
            self._file = None

    def _write(self, channel: Literal[0, 1], at: int, pcm: bytes) -> None:
        if self._file is None:
            return
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
        if at < 0 or at + samples.size > _LONGEST:
            raise ValueError(f"sample {at} is outside a recording of at most 24 hours")
        place = _HEADER.size + at * _BYTES
        both = np.zeros((samples.size, 2), "<i2")
        there = os.pread(self._file, both.nbytes, place)
        both.reshape(-1).view(np.uint8)[: len(there)] = np.frombuffer(there, np.uint8)
        both[:, channel] = samples
        os.pwrite(self._file, both.tobytes(), place)
        self._length = max(self._length, at + samples.size)
        if self._length >= self._announced + SAMPLE_RATE:
            self._write_header()

    def _write_header(self) -> None:
        assert self._file is not None
        size = self._length * _BYTES
        header = _HEADER.pack(
            *(b"RIFF", _HEADER.size - 8 + size, b"WAVE"),
            *(b"fmt ", 16, 1, 2, SAMPLE_RATE, SAMPLE_RATE * _BYTES, _BYTES, 16),
            *(b"data", size),
        )
        os.pwrite(self._file, header, 0)
        self._announced = self._length


class Track:
    """One direction of a call on its way into a recording.

    Frames come from the event loop a little early or late; they are laid end to end as long
    as that is where they belong within `SLACK_S`, and at their own time after a gap.
    """

    SLACK_S = 0.1

    def __init__(self, write: Callable[[int, bytes], None]) -> None:
        self._write = write
        self._next: int | None = None

    def add(self, at_s: float, pcm: bytes) -> None:
        """Add a frame that began `at_s` seconds after the start of the recording."""
        at = max(0, round(at_s * SAMPLE_RATE))
        if self._next is not None and abs(at - self._next) <= self.SLACK_S * SAMPLE_RATE:
            at = self._next
        self._write(at, pcm)
        self._next = at + len(pcm) // 2
