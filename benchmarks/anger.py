"""Train the prosody model and measure it on people it has never heard.

    python -m benchmarks.anger            measure, leave one speaker out
    python -m benchmarks.anger --write    measure, then write escalation/prosody_model.json

The corpora are not part of the project: see `benchmarks/corpora.py` for where they are looked
for. Every figure is at telephone quality: 300 to 3400 Hz, 8 kHz, G.711 mu-law.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpora, logistic
from benchmarks.corpora import Recording
from benchmarks.results import record
from voiceagent.audio.prosody import measure
from voiceagent.escalation.anger import BASELINE_TURNS, sizes, trust

MODEL = Path(__file__).parents[1] / "voiceagent" / "escalation" / "prosody_model.json"
AROUSED = ("anger", "happiness", "fear")
RIDGE = 100.0
NEUTRAL = 5.0
"""How often a neutral recording counts beside another that is not angry: most turns of callers are
neutral, and few of them disgusted or afraid."""
GAIN_FREE = "level"
"""The measure that depends on the line's gain: only its change is used."""
Array = NDArray[np.float64]


class Corpus:
    """Measured recordings as arrays."""

    def __init__(
        self,
        recordings: list[Recording],
        spoil: Callable[[NDArray[np.float32]], NDArray[np.float32]] = lambda samples: samples,
    ) -> None:
        measured = [measure(spoil(corpora.read(recording))) for recording in recordings]
        self.names = list(next(found for found in measured if found is not None))
        nothing = dict.fromkeys(self.names, np.nan)
        self.rows = np.array(
            [[(found or nothing)[name] for name in self.names] for found in measured]
        )
        self.speaker = np.array([recording.speaker for recording in recordings])
        self.corpus = np.array([recording.corpus for recording in recordings])
        self.emotion = np.array([recording.emotion for recording in recordings])
        self.anger = self.emotion == "anger"
        self.aroused = np.isin(self.emotion, AROUSED)
        self.emphasis = np.where(self.emotion == "neutral", NEUTRAL, 1.0)

    def alone(self) -> Array:
        """The measures that need no baseline."""
        return self.rows[:, [name != GAIN_FREE for name in self.names]]

    def against_baseline(self) -> Array:
        """Each measure less its mean over the same speaker's first neutral recordings in the
        same language, of which the recording itself is none; then the sizes of these changes."""
        changes = np.empty_like(self.rows)
        for i in range(len(self.rows)):
            own = (self.speaker == self.speaker[i]) & (self.corpus == self.corpus[i])
            calm = np.flatnonzero(own & (self.emotion == "neutral"))
            calm = calm[calm != i][:BASELINE_TURNS]
            changes[i] = self.rows[i] - np.nanmean(self.rows[calm], axis=0)
        return np.hstack([changes, np.abs(changes)])


def held_out(
    corpus: Corpus, rows: Array, wanted: NDArray[np.bool_], folds: NDArray[np.str_], tried: Array
) -> Array:
    """Log odds of each recording by a model that knows neither its fold nor its speaker."""
    odds = np.empty(len(rows))
    for fold in np.unique(folds):
        out = folds == fold
        known = ~np.isin(corpus.speaker, corpus.speaker[out])
        model = logistic.fit(
            rows[known],
            wanted[known],
            corpus.corpus[known],
            RIDGE,
            emphasis=corpus.emphasis[known],
        )
        odds[out] = model.odds(tried[out])
    return odds


def as_shipped(
    corpus: Corpus, folds: NDArray[np.str_], tried: Corpus | None = None
) -> dict[str, Array]:
    """Held-out log odds of anger without a baseline and with one, mixed as a call mixes them."""
    tried = tried or corpus
    alone = held_out(corpus, corpus.alone(), corpus.anger, folds, tried.alone())
    relative = held_out(
        corpus, corpus.against_baseline(), corpus.anger, folds, tried.against_baseline()
    )
    mixed = alone + trust(BASELINE_TURNS) * (relative - alone)
    return {"alone": alone, "with baseline": mixed}


def apart(corpus: Corpus, odds: Array) -> dict[str, Any]:
    """The figures of each corpus."""
    return {str(name): figures(corpus, odds, name) for name in np.unique(corpus.corpus)}


