"""What an earlier conversation of the same customer has left open."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Channel, Fact


class Unfinished(Fact):
    """A conversation that can be gone on with."""

    case_id: str
    """Its `call_id`."""
    by: Literal["number", "customer", "code"]
    """What the customer is known by."""
    channel: Channel = "call"
    intent: str | None = None
    """Intent that is open; None when nothing is but that a person is to answer."""
    topic: str = ""
    """Topic by which a person was asked for, empty when none was."""
    slots: dict[str, Any] = Field(default_factory=dict)
    """What was told already."""

    def fits(self, plan: Dialplan) -> bool:
        """Whether this dialplan can go on with it."""
        if self.intent is None:
            return self.topic in plan.topics
        return self.intent in plan.intents
