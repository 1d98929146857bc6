"""How far words that may be all can be trusted to be: the weights in turn-taking.

    python -m benchmarks.endings

At every pause and end of the recordings in ``pauses`` where the words may be all: the confidence
of the text, how far the last sounds have fallen, how long the turn is so far, whether it is a
question, whether it is no sentence. A logistic regression is fitted on the half called ``tune``
and judged on the other, which has other people and other texts.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks import corpora
from benchmarks.cutoffs import silence
from benchmarks.heard import Hearing
from benchmarks.listening import activities, listen
from benchmarks.logistic import auc, fit
from benchmarks.pauses import Recording, recordings
from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, to_pcm
from voiceagent.events import Utterance
from voiceagent.speech.wholeness import Wholeness, wholeness

_PATIENT = silence(1500)
_LAST_FRAMES = 12
_USUAL = (0.80, 4.3, math.log(2.0))
"""Confidence, fall and length from which turn-taking counts."""
_RIDGE = 3.0
_OPEN = (Wholeness.WHOLE, Wholeness.FRAGMENT)
Row = tuple[float, float, float, bool, bool, bool]


def endings(recording: Recording, hearing: Hearing) -> list[Row]:
    """(confidence, fall in dB, logarithm of the length in seconds, question, fragment, whether it
    is the end) wherever the words may be all."""
    pcm = to_pcm(recording.samples)
    active = activities(pcm)
    decoded: list[tuple[bytes, Utterance]] = []

    def hear(piece: bytes) -> Utterance:
        decoded.append((piece, hearing.hear(piece, recording.asked)))
        return decoded[-1][1]

    listen(pcm, active, _PATIENT, hear, asked=recording.asked, until_ended=True)
    found = []
    for number, (piece, said) in enumerate(decoded):
        first = pcm.find(piece) // FRAME_BYTES
        heard = active[first : first + len(piece) // FRAME_BYTES]
        spoken = [at for at, one in enumerate(heard) if one.probability >= 0.5]
        voice = np.array([10 ** (heard[at].level_db / 10) for at in spoken])
        stands = wholeness(said.text, recording.asked)
        if voice.size and stands in _OPEN:
            fall_db = float(10 * np.log10(voice.mean() / voice[-_LAST_FRAMES:].mean()))
            kind = ("?" in said.text, stands is Wholeness.FRAGMENT)
            length = math.log(FRAME_S * (spoken[-1] - spoken[0] + 1))
            over = number == len(decoded) - 1
            found.append((said.confidence or 0.0, fall_db, length, *kind, over))
    return found


def main() -> None:
    hearing = Hearing()
    rows: dict[str, list[Row]] = {"tune": [], "test": []}
    for recording in recordings(corpora.folder(), hearing):
        rows[recording.half] += endings(recording, hearing)
    tables = {half: np.array(found, float) for half, found in rows.items()}
    tune = tables["tune"]
    groups = np.zeros(len(tune), dtype="<U1")
    model = fit(tune[:, :-1], tune[:, -1] > 0, groups, _RIDGE)
    names = ("confidence", "dB", "length", "question", "fragment")
    weights = dict(zip(names, model.weights / model.scales, strict=True))
    usual = np.array([[*_USUAL, 0.0, 0.0]])
    print(f"log odds at {np.round(_USUAL, 2)}: {model.odds(usual)[0]:.2f}, per unit:")
    print("  " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items()))
    for half, table in tables.items():
        area = auc(model.odds(table[:, :-1]), table[:, -1] > 0)
        print(f"{half}: {len(table)} moments, AUC {area:.2f}")


if __name__ == "__main__":
    main()
