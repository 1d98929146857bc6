"""Whisper as a recogniser for the short utterances of a telephone call.

Three guards keep inventions out: a limit on tokens by duration, a check of repetitions against
the clock, and the probability of no speech.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from voiceagent.audio.frames import Floats, to_float
from voiceagent.audio.resample import resample
from voiceagent.events import Expectation, Utterance, Word
from voiceagent.speech import digits
from voiceagent.speech.models import ModelError
from voiceagent.speech.readings import Reading, is_invented, loops, said_once, settle, without_loop
from voiceagent.speech.recognizer import OnText, RecognitionError, nobody
from voiceagent.speech.whisper_model import (
    LONG_PADDING_S,
    PADDING_S,
    RATE,
    WINDOW_S,
    WhisperModel,
)

_PIECE_S = 25.0
"""Longer audio is cut into pieces, each at its quietest place in the last 5 s."""
_SHORTEST_S = 0.1
_SHORT_S = 1.5
_LOUD = 0.02
"""Share of an utterance's greatest power."""


class WhisperRecognizer:
    """A Whisper model in CTranslate2's form, with 8-bit weights.

    Args:
        folder: ``model.bin``, ``tokenizer.json``, ``vocabulary.txt`` and ``config.json``.
        name: what `Utterance.engine` will say.
        workers: how many utterances are decoded at once.

    Raises:
        ModelError: the folder does not hold such a model.
    """

    streaming = False

    def __init__(self, folder: Path, name: str, workers: int = 1) -> None:
        self.name = name
        try:
            self._model = WhisperModel(folder, workers)
        except Exception as error:
            raise ModelError(
                f"{folder} holds no CTranslate2 Whisper model that can be read: {error}"
            ) from error
        self.languages = self._model.languages
        self.digits = digits.reader(name)
        """Reads digits where they were asked for; None for a model that none was taught for."""

    def open(
        self,
        rate: int,
        language: str,
        vocabulary: Sequence[str],
        asked: Expectation | None = None,
    ) -> WhisperRecognition:
        """Begin an utterance; see `Recognizer.open`."""
        if "*" not in self.languages and language not in self.languages:
            raise RecognitionError(f"{self.name} does not know the language {language!r}")
        try:
            tokenizer = self._model.tokenizer(language)
        except ValueError as error:
            raise RecognitionError(
                f"{self.name} does not know the language {language!r}"
            ) from error
        # The digits were taught in English.
        lengths = _lengths(asked) if language == "en" else None
        return WhisperRecognition(self, tokenizer, rate, vocabulary, lengths)

    def read(
        self,
        audio: Floats,
        tokenizer: Tokenizer,
        vocabulary: Sequence[str],
        lengths: range | None = None,
        wanted: Callable[[], bool] = lambda: True,
        on_text: OnText = nobody,
    ) -> Reading:
        """Decode at most 29 s of audio at 16 kHz.

        Args:
            lengths: how many digits were asked for, where digits were.
            wanted: asked between the steps of the work; no ends it.
            on_text: told the text as soon as it is known, where no digits were asked for.

        Raises:
            RecognitionError: it is not wanted any more.
        """
        short = audio.size < _SHORT_S * RATE and lengths is None
        encoded = self._model.encode(audio, LONG_PADDING_S if short else PADDING_S)
        if not wanted():
            raise RecognitionError("the utterance was given up")
        settled = lengths is None or self.digits is None
        tell = on_text if settled else nobody
        reading = self._model.decode(encoded, audio, tokenizer, vocabulary, tell)
        if loops(reading.words):
            encoded = self._model.encode(audio, WINDOW_S)
            reading = self._model.decode(encoded, audio, tokenizer, ())
            if loops(reading.words):
                reading = without_loop(reading)
        reading = said_once(reading, _sounding_s(audio))
        if lengths is not None and self.digits is not None:
            states = self._model.states(encoded, audio)
            reading = settle(reading, self.digits.read(states, lengths), lengths)
        return reading

    def states(self, audio: Floats) -> Floats:
        """The encoder's states of audio at 16 kHz, shape (frames of 20 ms, states)."""
        return self._model.states(self._model.encode(audio), audio)


