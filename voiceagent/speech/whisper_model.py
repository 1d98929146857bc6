"""A Whisper model in CTranslate2: audio in, a reading out.

Whisper (Radford et al., 2022) was trained on windows of 30 s. Its encoder takes less: an
utterance with 6 s of silence behind it is recognised as well in a quarter of the time, while
with less the decoder tends to loop.

The text is first the likeliest token after token, which takes half as long as a beam. Only
where a token was in doubt a beam looks for a better one: a fifth of what customers say, and it
is as often right as if a beam had read everything.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer

from voiceagent.audio.frames import Floats
from voiceagent.events import Word
from voiceagent.speech.readings import Reading, bare, is_double, is_invented
from voiceagent.speech.recognizer import OnText, nobody

RATE = 16000
"""Samples a second that the model takes."""
PADDING_S = 6.0
LONG_PADDING_S = 10.0
"""For what is short: it is more often written twice, and costs little."""
WINDOW_S = 30.0
_HOP = 160
_FRAMES_A_SECOND = RATE // _HOP
_TOKEN_S = 0.02
"""Seconds of audio for one position of the encoder."""
_LEAD_S = 0.26
"""Silence put before the audio: a word on its very edge is often missed."""
_IN_DOUBT = 0.4
"""A text whose least likely token is less likely than this is searched for again by a beam."""
_BEAM = 5
_WORDS_A_SECOND = 5.0
"""More words than this, and the text may be a loop."""
_CORES_ALONE = 2
_VOCABULARY_TOKENS = 60


class WhisperModel:
    """A model in CTranslate2's form, with 8-bit weights. It may be used from several threads.

    Args:
        folder: ``model.bin``, ``tokenizer.json``, ``vocabulary.txt`` and ``config.json``.
        workers: how many utterances are decoded at once. An utterance that is alone has two
            cores to itself, since then nothing counts but how soon it is done; several share
            what there is.

    Raises:
        Exception: of many kinds, when the folder does not hold such a model.
    """

    def __init__(self, folder: Path, workers: int = 1) -> None:
        self._model = ctranslate2.models.Whisper(
            str(folder),
            compute_type="int8",
            inter_threads=workers,
            intra_threads=min(_CORES_ALONE, os.cpu_count() or 1),
        )
        self._vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self.languages: Sequence[str] = ("*",) if self._model.is_multilingual else ("en",)

    def tokenizer(self, language: str) -> Tokenizer:
        """The text side of the model.

        Raises:
            ValueError: there is no such language.
        """
        return Tokenizer(self._vocabulary, self._model.is_multilingual, "transcribe", language)

    def encode(self, audio: Floats, padding_s: float = PADDING_S) -> ctranslate2.StorageView:
        """The encoder's output for audio at 16 kHz with silence behind it."""
        lead = np.zeros(round(_LEAD_S * RATE), np.float32)
        return self._model.encode(self._spectrum(np.concatenate([lead, audio]), padding_s))

    def states(self, encoded: ctranslate2.StorageView, audio: Floats) -> Floats:
        """The encoder's states of the audio alone, shape (frames of 20 ms, states)."""
        first = round(_LEAD_S / _TOKEN_S)
        last = first + math.ceil(audio.size / RATE / _TOKEN_S)
        return np.asarray(np.array(encoded)[0, first:last], np.float32)

    def decode(
        self,
        encoded: ctranslate2.StorageView,
        audio: Floats,
        tokenizer: Tokenizer,
        vocabulary: Sequence[str],
        on_text: OnText = nobody,
    ) -> Reading:
        """What was said in the audio that was encoded.

        Args:
            vocabulary: words that are likely, best first.
            on_text: told the text before its words are looked for in the audio, unless the
                reading may be none.
        """
        seconds = audio.size / RATE + _LEAD_S
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        if vocabulary:
            hint = tokenizer.encode(" " + ", ".join(vocabulary) + ".")[:_VOCABULARY_TOKENS]
            prompt = [tokenizer.sot_prev, *hint, *prompt]
        options = {
            "max_length": min(len(prompt) + 10 + round(8 * seconds), 448),
            "return_scores": True,
            "return_no_speech_prob": True,
        }
        found = self._model.generate(
            encoded, [prompt], beam_size=1, return_logits_vocab=True, **options
        )[0]
        doubts = [_doubt(np.asarray(logits)) for logits in found.logits[0]]
        least_likely = min((sure for sure, _ in doubts), default=0.0)
        if least_likely < _IN_DOUBT:
            found = self._model.generate(
                encoded, [prompt], beam_size=_BEAM, num_hypotheses=_BEAM, **options
            )[0]
        sequences = [[t for t in ids if t < tokenizer.eot] for ids in found.sequences_ids]
        text, *others = (tokenizer.decode(sequence).strip() for sequence in sequences)
        different = {bare(other): other for other in reversed(others) if bare(other)}
        different.pop(bare(text), None)
        reading = Reading(
            text=text,
            words=(),
            log_probability=float(found.scores[0]),
            no_speech=min(1.0, max(0.0, float(found.no_speech_prob))),
            alternatives=tuple(reversed(different.values())),
            lead=1 / (1 + sum(rival for _, rival in doubts)),
            least_likely=least_likely,
        )
        said = text.split()
        sure = not is_invented(reading) and not is_double(said)
        if sure and len(said) < _WORDS_A_SECOND * seconds:
            on_text(text)
        return replace(reading, words=tuple(self._align(encoded, tokenizer, sequences[0], seconds)))

    def _spectrum(self, audio: Floats, padding_s: float) -> ctranslate2.StorageView:
        spectrum = self._features(audio, padding=_HOP)
        frames = min(
            spectrum.shape[1] + round(padding_s * _FRAMES_A_SECOND),
            round(WINDOW_S * _FRAMES_A_SECOND),
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


def _doubt(logits: Floats) -> tuple[float, float]:
    """Probability of the likeliest token, and of the next as a share of that."""
    flat = logits.ravel().astype(np.float32)
    likely = np.exp(flat - flat.max())
    return float(1 / likely.sum()), float(np.partition(likely, -2)[-2])


def _without_lead(moment_s: float, seconds: float) -> float:
    return round(max(0.0, min(moment_s, seconds) - _LEAD_S), 3)
