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
from voiceagent.speech.recognizer import RecognitionError

vosk.SetLogLevel(-1)


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
        self.languages = tuple(languages or _languages(name, folder))

    def open(
        self,
        rate: int,
        language: str,
        vocabulary: Sequence[str],
        asked: Expectation | None = None,
    ) -> VoskRecognition:
        """Begin an utterance; see `Recognizer.open`. The vocabulary is not used: a Vosk grammar
        would hear nothing but its words."""
        if "*" not in self.languages and language not in self.languages:
            raise RecognitionError(
                f"{self.name} knows {', '.join(self.languages)}, not {language!r}"
            )
        return VoskRecognition(self._model, self.name, rate)


class VoskRecognition:
    """Recognises one utterance as it is spoken."""

    def __init__(self, model: vosk.Model, engine: str, rate: int) -> None:
        self._engine = engine
        self._rate = rate
        self._samples = 0
        self._recognizer = vosk.KaldiRecognizer(model, float(rate))
        self._recognizer.SetWords(True)
        self._finals: list[dict[str, Any]] = []

    def feed(self, pcm: bytes) -> str:
        """Recognise more samples; the text so far."""
        self._samples += len(pcm) // 2
        try:
            ended = self._recognizer.AcceptWaveform(pcm)
        except Exception as error:
            raise RecognitionError(f"{self._engine} failed: {error}") from error
        partial = ""
        if ended:
            self._finals.append(json.loads(self._recognizer.Result()))
        else:
            partial = json.loads(self._recognizer.PartialResult())["partial"]
        return " ".join(text for text in (*self._texts(), partial) if text)

    def finish(self) -> Utterance:
        """The whole utterance; see `Recognition.finish`."""
        self._finals.append(json.loads(self._recognizer.FinalResult()))
        words = tuple(
            Word(
                word=word["word"],
                start_s=round(word["start"], 3),
                end_s=round(word["end"], 3),
                confidence=min(1.0, max(0.0, word["conf"])),
            )
            for final in self._finals
            for word in final.get("result", ())
        )
        confidences = [word.confidence for word in words if word.confidence is not None]
        return Utterance(
            text=" ".join(self._texts()),
            end_s=self._samples / self._rate,
            confidence=sum(confidences) / len(confidences) if confidences else None,
            words=words,
            engine=self._engine,
        )

    def _texts(self) -> list[str]:
        return [final["text"] for final in self._finals if final["text"]]


def _languages(name: str, folder: Path) -> tuple[str, ...]:
    known = registry().get(name)
    if known is not None:
        return known.languages
    named = re.search(r"vosk-model-(?:small-|big-)?([a-z]{2})\b", folder.name)
    return (named[1],) if named else ("*",)
