"""The briefing: what a person hears before the caller is connected, in some ten seconds."""

from __future__ import annotations

import re

from voiceagent.config import Handover
from voiceagent.dialogue.notes.sentences import Sentences
from voiceagent.dialogue.speaking import spoken_digits
from voiceagent.events import HandoverContext
from voiceagent.handoff.context import UPSET

_WORDS = 36
"""What fits into ten to twelve seconds of speech; the rest is on the screen."""
_LONG_NUMBER = re.compile(r"(?<!\d[.-])\b\d{4,}\b(?![.-]\d)")
"""Such as an order number; not the year of a date."""
_NAME = re.compile(r"[^\W\d_][^\d_@:/]+")


def briefing(context: HandoverContext, settings: Handover, sentences: Sentences) -> str:
    """A few short sentences: that it is a handover, who calls and why, the mood, what was wanted,
    and how to take the call.

    Args:
        context: in the language of the sentences.
    """
    wanted, *tried = re.split(r"(?<=[.!?])\s+", context.summary.strip())
    name = context.identity.name.strip()
    parts = [
        sentences.say("opening"),
        sentences.say("who", name=name) if _NAME.fullmatch(name) else "",
        context.reason,
        sentences.say("upset") if context.anger >= UPSET else "",
        wanted,
        *tried,
    ]
    words = 0
    kept: list[str] = []
    for sentence in filter(None, (part.strip() for part in parts)):
        words += len(sentence.split())
        if words > _WORDS and kept:
            break
        kept.append(sentence)
    return _aloud(sentences, *kept, *_last_words(settings, sentences))


def introduction(context: HandoverContext, sentences: Sentences) -> str:
    """What caller and person each hear before the agent leaves them."""
    return _aloud(sentences, sentences.say("connected"), context.reason, sentences.say("leaving"))


def _last_words(settings: Handover, sentences: Sentences) -> list[str]:
    match settings.accept:
        case "key":
            accept = sentences.say("press_accept", key=settings.accept_key)
            decline = sentences.say("press_decline", key=settings.decline_key)
            return [accept, decline] if decline else [accept]
        case "speech":
            return [sentences.say("ask_accept")]
        case _:
            return [sentences.say("connecting")]


def _aloud(sentences: Sentences, *parts: str) -> str:
    """The sentences, long numbers in them digit by digit."""
    english = sentences.language == "en"
    return _LONG_NUMBER.sub(
        lambda number: spoken_digits(number[0]) if english else " ".join(number[0]),
        " ".join(part for part in parts if part),
    )