def figures(corpus: Corpus, odds: Array, name: str = "") -> dict[str, float]:
    """AUC and, at the shipping threshold of 0.5, the unweighted average recall; of one corpus
    or of all."""
    among = ~np.isnan(odds) & np.isin(corpus.corpus, [name] if name else corpus.corpus)

    def against(*emotions: str) -> float:
        some = among & (corpus.anger | np.isin(corpus.emotion, emotions))
        return logistic.auc(odds[some], corpus.anger[some])

    found = {
        "auc_everything": logistic.auc(odds[among], corpus.anger[among]),
        "auc_neutral": against("neutral"),
        "auc_happiness": against("happiness"),
        "uar": logistic.uar(odds[among], corpus.anger[among]),
    }
    return {name: round(value, 3) for name, value in found.items()}


def noisy(decibels: float) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """White noise that far under the speech."""
    random = np.random.default_rng(1)

    def spoil(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        level = float(np.sqrt(np.mean(samples**2))) * 10 ** (-decibels / 20)
        return (samples + level * random.standard_normal(len(samples))).astype(np.float32)

    return spoil


def evaluate(corpus: Corpus, recordings: list[Recording]) -> dict[str, Any]:
    """Every figure, by the name it has in the model file."""
    found: dict[str, Any] = {}
    for view, odds in as_shipped(corpus, corpus.speaker).items():
        found[f"leave one speaker out, {view}"] = figures(corpus, odds) | apart(corpus, odds)
    for view, odds in as_shipped(corpus, corpus.corpus).items():
        found[f"trained on the other two corpora, {view}"] = apart(corpus, odds)
    for decibels in (20, 10):
        worse = Corpus(recordings, noisy(decibels))
        for view, odds in as_shipped(corpus, corpus.speaker, worse).items():
            found[f"noise {decibels} dB under the speech, {view}"] = (
                figures(corpus, odds)
                | apart(corpus, odds)
                | {"too little voice": int(np.isnan(odds).sum())}
            )
    aroused = held_out(
        corpus,
        corpus.against_baseline(),
        corpus.aroused,
        corpus.speaker,
        corpus.against_baseline(),
    )
    found["arousal, with baseline"] = {"auc": round(logistic.auc(aroused, corpus.aroused), 3)}
    return found


def cost(recordings: list[Recording]) -> float:
    """Milliseconds of one core for each second of audio."""
    sounds = [corpora.read(recording) for recording in recordings[::6]]
    begun = time.process_time()
    for sound in sounds:
        measure(sound)
    seconds = sum(map(len, sounds)) / corpora.RATE
    return round(1000 * (time.process_time() - begun) / seconds, 2)


def table(corpus: Corpus, names: list[str], rows: Array) -> dict[str, Any]:
    """Coefficients of both questions, fitted on everybody."""
    anger, arousal = (
        logistic.fit(rows, wanted, corpus.corpus, RIDGE, emphasis=corpus.emphasis)
        for wanted in (corpus.anger, corpus.aroused)
    )
    return {
        "measures": names,
        "means": logistic.rounded(anger.means),
        "scales": logistic.rounded(anger.scales),
        "anger": logistic.rounded(anger.weights),
        "anger_offset": round(anger.offset, 4),
        "arousal": logistic.rounded(arousal.weights),
        "arousal_offset": round(arousal.offset, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="write the model file")
    options = parser.parse_args()
    root = corpora.needed("emodb", "emotale")
    recordings = [
        recording
        for recording in corpora.recordings(root)
        if measure(corpora.read(recording)) is not None
    ]
    corpus = Corpus(recordings)
    found = evaluate(corpus, recordings) | {"ms for a second of audio": cost(recordings)}
    record("anger by the voice", found)
    print(json.dumps(found, indent=1))
    if not options.write:
        return
    changed = [*corpus.names, *sizes(dict.fromkeys(corpus.names, 0.0))]
    without_level = [name for name in corpus.names if name != GAIN_FREE]
    model = {
        "about": "Logistic regressions of anger and arousal on acoustic measures.",
        "provenance": {
            "corpora": [
                "EmoDB (Burkhardt et al., Interspeech 2005): acted German, 5 speakers",
                "EmoTale (ASRU 2025): enacted English and Danish by lay people, 8 speakers",
            ],
            "recordings": len(corpus.rows),
            "conditions": "300 to 3400 Hz, 8 kHz, G.711 mu-law",
            "script": "python -m benchmarks.anger --write",
            "date": date.today().isoformat(),
            "figures": found,
        },
        "tables": {
            "alone": table(corpus, without_level, corpus.alone()),
            "against_baseline": table(corpus, changed, corpus.against_baseline()),
        },
    }
    MODEL.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {MODEL.relative_to(MODEL.parents[2])}")


if __name__ == "__main__":
    main()
