"""When a turn asks for clarification, an offer or a handover: a dialplan's own numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from voiceagent.events import Probability

Turns = Annotated[int, Field(ge=1, le=20)]


class Thresholds(BaseModel):
    """The ``escalation`` section of a dialplan."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    understood_clarify: Probability = 0.5
    """Below this probability of having understood, the agent asks again."""
    anger_offer: Probability = 0.5
    """From this anger on, a person is offered."""
    anger_handover: Probability = 0.75
    """From this anger on, the call is handed over at once."""
    wish_handover: Probability = 0.5
    """From this probability of wishing for a person, the call is handed over at once."""
    topic_handover: Probability = 0.5
    """From this certainty of a topic that belongs to people, the call is handed over at once."""
    clarify_limit: Turns = 2
    """Turns in a row that were not understood, or not answered, until a person is offered."""
    failure_limit: Turns = 4
    """Such turns in a row until the call is handed over without asking."""
    offer_pause: Turns = 3
    """Turns for which a person is not offered again after the caller declined."""
