"""Voices for people who do not exist: the agent's own synthesiser, at another pitch."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_float, to_pcm
from voiceagent.speech.client import SpeechClient


@dataclass(frozen=True)
class Actor:
    """A voice made from another one by playing it faster or slower."""

    pitch_percent: int = 100
    level_db: float = -18.0
    """Level of the loudest 20 ms, dBFS."""

    async def speak(self, text: str, speech: SpeechClient, path: Path) -> Path:
        """Write `text`, spoken, to an 8 kHz mono WAV file.

        Raises:
            SpeechError: the service failed.
        """
        pcm = b"".join([piece async for piece in speech.synthesize(text)])
        samples = resample_poly(to_float(pcm), 100, self.pitch_percent).astype(np.float32)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(to_pcm(self._levelled(samples)))
        return path

    def _levelled(self, samples: Floats) -> Floats:
        loudest = max(float(np.sqrt(np.mean(part**2))) for part in np.array_split(samples, 50))
        return samples * np.float32(10 ** (self.level_db / 20) / max(loudest, 1e-6))
