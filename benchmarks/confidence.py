"""How well the agent knows whether it heard right.

    python -m benchmarks.confidence            measure, leave one speaker out
    python -m benchmarks.confidence --write    measure, then write escalation/rightness_model.json

A turn is right when every word is, or every digit of a number. The turns are those of
`benchmarks/decodes.py`, the harder ones as well: other voices, babble, a street, lost beginnings
and ends.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from datetime import date
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpora, logistic, results
from benchmarks.decodes import Decode, decodes, harder
from benchmarks.recognition import is_right
from voiceagent.escalation import rightness

RIDGE = 5.0
BINS = 10
MACHINE = "joe-us"
SIGNS = {
    **dict.fromkeys(("lowest", "first", "last", "mean", "tokens", "least_likely"), 1),
    "agreement": 1,
    "fits": 1,
    "doubtful": -1,
}
"""Which way a measure may count; the others either way."""
Array = NDArray[np.float64]


def _part(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[1] % 4


class Turns:
    """Decoded turns with words in them, as arrays."""

    def __init__(self, found: list[Decode]) -> None:
        kept = [(said, heard) for said, heard in found if heard.words]
        rows = [rightness.measures(heard, said.asked) for said, heard in kept]
        self.names = list(rows[0])
        self.rows = np.array([[row[name] for name in self.names] for row in rows])
        self.right = np.array([is_right(decode) for decode in kept])
        self.table = np.array([rightness.kind(heard, said.asked) for said, heard in kept])
        self.speaker = np.array([said.speaker for said, _ in kept])
        # The packaged voice is one speaker of many texts, at every pitch: it is split by text.
        self.fold = np.array(
            [
                f"{MACHINE} {_part(said.text)}"
                if said.speaker.startswith(MACHINE)
                else said.speaker
                for said, _ in kept
            ]
        )
        self.condition = np.array([said.condition for said, _ in kept])
        self.set = np.array([said.kind for said, _ in kept])
        self.raw = np.array([heard.confidence for _, heard in kept])
        self.short = np.array([len(heard.words) <= rightness.SHORT for _, heard in kept])


def fit(names: list[str], rows: Array, right: NDArray[np.bool_]) -> logistic.Model:
    """A logistic regression in which every turn weighs the same, so that it is calibrated, and
    more doubt never makes a turn more probable: a measure that would is left out."""
    signs = np.array([SIGNS.get(name, 0) for name in names])
    kept = np.arange(len(names))
    while True:
        model = logistic.fit(
            rows[:, kept], right, np.zeros(len(rows)).astype(str), RIDGE, balanced=False
        )
        against = model.weights * signs[kept]
        if against.min() >= 0:
            break
        kept = np.delete(kept, against.argmin())
    means, scales, weights = np.zeros(len(names)), np.ones(len(names)), np.zeros(len(names))
    means[kept], scales[kept], weights[kept] = model.means, model.scales, model.weights
    return logistic.Model(means, scales, weights, model.offset)


def held_out(turns: Turns) -> Array:
    """Probability of each turn by a model that has never heard its speaker, or, of the packaged
    voice, its text."""
    probability = np.empty(len(turns.rows))
    for table in get_args(rightness.Kind):
        of_table = turns.table == table
        for fold in np.unique(turns.fold[of_table]):
            out = of_table & (turns.fold == fold)
            known = of_table & (turns.fold != fold)
            model = fit(turns.names, turns.rows[known], turns.right[known])
            odds = model.odds(turns.rows[out])
            probability[out] = 1 / (1 + np.exp(-odds))
    return probability


def calibration_error(probability: Array, right: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins of equal width (Guo et al., 2017)."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    error = 0.0
    for each in np.unique(bins):
        inside = bins == each
        error += inside.mean() * abs(probability[inside].mean() - right[inside].mean())
    return float(error)


def figures(turns: Turns, probability: Array) -> dict[str, Any]:
    """Separation and calibration, over all turns and parts of them."""

    def of(some: NDArray[np.bool_]) -> dict[str, float]:
        right = turns.right[some]
        found: dict[str, float] = {"turns": int(some.sum()), "right": round(float(right.mean()), 3)}
        if 0 < right.sum() < right.size:
            found["auc"] = round(logistic.auc(probability[some], right), 3)
            found["auc of the recogniser alone"] = round(logistic.auc(turns.raw[some], right), 3)
        found["calibration error"] = round(calibration_error(probability[some], right), 3)
        return found

    everything = np.ones(len(turns.rows), bool)
    return {
        "all": of(everything),
        "one or two words": of(turns.short),
        **{f"set {name}": of(turns.set == name) for name in np.unique(turns.set)},
        **{name: of(turns.condition == name) for name in np.unique(turns.condition)},
        **{f"speaker {name}": of(turns.speaker == name) for name in np.unique(turns.speaker)},
    }


def table(turns: Turns, name: str) -> dict[str, Any]:
    """Coefficients for one kind of turn, fitted on everybody."""
    some = turns.table == name
    model = fit(turns.names, turns.rows[some], turns.right[some])
    used = np.flatnonzero(model.weights)
    return {
        "measures": [turns.names[index] for index in used],
        "means": logistic.rounded(model.means[used]),
        "scales": logistic.rounded(model.scales[used]),
        "weights": logistic.rounded(model.weights[used]),
        "offset": round(model.offset, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="write the model file")
    options = parser.parse_args()
    root = corpora.needed("digits", "emotale")
    turns = Turns([*decodes(root), *decodes(root, which=harder)])
    found = figures(turns, held_out(turns))
    print(json.dumps(found, indent=1))
    results.record("confidence", found)
    if not options.write:
        return
    model = {
        "about": "Logistic regressions of a turn being right on the recogniser's own doubts.",
        "provenance": {
            "corpora": [
                "EmoTale (ASRU 2025), English sentences of lay people",
                "Free Spoken Digit Dataset (CC BY-SA 4.0), numbers of one, two and six digits",
                "the packaged voice joe-us, as it is, lower and higher: customers' sentences, "
                "short answers",
            ],
            "recogniser": "whisper-base",
            "turns": len(turns.rows),
            "conditions": "telephone quality; " + ", ".join(map(str, np.unique(turns.condition))),
            "script": "python -m benchmarks.confidence --write",
            "date": date.today().isoformat(),
            "figures, speaker left out": {n: found[n] for n in ("all", "one or two words")},
        },
        "tables": {name: table(turns, name) for name in get_args(rightness.Kind)},
    }
    rightness.MODEL.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {rightness.MODEL.name}")


if __name__ == "__main__":
    main()
