"""The briefing: what a person hears before the caller is connected, in some ten seconds."""

from __future__ import annotations

import re

from voiceagent.config import Handover
from voiceagent.dialogue.speaking import spoken_digits
from voiceagent.events import HandoverContext
from voiceagent.handoff.context import UPSET

_WORDS = 36
"""What fits into ten to twelve seconds of speech; the rest is on the screen."""
_LONG_NUMBER = re.compile(r"\b\d{4,}\b")


def briefing(context: HandoverContext, settings: Handover) -> str:
    """A few short sentences: that it is a handover, why, the mood, what was wanted, and how to
    take the call."""
    wanted, *tried = re.split(r"(?<=[.!?])\s+", context.summary.strip())
    mood = "The caller is upset." if context.anger >= UPSET else ""
    sentences = ["Handover from the voice agent.", context.reason, mood, wanted, *tried]
    words = 0
    kept: list[str] = []
    for sentence in filter(None, (sentence.strip() for sentence in sentences)):
        words += len(sentence.split())
        if words > _WORDS and kept:
            break
        kept.append(sentence)
    return _aloud(*kept, _last_words(settings))


def introduction(context: HandoverContext) -> str:
    """What caller and person hear together before the agent leaves them."""
    return _aloud("You are connected now.", context.reason, "I am leaving you two. Goodbye.")


def _last_words(settings: Handover) -> str:
    decline = f" Press {settings.decline_key} to decline." if settings.decline_key else ""
    match settings.accept:
        case "key":
            return f"Press {settings.accept_key} to take the call.{decline}"
        case "speech":
            return "Will you take the call?"
        case _:
            return "Connecting."


def _aloud(*parts: str) -> str:
    return _LONG_NUMBER.sub(lambda number: spoken_digits(number[0]), " ".join(parts))
