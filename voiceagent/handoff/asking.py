"""Talking to the person: the briefing is spoken, and a yes or no heard."""

from __future__ import annotations

import asyncio

from voiceagent import tasks
from voiceagent.audio.frames import FRAME_S, SPEECH
from voiceagent.audio.vad import VoiceActivity
from voiceagent.config import Turns
from voiceagent.dialogue.entities import begins_with, find_yes_no
from voiceagent.events import Expectation
from voiceagent.handoff.tongues import Tongue
from voiceagent.speech.listener import Heard, Listener
from voiceagent.speech.speaker import Speaker
from voiceagent.telephony.call import Leg

_SILENCE_S = 1.5


class Asking:
    """What a leg is told and asked in one language, by one voice."""

    def __init__(self, tongue: Tongue, turns: Turns) -> None:
        self._tongue = tongue
        self._turns = turns

    async def say(self, leg: Leg, text: str) -> None:
        """Say it, and return when it was said.

        Raises:
            SpeechError: the voice failed.
        """
        await Speaker(leg, self._tongue.voice, self._tongue.voice_name).say(text)

    async def hear(self, person: Leg) -> bool:
        """Listen until they say yes or no, whatever else they say; whether it was yes.

        Raises:
            SpeechError: there is no recognition.
        """
        listener = Listener(
            self._tongue.speech,
            self._turns,
            on_pause=_nothing_is_said,
            on_resume=_nothing_is_said,
            on_interrupted=lambda started_at, stopped_at: None,
            language=self._tongue.language,
        )
        listener.expect(Expectation(kind="yes_no"), {})
        person.audio.received = listener.frame
        try:
            while True:
                turn = await listener.turn()
                if isinstance(turn, Heard):
                    answer = self._answer(turn.utterance.text)
                    if answer is not None:
                        return answer
        finally:
            listener.close()

    async def note(self, person: Leg) -> str:
        """Ask what was agreed; what they say until they are silent or hang up.

        Raises:
            SpeechError: voice or recognition failed.
        """
        await self.say(person, self._tongue.sentences.say("what_agreed"))
        pcm = await _spoken(person)
        stream = await self._tongue.speech.open(self._tongue.language)
        stream.feed(pcm)
        return (await stream.finish()).text.strip()

    def _answer(self, text: str) -> bool | None:
        sentences = self._tongue.sentences
        answer = begins_with(text, sentences.accepting, sentences.declining)
        if answer is None and sentences.language == "en":
            answer = find_yes_no(text)
        return answer


async def _spoken(leg: Leg) -> bytes:
    """What is said on a leg until it is silent for a while, or ends."""
    activity, frames = VoiceActivity(), list[bytes]()
    silent_s: float | None = None
    over = asyncio.Event()

    def listen(pcm: bytes) -> None:
        nonlocal silent_s
        frames.append(pcm)
        if activity.push(pcm).probability >= SPEECH:
            silent_s = 0.0
        elif silent_s is not None:
            silent_s += FRAME_S
            if silent_s >= _SILENCE_S:
                over.set()

    leg.audio.received = listen
    try:
        await tasks.first_of(over, leg.ended)
    finally:
        leg.audio.received = None
    return b"".join(frames)


def _nothing_is_said() -> None:
    """The agent is silent while it listens: there is nothing to pause."""
