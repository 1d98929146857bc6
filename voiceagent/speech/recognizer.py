"""What a recogniser is, inside the speech service.

A recogniser holds a model and may be used from several threads. It opens a recognition for
each utterance; one recognition is used from one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from voiceagent.events import Expectation, Utterance


class RecognitionError(Exception):
    """An utterance cannot be recognised; the text says why."""


OnText = Callable[[str], None]


def nobody(text: str) -> None:
    """Nobody wants to know earlier."""


class Recognition(Protocol):
    """One utterance on its way to text."""

    def feed(self, pcm: bytes) -> str:
        """Take more 16-bit mono samples; give the text so far, empty where there is none."""

    def finish(self, on_text: OnText = nobody) -> Utterance:
        """The whole utterance, its times counted from the first sample.

        Args:
            on_text: told the text, from the same thread, as soon as it is sure to be that of the
                utterance and anything else takes longer; not every engine does.

        Raises:
            RecognitionError: the engine failed, or the utterance was given up.
        """

    def abandon(self) -> None:
        """Nobody waits for it any more: have `finish` stop as soon as it can, from any thread."""


class Recognizer(Protocol):
    """An engine with a model."""

    name: str
    """Engine and model, such as ``whisper-base``."""
    streaming: bool
    """Whether `Recognition.feed` does the work and gives partial texts; otherwise `finish`
    does it all."""

    @property
    def languages(self) -> Sequence[str]:
        """Language codes, or "*" for many."""

    def open(
        self,
        rate: int,
        language: str,
        vocabulary: Sequence[str],
        asked: Expectation | None = None,
    ) -> Recognition:
        """Begin an utterance.

        Args:
            rate: samples a second of the audio to come.
            language: code such as "en".
            vocabulary: words and names to be expected; an engine that cannot be biased
                ignores them.
            asked: what the caller was asked for. It helps where the sound leaves a choice; what
                else they say is heard all the same.

        Raises:
            RecognitionError: the engine does not know the language.
        """
