"""A voice and a telephone line for the tests of speech."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from voiceagent.audio.frames import to_float, to_pcm
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer


@pytest.fixture(scope="session")
def voice() -> PiperSynthesizer:
    return PiperSynthesizer(locate("joe-us"), "joe-us")


class Telephone:
    """Says a text as it comes out of a telephone line."""

    def __init__(self, voice: PiperSynthesizer) -> None:
        self._voice = voice
        self._band = butter(4, [300, 3400], "band", fs=8000, output="sos")

    def say(self, text: str) -> bytes:
        """The text spoken, 300 to 3400 Hz, through G.711 mu-law."""
        speech = sosfilt(self._band, to_float(b"".join(self._voice.synthesize(text))))
        sign, size = np.sign(speech), np.minimum(np.abs(speech), 1.0)
        steps = np.rint(127 * np.log1p(255 * size) / np.log(256)) / 127
        return to_pcm((sign * np.expm1(steps * np.log(256)) / 255).astype(np.float32))


@pytest.fixture(scope="session")
def telephone() -> Telephone:
    """A voice without chance in it: the same text always sounds the same."""
    return Telephone(PiperSynthesizer(locate("joe-us"), "joe-us", steady=True))
