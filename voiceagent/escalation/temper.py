"""How the words, the voice and the manner of a turn become its anger, the turns before considered.

A state machine over the turns of one call: no models, no clock. The weights are a dialplan's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from voiceagent.dialogue.thresholds import Thresholds

GROUND = 0.3
"""From this anger in the words on, the voice may add to it."""
VOICE_ALONE = 0.4
"""The most that voice and behaviour come to without such words."""
MEMORY = 0.6
"""How much of the tension of earlier turns is left a turn later."""
UPSET = 0.15
"""From this tension on, the turns before count."""
VOICE_ODDS = (-0.5, 2.0)
"""A calm voice says little against angry words, an excited one not everything for them."""


@dataclass(frozen=True)
class Heat:
    """One turn's anger."""

    probability: float
    grounded: bool
    """Whether words, now or in the turns before, speak of anger, and not the voice alone."""
    upset_before: bool
    """Whether the turns before have added to it."""


class Temper:
    """One caller's temper, from the weights of a dialplan's ``escalation``."""

    def __init__(self, weights: Thresholds) -> None:
        self._weights = weights
        self._tension = 0.0

    def weigh(self, words: float, voice: float | None, known: float, interrupted: bool) -> Heat:
        """Take in one turn.

        Args:
            words: anger in the words.
            voice: anger in the voice, None where it was not measured.
            known: how well the caller's calm voice is known, from 0.5 (not at all) to 1.
            interrupted: whether the caller cut the agent short.
        """
        if self._weights.anger_by == "nothing":
            return Heat(0.0, False, False)
        odds = _odds(words)
        if voice is not None and self._weights.measures_voice:
            least, most = VOICE_ODDS
            odds += self._weights.voice_weight * known * min(max(_odds(voice), least), most)
        if interrupted:
            odds += self._weights.interruption_weight
        upset = self._tension > UPSET
        if upset:
            odds += self._weights.trend_weight * self._tension
        grounded = words >= GROUND or (self._tension > 0.3 and words > 0.1)
        probability = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
        if not grounded:
            probability = min(probability, VOICE_ALONE)
        heard = max(probability - GROUND, 0.0) if grounded else 0.0
        self._tension = min(1.0, MEMORY * self._tension + heard)
        return Heat(probability, grounded, upset)


def _odds(probability: float) -> float:
    bounded = min(max(probability, 0.001), 0.999)
    return math.log(bounded / (1 - bounded))
