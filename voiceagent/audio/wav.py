"""Sound files in and out: any format and rate in, mono WAV out."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import av
import numpy as np

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_pcm

_WITHOUT_HEADER = {
    ".ulaw": ("mulaw", 8000),
    ".alaw": ("alaw", 8000),
    ".sln": ("s16le", 8000),
    ".sln16": ("s16le", 16000),
}
"""What Asterisk records by these names says nothing of itself: format and rate."""


class AudioFileError(Exception):
    """A sound file cannot be read; the text names the file and the fault."""


def load(path: Path, rate: int = SAMPLE_RATE) -> Floats:
    """A sound file as mono floats of shape (samples,); channels are mixed.

    Raises:
        AudioFileError: the file is missing or holds no audio that can be decoded.
    """
    return np.asarray(load_channels(path, rate).mean(axis=0), np.float32)


def load_channels(path: Path, rate: int = SAMPLE_RATE) -> Floats:
    """A sound file as floats of shape (channels, samples).

    Raises:
        AudioFileError: the file is missing or holds no audio that can be decoded.
    """
    return np.concatenate([*blocks(path, rate)], axis=1)


def blocks(path: Path, rate: int = SAMPLE_RATE) -> Iterator[Floats]:
    """A sound file piece by piece, each piece floats of shape (channels, samples).

    Raises:
        AudioFileError: the file is missing or holds no audio that can be decoded.
    """
    empty = True
    with _audio(path) as container:
        resampler = av.AudioResampler(format="fltp", rate=rate)
        for frame in chain(container.decode(audio=0), (None,)):
            for piece in resampler.resample(frame):
                empty = False
                yield _samples(piece)
    if empty:
        raise AudioFileError(f"{path}: holds no audio")


def rate_of(path: Path) -> int:
    """Samples a second of a sound file.

    Raises:
        AudioFileError: the file is missing or holds no audio.
    """
    with _audio(path) as container:
        return int(container.streams.audio[0].rate)


@contextmanager
def _audio(path: Path) -> Iterator[av.container.InputContainer]:
    try:
        with _opened(path) as container:
            if not container.streams.audio:
                raise AudioFileError(f"{path}: holds no audio")
            yield container
    except (OSError, av.FFmpegError) as error:
        raise AudioFileError(f"{path}: cannot be read as audio: {error.strerror}") from error


def _opened(path: Path) -> av.container.InputContainer:
    if raw := _WITHOUT_HEADER.get(path.suffix):
        format_name, rate = raw
        return av.open(str(path), format=format_name, options={"sample_rate": str(rate)})
    return av.open(str(path))


def _samples(frame: av.AudioFrame) -> Floats:
    """Broken recorders leave NaN and infinity in files of floats: one would silence the rest."""
    return np.nan_to_num(np.asarray(frame.to_ndarray(), np.float32), posinf=0.0, neginf=0.0)


def save(path: Path, samples: Floats, rate: int = SAMPLE_RATE) -> None:
    """Write mono floats as a 16-bit WAV file.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(to_pcm(samples))
