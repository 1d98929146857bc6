"""What a turn means, found out while it is still being waited whether the caller goes on."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voiceagent import tasks
from voiceagent.dialogue.understanding import Understander
from voiceagent.events import Expectation, Understanding
from voiceagent.speech.client import SpeechClient
from voiceagent.speech.listener import Heard


class Sense(NamedTuple):
    """What can be known of a turn before it is judged."""

    understanding: Understanding
    vector: NDArray[np.float32]
    """Sentence embedding of the text."""
    measures: dict[str, float] | None
    """Acoustic measures of the voice, None where too little was voiced."""


class _Begun(NamedTuple):
    text: str
    pcm: bytes
    expecting: Expectation | None
    making: asyncio.Task[Sense]


class SenseMaker:
    """Makes sense of one caller's turns.

    Args:
        voice: whether to measure the voice; the dialplan may have it left alone.
    """

    def __init__(self, understander: Understander, speech: SpeechClient, *, voice: bool) -> None:
        self._understander = understander
        self._speech = speech
        self._voice = voice
        self._begun: _Begun | None = None

    def begin(self, text: str, pcm: bytes, expecting: Expectation | None) -> None:
        """Begin with what was said so far; it may turn out not to be all."""
        if self._begun is not None and self._begun[:3] == (text, pcm, expecting):
            return
        self.drop()
        if text.strip():
            making = asyncio.create_task(self._make(text, pcm, expecting))
            # What failed is tried again, or told, by whoever still wants it.
            making.add_done_callback(tasks.look_at)
            self._begun = _Begun(text, pcm, expecting, making)

    async def of(self, turn: Heard, expecting: Expectation | None) -> Sense:
        """The sense of a turn, at once when it was begun in time.

        Raises:
            SpeechError: the speech service is gone.
        """
        begun = self._begun
        said = turn.utterance.text
        if begun is not None and begun.text == said and begun.expecting == expecting:
            return await begun.making
        return await self._make(turn.utterance.text, turn.pcm, expecting)

    def drop(self) -> None:
        """Give up what was begun."""
        if self._begun is not None:
            self._begun.making.cancel()
            self._begun = None

    async def _make(self, text: str, pcm: bytes, expecting: Expectation | None) -> Sense:
        understanding = self._understander.understand(text, expecting)
        if not self._voice:
            return Sense(*await understanding, None)
        meaning, measures = await asyncio.gather(understanding, self._speech.measure(pcm))
        return Sense(*meaning, measures)
