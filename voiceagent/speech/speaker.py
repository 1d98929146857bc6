"""The agent's mouth: text in, speech on a leg out, and what of it was heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from voiceagent.audio.frames import SAMPLE_RATE
from voiceagent.speech.sentences import sentences
from voiceagent.telephony.call import Leg
from voiceagent.telephony.media import Playback


class Voice(Protocol):
    """Whoever makes speech of text; `speech.client.SpeechClient` is one."""

    def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
        """Speech as it is made: 16-bit little-endian samples at 8 kHz."""


@dataclass(frozen=True)
class Spoken:
    """What became of a text."""

    text: str
    heard: str
    """The part that left before an interruption; all of it when there was none."""
    interrupted: bool
    started_at: float
    """`time.monotonic()` of the first sample."""
    ended_at: float


class Speaker:
    """Speaks on one leg, one text at a time.

    Args:
        on_speech: called with True when speech begins to leave, and with False when it ends or
            when nothing of it will leave.
    """

    def __init__(
        self,
        leg: Leg,
        voice: Voice,
        name: str | None = None,
        on_speech: Callable[[bool], None] = lambda speaking: None,
    ) -> None:
        self._leg = leg
        self._voice = voice
        self._name = name
        self._on_speech = on_speech
        self._playback: Playback | None = None

    @property
    def speaking(self) -> bool:
        """Whether something is being said."""
        return self._playback is not None

    async def say(self, text: str) -> Spoken | None:
        """Say it, and return when it was said or stopped; None when nothing of it left.

        Speech leaves as soon as the first sentence is ready, while the rest is made.

        Raises:
            SpeechError: the voice failed; what it had made by then was said.
        """
        playback = self._playback = self._leg.audio.play()
        parts: list[tuple[str, float]] = []
        making = asyncio.create_task(self._make(text, playback, parts))
        watching = asyncio.create_task(self._watch(playback))
        try:
            await playback.finished.wait()
            if not playback.stopped:
                await making
        finally:
            playback.stop()
            watching.cancel()
            if self._playback is playback:
                self._playback = None
            self._on_speech(False)
            making.cancel()
            # What fails after the caller has cut in is not wanted any more.
            await asyncio.gather(making, return_exceptions=True)
        if playback.started_at is None:
            return None
        interrupted = playback.cut
        return Spoken(
            text=text,
            heard=heard(parts, playback.played_s) if interrupted else text,
            interrupted=interrupted,
            started_at=playback.started_at,
            ended_at=time.monotonic(),
        )

    def pause(self) -> None:
        """Fall silent, perhaps only for a moment."""
        if self._playback is not None:
            self._playback.pause()

    def unpause(self) -> None:
        """Go on where `pause` cut in."""
        if self._playback is not None:
            self._playback.unpause()

    def stop(self) -> None:
        """Say no more of the text."""
        if self._playback is not None:
            self._playback.stop()

    async def _make(self, text: str, playback: Playback, parts: list[tuple[str, float]]) -> None:
        try:
            for sentence in sentences(text):
                samples = 0
                async for pcm in self._voice.synthesize(sentence, self._name):
                    playback.feed(pcm)
                    samples += len(pcm) // 2
                parts.append((sentence, samples / SAMPLE_RATE))
        finally:
            playback.close()

    async def _watch(self, playback: Playback) -> None:
        await playback.started.wait()
        self._on_speech(True)


def heard(parts: list[tuple[str, float]], played_s: float) -> str:
    """The words that had left after `played_s` of speech, its pauses taken as even.

    Args:
        parts: sentences with their lengths in seconds, as far as they were made.
    """
    words: list[str] = []
    for sentence, length_s in parts:
        if played_s >= length_s:
            words.append(sentence)
            played_s -= length_s
            continue
        spoken = sentence.split()
        share = played_s / length_s if length_s else 0.0
        words.extend(spoken[: int(len(spoken) * share)])
        break
    return " ".join(words)
