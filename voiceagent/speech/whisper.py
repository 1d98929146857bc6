"""Whisper by CTranslate2, made for the short utterances of a telephone call.

Whisper (Radford et al., 2022) was trained on windows of 30 s. Its encoder takes less: an
utterance with 10 s of silence behind it is recognised as well in a third of the time, while
with 2 to 5 s the decoder tends to loop. Three guards keep inventions out: a limit on tokens by
duration, a check of repetitions against the clock, and the probability of no speech.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer

from voiceagent.audio.frames import Floats, to_float
from voiceagent.audio.resample import resample
from voiceagent.events import Expectation, Utterance, Word
from voiceagent.speech import digits
from voiceagent.speech.models import ModelError
from voiceagent.speech.readings import Reading, bare, is_invented, loops, settle, without_loop
from voiceagent.speech.recognizer import RecognitionError

_RATE = 16000
_HOP = 160
_FRAMES_A_SECOND = _RATE // _HOP
_TOKEN_S = 0.02
"""Seconds of audio for one position of the encoder."""
_LEAD_S = 0.26
"""Silence put before the audio: a word on its very edge is often missed."""
_PADDING_S = 10.0
_WINDOW_S = 30.0
_PIECE_S = 25.0
"""Longer audio is cut into pieces, each at its quietest place in the last 5 s."""
_SHORTEST_S = 0.1
_BEAM = 2
_BEAM_SHORT = 5
"""For what is shorter than `_SHORT_S`: there is little to go by, and little to pay."""
_SHORT_S = 2.0
_CORES_ALONE = 2
_VOCABULARY_TOKENS = 60


class WhisperRecognizer:
    """A Whisper model in CTranslate2's form, with 8-bit weights.

    Args:
        folder: ``model.bin``, ``tokenizer.json``, ``vocabulary.txt`` and ``config.json``.
        name: what `Utterance.engine` will say.
        workers: how many utterances are decoded at once. An utterance that is alone has two
            cores to itself, since then nothing counts but how soon it is done; several share
            what there is.

    Raises:
        ModelError: the folder does not hold such a model.
    """

    streaming = False

    def __init__(self, folder: Path, name: str, workers: int = 1) -> None:
        self.name = name
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder),
                compute_type="int8",
                inter_threads=workers,
                intra_threads=min(_CORES_ALONE, os.cpu_count() or 1),
            )
            self._vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise ModelError(
                f"{folder} holds no CTranslate2 Whisper model that can be read: {error}"
            ) from error
        self.languages: Sequence[str] = ("*",) if self._model.is_multilingual else ("en",)
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
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
            tokenizer = Tokenizer(
                self._vocabulary, self._model.is_multilingual, "transcribe", language
            )
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
    ) -> Reading:
        """Decode at most 29 s of audio at 16 kHz.

        Args:
            lengths: how many digits were asked for, where digits were.
        """
        reading, states = self._decode(audio, tokenizer, vocabulary, _PADDING_S)
        if loops(reading.words):
            reading, states = self._decode(audio, tokenizer, (), _WINDOW_S)
            if loops(reading.words):
                reading = without_loop(reading)
        if lengths is not None and self.digits is not None:
            reading = settle(reading, self.digits.read(states, lengths), lengths)
        return reading

    def states(self, audio: Floats) -> Floats:
        """The encoder's states of audio at 16 kHz, shape (frames of 20 ms, states)."""
        return self._states(self._encode(audio, _PADDING_S), audio)

    def _encode(self, audio: Floats, padding_s: float) -> ctranslate2.StorageView:
        lead = np.zeros(round(_LEAD_S * _RATE), np.float32)
        return self._model.encode(self._spectrum(np.concatenate([lead, audio]), padding_s))

    def _states(self, encoded: ctranslate2.StorageView, audio: Floats) -> Floats:
        first = round(_LEAD_S / _TOKEN_S)
        last = first + math.ceil(audio.size / _RATE / _TOKEN_S)
        return np.asarray(np.array(encoded)[0, first:last], np.float32)

    def _decode(
        self, audio: Floats, tokenizer: Tokenizer, vocabulary: Sequence[str], padding_s: float
    ) -> tuple[Reading, Floats]:
        seconds = audio.size / _RATE + _LEAD_S
        encoded = self._encode(audio, padding_s)
        beam = _BEAM_SHORT if seconds < _SHORT_S + _LEAD_S else _BEAM
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        if vocabulary:
            hint = tokenizer.encode(" " + ", ".join(vocabulary) + ".")[:_VOCABULARY_TOKENS]
            prompt = [tokenizer.sot_prev, *hint, *prompt]
        result = self._model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=min(len(prompt) + 10 + round(8 * seconds), 448),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
        words = self._align(encoded, tokenizer, tokens, seconds)
        texts = [tokenizer.decode(sequence).strip() for sequence in result.sequences_ids]
        others = {bare(other): other for other in reversed(texts)}
        reading = Reading(
            lead=_lead(texts, result.scores, [len(ids) + 1 for ids in result.sequences_ids]),
            text=texts[0],
            words=tuple(words),
            log_probability=float(result.scores[0]),
            no_speech=min(1.0, max(0.0, float(result.no_speech_prob))),
            alternatives=tuple(
                other for said, other in others.items() if said and said != bare(texts[0])
            ),
        )
        return reading, self._states(encoded, audio)

    def _spectrum(self, audio: Floats, padding_s: float) -> ctranslate2.StorageView:
        spectrum = self._features(audio, padding=_HOP)
        frames = min(
            spectrum.shape[1] + round(padding_s * _FRAMES_A_SECOND),
            round(_WINDOW_S * _FRAMES_A_SECOND),
        )
        frames += frames % 2
        # The extractor's floor lies 2.0 below its maximum: so would true silence.
        padded = np.full((spectrum.shape[0], frames), spectrum.max() - 2.0, np.float32)
        padded[:, : spectrum.shape[1]] = spectrum[:, :frames]
        return ctranslate2.StorageView.from_array(padded[None])

    def _align(
        self,
        encoded: ctranslate2.StorageView,
        tokenizer: Tokenizer,
        tokens: list[int],
        seconds: float,
    ) -> list[Word]:
        """Words with times and probabilities, punctuation on the word before it."""
        if not tokens:
            return []
        frames = max(1, math.ceil(seconds * _FRAMES_A_SECOND))
        aligned = self._model.align(encoded, tokenizer.sot_sequence, [tokens], frames)[0]
        starts: dict[int, int] = {}
        for token, moment in aligned.alignments:
            starts.setdefault(token, moment)
        texts, groups = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        words: list[Word] = []
        first = 0
        for text, group in zip(texts[:-1], groups[:-1], strict=True):
            after = first + len(group)
            start = starts.get(first, 0) * _TOKEN_S
            end = starts.get(after, frames // 2) * _TOKEN_S
            probability = float(np.mean(aligned.text_token_probs[first:after]))
            first = after
            if words and not bare(text):
                words[-1] = words[-1].model_copy(update={"word": words[-1].word + text.strip()})
                continue
            words.append(
                Word(
                    word=text.strip(),
                    start_s=_without_lead(start, seconds),
                    end_s=_without_lead(max(start, end), seconds),
                    confidence=min(1.0, max(0.0, probability)),
                )
            )
        return words


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

    def feed(self, pcm: bytes) -> str:
        """Keep the samples; there are no partial texts."""
        self._pcm += pcm
        return ""

    def finish(self) -> Utterance:
        """Decode the utterance; see `Recognition.finish`."""
        audio = resample(to_float(bytes(self._pcm)), self._rate, _RATE)
        duration = audio.size / _RATE
        engine = self._recognizer.name
        if duration < _SHORTEST_S:
            return Utterance(text="", end_s=duration, no_speech=1.0, engine=engine)
        try:
            readings = [(start / _RATE, self._read(piece)) for start, piece in _pieces(audio)]
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
            no_speech=no_speech,
            engine=engine,
        )

    def _read(self, piece: Floats) -> Reading:
        return self._recognizer.read(piece, self._tokenizer, self._vocabulary, self._lengths)


