"""What the manager answers: words to say, and what has to be done."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from voiceagent.dialogue.notes import Note
from voiceagent.events import Expectation, Fact


class LookupRequest(Fact):
    """Something to be looked up; `lookup.look_up` does it."""

    name: str
    """Name of the look-up in the dialplan."""
    values: dict[str, Any] = Field(default_factory=dict)
    """What its templates are filled in with."""


class LookupResult(Fact):
    """What came of a look-up."""

    name: str
    found: bool = False
    data: dict[str, Any] = Field(default_factory=dict)
    """The fields found, by name."""
    error: str = ""
    """Why the look-up failed; empty when it did not, found or not."""
    took_s: float = 0.0


class HandoverRequest(Fact):
    """The caller is to be handed to a person once `say` was said."""

    topic: str = "general"
    """Topic that chooses the targets."""
    reason: str = ""
    """Why, in a sentence for the person."""
    why: Note = Note(says="needed")
    """The same, to be told in another language."""


class Reply(Fact):
    """The agent's next move. First `say` is said, then the rest is done."""

    say: str
    expecting: Expectation | None = None
    """What the reply asked for; None when nothing was asked."""
    lookup: LookupRequest | None = None
    """Look this up, then call `lookup_done`."""
    handover: HandoverRequest | None = None
    """Hand the caller over; `say` has announced it."""
    end: bool = False
    """Hang up after `say`."""
    interruptible: bool = True
    """Whether the caller may cut `say` short."""
