"""How callers choose what becomes of them when nobody is free."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from voiceagent.config.people import Choice
from voiceagent.dialogue import common
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Understanding
from voiceagent.language import bare_code

_LONGEST_NO = 3
"""A plain no to the choices is one of at most so many words."""
_SURELY = 0.6
"""Likeness from which a goodbye is one."""

NAMES: dict[str, Choice] = {
    "choose_wait": "wait",
    "choose_callback": "callback",
    "choose_message": "message",
    "choose_go_on": "go-on",
}
"""Choices by the name that they have in ``common``."""

EXAMPLES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "choose_wait": (
            "I'll wait",
            "I want to wait for someone",
            "I would rather hold",
            "put me on hold then",
            "keep trying, I'll stay on the line",
            "I still want to talk to a real person",
            "no, give me a human, however long it takes",
        ),
        "choose_callback": (
            "call me back",
            "I'd like to be called back",
            "can someone call me back later",
            "a callback please",
            "please ring me when somebody is free",
        ),
        "choose_message": (
            "I'll leave a message",
            "can I leave a message",
            "take a message please",
            "I want to record a message for them",
            "let me tell them something they can listen to later",
        ),
        "choose_go_on": (
            "go on with you",
            "let's go on",
            "I'll carry on with you then",
            "never mind, you can help me",
            "let us continue without them",
            "no, forget about it",
        ),
    }
}
"""Example sentences by language."""


def choosing(plan: Dialplan) -> Dialplan | None:
    """A dialplan whose intents are the choices; None where nobody says how they are spoken of."""
    built_in = EXAMPLES.get(bare_code(plan.language), {})
    said = {name: (*built_in.get(name, ()), *getattr(plan.common, name)) for name in NAMES}
    intents: dict[str, Any] = {
        name: {"examples": list(examples), "answer": name}
        for name, examples in said.items()
        if examples
    }
    if not intents:
        return None
    return Dialplan.model_validate(
        {
            "name": "choices",
            "language": plan.language,
            "greeting": "choices",
            "intents": intents,
            "common": plan.common.model_dump(),
            "targets": {"general": ["0"]},
        }
    )


def chosen(
    meant: Understanding, likely: Understanding | None, offered: Collection[Choice], plan: Dialplan
) -> Choice | None:
    """What was chosen of what was offered; None when nothing was.

    Args:
        meant: what was said, as the dialplan understands it.
        likely: the same as the dialplan of `choosing` does, where there is one.
    """
    if likely is not None:
        choice = (NAMES | {common.WAIT: "wait"}).get(likely.intent or "")
        wish = meant.intent in plan.intents and meant.similarity > likely.similarity
        if choice in offered and not wish:
            return choice
    if is_aside(meant, plan):
        return None
    refused = meant.entities.get("yes_no") is False and len(meant.text.split()) <= _LONGEST_NO
    return "go-on" if refused and "go-on" in offered else None


def is_aside(meant: Understanding, plan: Dialplan) -> bool:
    """Whether it was something for the agent instead, if it was no choice."""
    if meant.intent in plan.intents:
        return True
    return meant.intent == common.GOODBYE and meant.similarity >= _SURELY
