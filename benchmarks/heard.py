"""What the recogniser makes of any piece of audio, kept on disk by a hash of the audio."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path

from voiceagent.audio.frames import SAMPLE_RATE
from voiceagent.events import Expectation, Utterance
from voiceagent.speech import whisper
from voiceagent.speech.models import locate, store
from voiceagent.speech.whisper import WhisperRecognizer

_SOURCES = ("whisper", "whisper_model", "digits", "readings")


class Hearing:
    """A recogniser that decodes each piece of audio once and for all.

    What it keeps is void when the recogniser's own code changes.
    """

    def __init__(self, model: str = "whisper-base") -> None:
        self._model = model
        speech = Path(whisper.__file__).parent
        content = b"".join((speech / f"{name}.py").read_bytes() for name in _SOURCES)
        mark = hashlib.sha256(content).hexdigest()[:12]
        self._kept = store().parent / "benchmarks" / f"heard-{model}-{mark}.jsonl"
        self._known: dict[str, Utterance] = {}
        if self._kept.is_file():
            for line in self._kept.read_text(encoding="utf-8").splitlines():
                key, said = json.loads(line)
                self._known[key] = Utterance.model_validate(said)
        self.decoded = 0
        """How many were not known before."""

    @cached_property
    def _recognizer(self) -> WhisperRecognizer:
        return WhisperRecognizer(locate(self._model), self._model)

    def hear(self, pcm: bytes, asked: Expectation | None = None) -> Utterance:
        """Recognise 16-bit samples at 8 kHz."""
        question = asked.model_dump_json() if asked else ""
        key = hashlib.sha256(pcm + question.encode()).hexdigest()[:24]
        if key not in self._known:
            recognition = self._recognizer.open(SAMPLE_RATE, "en", (), asked)
            recognition.feed(pcm)
            said = self._known[key] = recognition.finish()
            self.decoded += 1
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            with self._kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, said.model_dump(mode="json")]) + "\n")
        return self._known[key]
