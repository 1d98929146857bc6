"""How far a sentence that may be whole can be trusted to be: the two weights in turn-taking.

    python -m benchmarks.endings

At every pause and end of the recordings in ``pauses`` where the words make a sentence: the
confidence of the text, and how far the last sounds have fallen. A logistic regression is fitted
on the half called ``tune`` and judged on the other, which has other people and other texts.
"""

from __future__ import annotations

import numpy as np

from benchmarks import corpora
from benchmarks.cutoffs import silence
from benchmarks.heard import Hearing
from benchmarks.listening import activities, listen
from benchmarks.logistic import auc, fit
from benchmarks.pauses import Recording, recordings
from voiceagent.audio.frames import FRAME_BYTES, to_pcm
from voiceagent.events import Utterance
from voiceagent.speech.wholeness import Wholeness, wholeness

_PATIENT = silence(1500)
_LAST_FRAMES = 12
_RIDGE = 5.0


def sentences(recording: Recording, hearing: Hearing) -> list[tuple[float, float, bool]]:
    """(confidence, fall in dB, whether it is the end) wherever the words make a sentence."""
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
        voice = np.array(
            [
                10 ** (one.level_db / 10)
                for one in active[first : first + len(piece) // FRAME_BYTES]
                if one.probability >= 0.5
            ]
        )
        if voice.size and wholeness(said.text, recording.asked) is Wholeness.WHOLE:
            fall_db = 10 * np.log10(voice.mean() / voice[-_LAST_FRAMES:].mean())
            found.append((said.confidence or 0.0, float(fall_db), number == len(decoded) - 1))
    return found


def main() -> None:
    hearing = Hearing()
    rows: dict[str, list[tuple[float, float, bool]]] = {"tune": [], "test": []}
    for recording in recordings(corpora.folder(), hearing):
        rows[recording.half] += sentences(recording, hearing)
    tables = {half: np.array(found, float) for half, found in rows.items()}
    tune = tables["tune"]
    groups = np.zeros(len(tune), dtype="<U1")
    model = fit(tune[:, :2], tune[:, 2] > 0, groups, _RIDGE)
    weights = model.weights / model.scales
    print(f"middle: confidence {model.means[0]:.2f}, fall {model.means[1]:.1f} dB")
    print(f"log odds per unit: confidence {weights[0]:.1f}, per dB {weights[1]:.2f}")
    for half, table in tables.items():
        area = auc(model.odds(table[:, :2]), table[:, 2] > 0)
        print(f"{half}: {len(table)} sentences, AUC {area:.2f}")


if __name__ == "__main__":
    main()
