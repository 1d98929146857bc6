"""Anger, from the words, the voice and what the caller does, over the turns of one call.

The voice alone measures arousal, and joy raises it as anger does. So a raised voice adds to
words that have something against the agent, and without such words it changes nothing that
the policy acts on: `Anger.grounded` says which it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.escalation.confidence import discounted
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.escalation.temper import GROUND, Temper
from voiceagent.escalation.words import anger_in_words

BASELINE_TURNS = 3
"""Calm turns that make up the caller's own way of speaking."""
LOUDER_DB = 4.0


@dataclass(frozen=True)
class Anger:
    """How angry one turn was, the turns before it considered."""

    probability: float
    voice: float | None
    """By prosody alone; None where the voice could not be measured."""
    words: float
    """By the words of this turn alone, as far as they are believed."""
    arousal: float | None
    """How excited the voice is, whatever about: joy counts as much as anger."""
    grounded: bool = False
    """Whether words, now or in the turns before, speak of anger, and not the voice alone."""
    voice_known: float = 0.5
    """How well the caller's calm voice is known, from 0.5 (not at all) to 1."""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProsodyModel:
    """Logistic regressions on acoustic measures, one table for each view of a caller."""

    tables: Mapping[str, Any]

    def voice(
        self, measures: Mapping[str, float], baseline: Mapping[str, float] | None, turns: int
    ) -> tuple[float, float]:
        """Anger and arousal, 0 to 1.

        Args:
            measures: of this turn.
            baseline: means of the caller's calm turns, None before there are any.
            turns: how many turns the baseline is made of.
        """
        anger, arousal = self._odds("alone", measures)
        if baseline is not None:
            changes = {name: measures[name] - baseline[name] for name in measures}
            share = trust(turns)
            relative = self._odds("against_baseline", changes | sizes(changes))
            anger += share * (relative[0] - anger)
            arousal += share * (relative[1] - arousal)
        return _probability(anger), _probability(arousal)

    def _odds(self, view: str, measures: Mapping[str, float]) -> tuple[float, float]:
        table = self.tables[view]
        values = np.array([measures[name] for name in table["measures"]])
        scaled = np.clip((values - table["means"]) / table["scales"], -4, 4)
        return (
            float(scaled @ np.array(table["anger"])) + table["anger_offset"],
            float(scaled @ np.array(table["arousal"])) + table["arousal_offset"],
        )


def trust(turns: int) -> float:
    """How much the comparison with a baseline of so many turns counts, 0 to 1."""
    return turns**2 / (turns**2 + 1)


def sizes(changes: Mapping[str, float]) -> dict[str, float]:
    """How far each measure has moved, whichever way."""
    return {f"{name}_size": abs(change) for name, change in changes.items()}


@cache
def prosody_model() -> ProsodyModel:
    """The coefficients that come with the package; `benchmarks/anger.py` writes them."""
    file = files("voiceagent.escalation") / "prosody_model.json"
    return ProsodyModel(json.loads(file.read_text(encoding="utf-8"))["tables"])


class AngerDetector:
    """One caller's anger: their own calm voice, and how the tension has moved.

    Args:
        calm: measures of the caller's calm speech; without them the first turns are the baseline.
        weights: the dialplan's; they also say what anger is recognised by.
    """

    def __init__(
        self,
        prototypes: Prototypes | None = None,
        language: str = "en",
        calm: Sequence[Mapping[str, float]] = (),
        weights: Thresholds | None = None,
    ) -> None:
        weights = weights or Thresholds()
        self._off = weights.anger_by == "nothing"
        self._by_voice = weights.measures_voice
        self._temper = Temper(weights)
        self._prototypes = prototypes
        self._language = language
        self._model = prosody_model()
        self._calm = list(calm)
        self._baseline_turns = 0 if calm else BASELINE_TURNS
        self._last_level: float | None = None

    def hear(
        self,
        text: str,
        measures: Mapping[str, float] | None,
        vector: NDArray[np.float32] | None,
        *,
        belief: float = 1.0,
        interrupted: bool = False,
        repeated: bool = False,
    ) -> Anger:
        """Take in one turn.

        Args:
            text: what was recognised.
            measures: of `voiceagent.audio.prosody.measure`, None where there were none.
            vector: the text's sentence embedding, None where there is none.
            belief: how far the text is believed, 0 to 1.
            interrupted: whether the caller cut the agent short to say this.
            repeated: whether the caller has said much the same before.
        """
        if self._off:
            return Anger(0.0, None, 0.0, None)
        words, evidence = anger_in_words(text, vector, self._prototypes, self._language)
        words = discounted(words, belief)
        found = list(evidence)
        voice = arousal = None
        known = (1 + trust(len(self._calm))) / 2
        if measures is not None and self._by_voice:
            baseline = self._baseline()
            voice, arousal = self._model.voice(measures, baseline, len(self._calm))
            found += self._voice_evidence(measures, baseline, voice, repeated)
            self._last_level = measures["level"]
            if words < GROUND and len(self._calm) < self._baseline_turns:
                self._calm.append(measures)
        if interrupted:
            found.append("cut the agent short")
        heat = self._temper.weigh(words, voice, known, interrupted)
        if heat.upset_before:
            found.append("was already upset in the turns before")
        return Anger(heat.probability, voice, words, arousal, heat.grounded, known, tuple(found))

    def _baseline(self) -> Mapping[str, float] | None:
        if not self._calm:
            return None
        return {name: float(np.mean([turn[name] for turn in self._calm])) for name in self._calm[0]}

    def _voice_evidence(
        self,
        measures: Mapping[str, float],
        baseline: Mapping[str, float] | None,
        voice: float,
        repeated: bool,
    ) -> list[str]:
        found = []
        if voice > 0.5:
            parts = []
            if baseline is not None:
                louder = measures["level"] - baseline["level"]
                higher = measures["pitch"] - baseline["pitch"]
                parts += [f"{louder:.0f} dB louder"] if louder > 3 else []
                parts += [f"{higher:.0f} semitones higher"] if higher > 2 else []
            against = f" against their own start: {' and '.join(parts)}" if parts else ""
            found.append(f"voice raised{against}")
        before = self._last_level
        if repeated and before is not None and measures["level"] - before > LOUDER_DB:
            found.append("repeats it louder")
        return found


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
