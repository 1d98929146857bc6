"""Voices for people who do not exist: a synthesiser's own, higher or lower, faster or slower."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_float
from voiceagent.audio.wav import save
from voiceagent.speech.client import SpeechClient
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer, levelled

_STUDIO_RATE = 16000
"""A voice that is to become lower needs more than the telephone's band."""
_SILENT = 10 ** (-50 / 20)
PAUSE = re.compile(r"<\s*(\d+(?:\.\d+)?)\s*s\s*>")
"""A pause in a text, such as ``<0.8s>``."""


@dataclass(frozen=True)
class Actor:
    """How a voice is changed. To play it faster or slower moves its pitch and its formants."""

    pitch: float = 100
    """Percent of the voice's own."""
    rate: float = 100
    """Speed, percent of the voice's own."""
    level_db: float = -20
    """Level of active speech, dBFS."""

    def perform(self, speech: Floats, rate: int = SAMPLE_RATE) -> Floats:
        """The changed voice at 8 kHz. It is as much faster as it is higher."""
        up, down = round(100 * SAMPLE_RATE), round(self.pitch * rate)
        changed = resample_poly(speech, up, down).astype(np.float32)
        return levelled(changed, level_db=self.level_db)

    async def speak(self, text: str, speech: SpeechClient, path: Path) -> Path:
        """Write `text`, spoken by a speech service, to an 8 kHz mono WAV file.

        Raises:
            SpeechError: the service failed.
        """
        pcm = b"".join([piece async for piece in speech.synthesize(text)])
        save(path, self.perform(to_float(pcm)))
        return path


class Cast:
    """Synthesisers in this process, each loaded at its first use."""

    def __init__(self) -> None:
        self._voices: dict[tuple[str, float], PiperSynthesizer] = {}

    def speak(self, text: str, actor: Actor, voice: str = "joe-us") -> Floats:
        """A text with its pauses as spoken by an actor, 8 kHz, without silence at its ends.

        Raises:
            ModelError: there is no such voice.
            SynthesisError: the voice failed.
        """
        words, pauses = PAUSE.split(text)[::2], PAUSE.split(text)[1::2]
        parts = [self._part(part, actor, voice) for part in words]
        for number, seconds in enumerate(pauses):
            parts.insert(2 * number + 1, np.zeros(round(float(seconds) * SAMPLE_RATE), np.float32))
        return np.concatenate(parts)

    def _part(self, text: str, actor: Actor, voice: str) -> Floats:
        if not text.strip():
            return np.zeros(0, np.float32)
        # Played higher it is faster as well, so it is spoken as much slower before.
        scale = actor.pitch / actor.rate
        if (voice, scale) not in self._voices:
            self._voices[voice, scale] = PiperSynthesizer(
                locate(voice), voice, length_scale=scale, rate=_STUDIO_RATE
            )
        pieces = [*self._voices[voice, scale].synthesize(text)]
        spoken = actor.perform(to_float(b"".join(pieces)), _STUDIO_RATE)
        sounding = np.flatnonzero(np.abs(spoken) > _SILENT)
        return spoken[sounding[0] : sounding[-1] + 1] if sounding.size else spoken[:0]
