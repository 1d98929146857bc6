"""Vosk: streaming recognition with partial texts and word confidences."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vosk

from voiceagent.events import Expectation, Utterance, Word
from voiceagent.speech.models import ModelError, registry
from voiceagent.speech.recognizer import OnText, RecognitionError, nobody

vosk.SetLogLevel(-1)

_DIGITS = [
    *("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("double", "triple"),
]
_YES_NO = ["yes", "yeah", "yep", "no", "nope", "right", "correct", "wrong", "sure"]
_UNKNOWN = "[unk]"


class VoskRecognizer:
    """A Vosk model.

    Args:
        folder: the unpacked model, the folder that holds ``am`` and ``conf``.
        name: what `Utterance.engine` will say.
        languages: codes of the languages it knows; left out, taken from the registry or from
            the folder's name, such as ``vosk-model-small-en-us-0.15``.

    Raises:
        ModelError: the folder does not hold such a model.
    """

    streaming = True

    def __init__(self, folder: Path, name: str, languages: Sequence[str] | None = None) -> None:
        if not (folder / "am").is_dir() and not (folder / "final.mdl").is_file():
            raise ModelError(
                f"{folder} holds no Vosk model: it should have a folder am in it; "
                "unpack the archive and name the folder inside"
            )
        try:
            self._model = vosk.Model(os.fspath(folder))
        except Exception as error:
            raise ModelError(f"{folder} holds no Vosk model that can be read: {error}") from error
        self.name = name
        # A grammar needs a graph put together at run time, and a word for all that is not in it:
        # without one the model would hear an answer in everything.
        unknown = self._model.vosk_model_find_word(_UNKNOWN)
        self._takes_grammars = unknown >= 0 and any(folder.rglob("Gr.fst"))
        self.languages = tuple(languages or _languages(name, folder))

    def open(
        self,
        rate: int,
        language: str,
        vocabulary: Sequence[str],
        asked: Expectation | None = None,
    ) -> VoskRecognition:
        """Begin an utterance; see `Recognizer.open`.

        The vocabulary is not used: a Vosk grammar hears nothing but its words. Where a question
        has few answers, a second recogniser listens with a grammar of just these; what it hears
        counts when nothing else was in the sound.
        """
        if "*" not in self.languages and language not in self.languages:
            raise RecognitionError(
                f"{self.name} knows {', '.join(self.languages)}, not {language!r}"
            )
        return VoskRecognition(self._model, self.name, rate, self._grammar(language, asked))

    def _grammar(self, language: str, asked: Expectation | None) -> list[str] | None:
        """The answers to the question, where they are few and the model can listen for them."""
        if asked is None or not self._takes_grammars:
            return None
        answers = list(asked.choices)
        if language == "en":
            answers += {"digits": _DIGITS, "yes_no": _YES_NO}.get(asked.kind, [])
        phrases = [" ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower())) for text in answers]
        return phrases or None


class VoskRecognition:
    """Recognises one utterance as it is spoken.

    Args:
        grammar: the phrases that a second recogniser listens for, if one does.
    """

    def __init__(
        self, model: vosk.Model, engine: str, rate: int, grammar: Sequence[str] | None = None
    ) -> None:
        self._engine = engine
        self._rate = rate
        self._samples = 0
        self._open = _Ear(vosk.KaldiRecognizer(model, float(rate)))
        self._closed: _Ear | None = None
        if grammar:
            phrases = json.dumps([*grammar, _UNKNOWN], ensure_ascii=False)
            self._closed = _Ear(vosk.KaldiRecognizer(model, float(rate), phrases))

    def feed(self, pcm: bytes) -> str:
        """Recognise more samples; the text so far."""
        self._samples += len(pcm) // 2
        try:
            if self._closed is not None:
                self._closed.feed(pcm)
            return self._open.feed(pcm)
        except Exception as error:
            raise RecognitionError(f"{self._engine} failed: {error}") from error

    def finish(self, on_text: OnText = nobody) -> Utterance:
        """The whole utterance, of which nothing is known earlier; see `Recognition.finish`."""
        heard, other = self._open.finish(), ""
        if self._closed is not None:
            answer = self._closed.finish()
            if answer and all(word.word != _UNKNOWN for word in answer):
                heard, other = answer, _text(heard)
        confidences = [word.confidence for word in heard if word.confidence is not None]
        text = _text(heard)
        return Utterance(
            text=text,
            end_s=self._samples / self._rate,
            confidence=sum(confidences) / len(confidences) if confidences else None,
            words=tuple(heard),
            alternatives=(other,) if other and other != text else (),
            engine=self._engine,
        )

    def abandon(self) -> None:
        """Nothing to do: the work was done as the samples came."""


class _Ear:
    """One recogniser and what it has made final."""

    def __init__(self, recognizer: vosk.KaldiRecognizer) -> None:
        self._recognizer = recognizer
        self._recognizer.SetWords(True)
        self._finals: list[dict[str, Any]] = []

    def feed(self, pcm: bytes) -> str:
        partial = ""
        if self._recognizer.AcceptWaveform(pcm):
            self._finals.append(json.loads(self._recognizer.Result()))
        else:
            partial = json.loads(self._recognizer.PartialResult())["partial"]
        texts = [*(final["text"] for final in self._finals), partial]
        return " ".join(text for text in texts if text)

    def finish(self) -> list[Word]:
        self._finals.append(json.loads(self._recognizer.FinalResult()))
        return [
            Word(
                word=word["word"],
                start_s=round(word["start"], 3),
                end_s=round(word["end"], 3),
                confidence=min(1.0, max(0.0, word["conf"])),
            )
            for final in self._finals
            for word in final.get("result", ())
        ]


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.word for word in words)


def _languages(name: str, folder: Path) -> tuple[str, ...]:
    known = registry().get(name)
    if known is not None:
        return known.languages
    named = re.search(r"vosk-model-(?:small-|big-)?([a-z]{2})\b", folder.name)
    return (named[1],) if named else ("*",)