class WhisperRecognition:
    """Collects one utterance and decodes it at its end."""

    def __init__(
        self,
        recognizer: WhisperRecognizer,
        tokenizer: Tokenizer,
        rate: int,
        vocabulary: Sequence[str],
        lengths: range | None,
    ) -> None:
        self._recognizer = recognizer
        self._tokenizer = tokenizer
        self._rate = rate
        self._vocabulary = vocabulary
        self._lengths = lengths
        self._pcm = bytearray()
        self._wanted = True

    def feed(self, pcm: bytes) -> str:
        """Keep the samples; there are no partial texts."""
        self._pcm += pcm
        return ""

    def finish(self, on_text: OnText = nobody) -> Utterance:
        """Decode the utterance; see `Recognition.finish`."""
        audio = resample(to_float(bytes(self._pcm)), self._rate, RATE)
        duration = audio.size / RATE
        engine = self._recognizer.name
        if duration < _SHORTEST_S:
            return Utterance(text="", end_s=duration, no_speech=1.0, engine=engine)
        try:
            pieces = _pieces(audio)
            tell = on_text if len(pieces) == 1 else nobody
            readings = [(start / RATE, self._read(piece, tell)) for start, piece in pieces]
        except RuntimeError as error:
            raise RecognitionError(f"{engine} failed: {error}") from error
        spoken = [(start, reading) for start, reading in readings if not is_invented(reading)]
        no_speech = min(reading.no_speech for _, reading in readings)
        if not spoken:
            return Utterance(text="", end_s=duration, no_speech=no_speech, engine=engine)
        log_probability = float(np.mean([reading.log_probability for _, reading in spoken]))
        return Utterance(
            text=" ".join(reading.text for _, reading in spoken),
            end_s=duration,
            confidence=min(1.0, math.exp(log_probability)),
            words=tuple(_moved(word, start) for start, reading in spoken for word in reading.words),
            alternatives=spoken[0][1].alternatives if len(readings) == 1 else (),
            lead=min(reading.lead for _, reading in spoken),
            least_likely=min(reading.least_likely for _, reading in spoken),
            no_speech=no_speech,
            engine=engine,
        )

    def abandon(self) -> None:
        """Work no more on it; see `Recognition.abandon`."""
        self._wanted = False

    def _read(self, piece: Floats, on_text: OnText) -> Reading:
        return self._recognizer.read(
            piece, self._tokenizer, self._vocabulary, self._lengths, lambda: self._wanted, on_text
        )


def _sounding_s(audio: Floats) -> float:
    """Seconds from the first loud moment to the last."""
    hop = RATE // 100
    power = np.square(audio[: audio.size // hop * hop]).reshape(-1, hop).mean(axis=1)
    loud = np.flatnonzero(power > _LOUD * power.max())
    return float(loud[-1] - loud[0] + 1) * hop / RATE if loud.size else 0.0


def _lengths(asked: Expectation | None) -> range | None:
    """How many digits may be said, where digits were asked for."""
    if asked is None or asked.kind != "digits":
        return None
    return range(asked.min_digits or 1, (asked.max_digits or 40) + 1)


def _moved(word: Word, by_s: float) -> Word:
    if not by_s:
        return word
    return word.model_copy(
        update={"start_s": round(word.start_s + by_s, 3), "end_s": round(word.end_s + by_s, 3)}
    )


def _pieces(audio: Floats) -> list[tuple[int, Floats]]:
    """Pieces that fit the window, with their first sample, cut where it is quiet."""
    pieces: list[tuple[int, Floats]] = []
    start = 0
    longest, search = round(_PIECE_S * RATE), 5 * RATE
    hop = RATE // 50
    while audio.size - start > longest:
        last = audio[start + longest - search : start + longest]
        loudness = np.square(last).reshape(-1, hop).mean(axis=1)
        smooth = np.convolve(loudness, np.ones(10), mode="valid")
        cut = start + longest - search + (int(smooth.argmin()) + 5) * hop
        pieces.append((start, audio[start:cut]))
        start = cut
    return [*pieces, (start, audio[start:])]
