"""Piper voices: sentence by sentence, at the telephone's rate or another, at an even loudness."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
from piper import PiperConfig, PiperVoice, SynthesisConfig

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_pcm
from voiceagent.audio.resample import resample
from voiceagent.language import bare_code
from voiceagent.speech.models import ModelError
from voiceagent.speech.reading_aloud import read_aloud
from voiceagent.speech.sentences import sentences

_SPEECH_DB = -20.0
"""Level of active speech, dBFS; about what telephone networks expect (ITU-T G.169, P.56)."""
_ACTIVE_BELOW_PEAK_DB = 30.0
_LIMIT_FROM = 0.7
_BLOCK_S = 0.02
"""Speech is looked at in blocks; one of them is kept before the first sound of a piece."""
_SENTENCE_PAUSE_S = 0.2
_CLAUSE_PAUSE_S = 0.1


class SynthesisError(Exception):
    """A text cannot be spoken; the text of the error says why."""


class PiperSynthesizer:
    """A Piper voice with a bounded memory of what it has said.

    Safe to use from several threads at once.

    Args:
        path: the ``.onnx`` file, its ``.onnx.json`` beside it.
        name: the voice's name.
        length_scale: speed; above 1 is slower.
        pitch: how high it speaks; above 1 is higher.
        speaker: number of the speaker, for a model with several.
        rate: samples a second of the speech.
        steady: whether a text always sounds the same, without the chance that makes it lively.
        cache_bytes: how much finished speech is kept, oldest use forgotten first.

    Raises:
        ModelError: there is no such voice at the path.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        *,
        length_scale: float = 1.0,
        pitch: float = 1.0,
        speaker: int | None = None,
        rate: int = SAMPLE_RATE,
        steady: bool = False,
        cache_bytes: int = 32 << 20,
    ) -> None:
        try:
            described = path.with_name(path.name + ".json").read_text(encoding="utf-8")
            # One thread a sentence: calls share the cores better, and a sentence is short.
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
            self._voice = PiperVoice(session, PiperConfig.from_dict(json.loads(described)))
        except Exception as error:
            raise ModelError(f"{path} is no Piper voice that can be read: {error}") from error
        self.name = name
        self.language = bare_code(self._voice.config.espeak_voice)
        self.rate = rate
        # Played faster it sounds higher, so it is spoken slower by as much.
        self._config = SynthesisConfig(length_scale=length_scale * pitch, speaker_id=speaker)
        if steady:
            self._config.noise_scale = self._config.noise_w_scale = 0.0
        self._source_rate = round(self._voice.config.sample_rate * pitch / 50) * 50
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cache_bytes = cache_bytes
        self._lock = threading.Lock()

    def synthesize(self, text: str) -> Iterator[bytes]:
        """Speech for the text, 16-bit mono at `rate`, a piece a sentence as it gets ready.

        The text is read as people read it: "$12.50", "18:30" and "order 471229" in words.

        Raises:
            SynthesisError: the voice failed.
        """
        for sentence in sentences(text):
            yield self._cached(sentence)

    def _cached(self, sentence: str) -> bytes:
        with self._lock:
            if sentence in self._cache:
                self._cache.move_to_end(sentence)
                return self._cache[sentence]
        speech = to_pcm(self._speak(sentence))
        with self._lock:
            self._cache[sentence] = speech
            kept = sum(map(len, self._cache.values()))
            while kept > self._cache_bytes:
                kept -= len(self._cache.popitem(last=False)[1])
        return speech

    def _speak(self, sentence: str) -> Floats:
        read = read_aloud(sentence, self._voice.config.espeak_voice)
        try:
            pieces = [
                chunk.audio_float_array
                for chunk in self._voice.synthesize(read, syn_config=self._config)
            ]
        except Exception as error:
            raise SynthesisError(f"the voice {self.name} failed: {error}") from error
        if not pieces:
            return np.zeros(0, np.float32)
        speech = np.concatenate(pieces)
        speech = resample(speech, self._source_rate, self.rate)
        pause_s = _SENTENCE_PAUSE_S if sentence[-1] in ".!?" else _CLAUSE_PAUSE_S
        return levelled(trimmed(speech, round(pause_s * self.rate), self.rate), self.rate)


def levelled(speech: Floats, rate: int = SAMPLE_RATE, level_db: float = _SPEECH_DB) -> Floats:
    """Speech with its active part at `level_db` (dBFS) and its peaks rounded off."""
    power = _block_power(speech, round(_BLOCK_S * rate))
    if not power.size or power.max() <= 0:
        return speech
    active = power[power > power.max() * 10 ** (-_ACTIVE_BELOW_PEAK_DB / 10)]
    louder = speech * np.float32(10 ** (level_db / 20) / np.sqrt(active.mean()))
    over = np.abs(louder) - _LIMIT_FROM
    room = 1.0 - _LIMIT_FROM
    limited = np.sign(louder) * (_LIMIT_FROM + room * np.tanh(np.maximum(over, 0) / room))
    return np.where(over > 0, limited, louder).astype(np.float32)


def trimmed(speech: Floats, pause: int, rate: int = SAMPLE_RATE) -> Floats:
    """Speech without the silence that the model puts at its ends, and `pause` samples of it
    after the last sound."""
    block = round(_BLOCK_S * rate)
    power = _block_power(speech, block)
    if not power.size or power.max() <= 0:
        return speech
    loud = np.flatnonzero(power > power.max() * 1e-4)
    start = max(0, (int(loud[0]) - 1) * block)
    length = (int(loud[-1]) + 1) * block + pause - start
    kept = speech[start : start + length]
    return np.pad(kept, (0, length - kept.size))


def _block_power(speech: Floats, block: int) -> Floats:
    blocks = speech[: speech.size // block * block].reshape(-1, block)
    return np.asarray(np.square(blocks).mean(axis=1), np.float32)
