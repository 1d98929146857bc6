"""The briefing: what a person hears before the caller is connected, in under ten seconds."""

from __future__ import annotations

from voiceagent.events import HandoverContext

_UPSET = 0.5
_WORDS = 45


def briefing(context: HandoverContext) -> str:
    """A few short sentences: that it is a handover, what about, why, and the mood."""
    sentences = ["Handover from the voice agent.", context.summary, context.reason]
    if context.anger >= _UPSET:
        sentences.append("The caller is upset.")
    sentences.append("Connecting you now.")
    return " ".join(_fitting([sentence.strip() for sentence in sentences if sentence.strip()]))


def _fitting(sentences: list[str]) -> list[str]:
    """First and last sentence, and as many between them as fit a listener's patience."""
    room = _WORDS - len(sentences[0].split()) - len(sentences[-1].split())
    kept = []
    for sentence in sentences[1:-1]:
        room -= len(sentence.split())
        if room < 0:
            break
        kept.append(sentence)
    return [sentences[0], *kept, sentences[-1]]
