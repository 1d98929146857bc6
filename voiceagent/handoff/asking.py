"""Talking to the person: the briefing is spoken, and a yes or no heard."""

from __future__ import annotations

from voiceagent.config import Turns
from voiceagent.dialogue.entities import find_yes_no
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Expectation
from voiceagent.speech.client import SpeechClient
from voiceagent.speech.listener import Heard, Listener
from voiceagent.speech.speaker import Speaker, Voice
from voiceagent.telephony.call import Leg


class Asking:
    """What a person's leg is told and asked in the dialplan's language and voice."""

    def __init__(self, speech: SpeechClient, voice: Voice, turns: Turns, plan: Dialplan) -> None:
        self._speech = speech
        self._voice = voice
        self._turns = turns
        self._plan = plan

    async def say(self, leg: Leg, text: str) -> None:
        """Say it, and return when it was said.

        Raises:
            SpeechError: the voice failed.
        """
        await Speaker(leg, self._voice, self._plan.voice).say(text)

    async def hear(self, person: Leg) -> bool:
        """Listen until they say yes or no, whatever else they say; whether it was yes.

        Raises:
            SpeechError: there is no recognition.
        """
        listener = Listener(
            self._speech,
            self._turns,
            on_pause=_nothing_is_said,
            on_resume=_nothing_is_said,
            on_interrupted=lambda started_at, stopped_at: None,
            language=self._plan.language,
        )
        listener.expect(Expectation(kind="yes_no"), {})
        person.audio.received = listener.frame
        try:
            while True:
                turn = await listener.turn()
                if isinstance(turn, Heard):
                    answer = find_yes_no(turn.utterance.text)
                    if answer is not None:
                        return answer
        finally:
            listener.close()


def _nothing_is_said() -> None:
    """The agent is silent while it listens: there is nothing to pause."""
