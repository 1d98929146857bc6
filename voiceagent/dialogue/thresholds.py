"""When a turn asks for clarification, an offer or a handover: a dialplan's own numbers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from voiceagent.config.section import Section
from voiceagent.events import Probability

Turns = Annotated[int, Field(ge=1, le=20)]
Weight = Annotated[float, Field(ge=0, le=4)]
AngerBy = Literal["voice and words", "words", "nothing"]


class Thresholds(Section):
    """The ``escalation`` section of a dialplan."""

    understood_clarify: Probability = 0.5
    """Below this probability of having understood, the agent asks again."""
    anger_by: AngerBy = "voice and words"
    """What anger is recognised by. With "words" the voice is not measured; with "nothing" anger is
    not recognised at all."""
    voice_weight: Weight = 0.5
    """Weight of a raised voice beside angry words, in log odds; half of it before the caller's
    calm voice is known."""
    interruption_weight: Weight = 0.6
    """What cutting the agent short adds to anger, in log odds."""
    trend_weight: Weight = 1.5
    """What the anger of the turns before adds to that of a turn, in log odds."""
    anger_offer: Probability = 0.5
    """From this anger on, a person is offered; who says with it that they are not understood or
    helped, or answers the offer with it, is handed over."""
    anger_handover: Probability = 0.75
    """From this anger on, the call is handed over at once."""
    wish_handover: Probability = 0.5
    """From this probability of wishing for a person, the call is handed over at once."""
    topic_handover: Probability = 0.5
    """From this certainty of a topic that belongs to people, the call is handed over at once."""
    clarify_limit: Turns = 2
    """Turns in a row that were not understood, or not answered, until a person is offered; one in
    which the caller says so counts for two."""
    failure_limit: Turns = 3
    """Such turns in a row until the call is handed over without asking."""
    offer_pause: Turns = 3
    """Turns for which a person is not offered again after the caller declined."""

    @property
    def measures_voice(self) -> bool:
        """Whether anger is looked for in the voice."""
        return self.anger_by == "voice and words"

    @property
    def limits(self) -> dict[str, float]:
        """The thresholds that one turn alone can pass, by name."""
        names = {
            *("understood_clarify", "anger_offer", "anger_handover"),
            *("wish_handover", "topic_handover"),
        }
        return {name: value for name, value in self.model_dump().items() if name in names}