def _lengths(asked: Expectation | None) -> range | None:
    """How many digits may be said, where digits were asked for."""
    if asked is None or asked.kind != "digits":
        return None
    return range(asked.min_digits or 1, (asked.max_digits or 40) + 1)


def _lead(texts: Sequence[str], scores: Sequence[float], lengths: Sequence[int]) -> float:
    """Share of the first text in the probability of all; `scores` are averages over tokens."""
    totals = np.array([score * length for score, length in zip(scores, lengths, strict=True)])
    shares = np.exp(totals - totals.max())
    same = np.array([bare(text) == bare(texts[0]) for text in texts])
    return float(shares[same].sum() / shares.sum())


def _without_lead(moment_s: float, seconds: float) -> float:
    return round(max(0.0, min(moment_s, seconds) - _LEAD_S), 3)


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
    longest, search = round(_PIECE_S * _RATE), 5 * _RATE
    hop = _RATE // 50
    while audio.size - start > longest:
        last = audio[start + longest - search : start + longest]
        loudness = np.square(last).reshape(-1, hop).mean(axis=1)
        smooth = np.convolve(loudness, np.ones(10), mode="valid")
        cut = start + longest - search + (int(smooth.argmin()) + 5) * hop
        pieces.append((start, audio[start:cut]))
        start = cut
    return [*pieces, (start, audio[start:])]
