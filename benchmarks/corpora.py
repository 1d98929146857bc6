"""The speech corpora, put through the telephone."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from voiceagent.audio import wav

RATE = 8000
EMODB = {"W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness"} | {
    "T": "sadness",
    "N": "neutral",
}
EMOTALE = {"A": "anger", "H": "happiness", "S": "sadness", "B": "boredom", "N": "neutral"}


@dataclass(frozen=True)
class Recording:
    path: Path
    corpus: str
    """emodb, emotale-en or emotale-dk."""
    speaker: str
    """The same people speak both languages of EmoTale, under one number."""
    emotion: str
    arousal: float | None = None
    """Mean of the annotators, 1 to 5, where there are any."""


def folder() -> Path | None:
    """Where the corpora are: $VOICEAGENT_DATA, else ../shared/data beside the repository."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    found = Path(os.environ.get("VOICEAGENT_DATA", beside))
    return found if found.is_dir() else None


def needed(*names: str) -> Path:
    """Where the corpora of these names are.

    Raises:
        SystemExit: one of them is not there.
    """
    root = folder()
    if root is None or not all((root / name).is_dir() for name in names):
        wanted = " and ".join(f"{name}/" for name in names)
        raise SystemExit(f"no corpora: set VOICEAGENT_DATA to the folder that has {wanted}")
    return root


def recordings(root: Path) -> list[Recording]:
    """Every labelled recording of EmoDB and EmoTale."""
    found = []
    for path in sorted((root / "emodb").glob("*.flac")):
        name = path.stem
        found.append(Recording(path, "emodb", f"emodb-{name[:2]}", EMODB[name[5]]))
    with (root / "emotale" / "annotations.csv").open(encoding="utf-8", newline="") as file:
        arousal = {
            Path(row["file"]).stem: float(np.mean([float(row[f"a{i}_A"]) for i in (1, 2, 3)]))
            for row in csv.DictReader(file)
        }
    for path in sorted((root / "emotale").glob("*.flac")):
        language, speaker, emotion, _ = path.stem.split("_")
        found.append(
            Recording(
                path,
                f"emotale-{language.lower()}",
                f"emotale-{speaker}",
                EMOTALE[emotion],
                arousal.get(path.stem),
            )
        )
    return found


_BAND = butter(4, [300, 3400], "bandpass", fs=16000, output="sos")


def read(recording: Recording) -> NDArray[np.float32]:
    """A recording as it arrives at the other end of the telephone."""
    return telephone(wav.load(recording.path, 16000))


def telephone(samples: NDArray[np.float32], gain: float = 1.0) -> NDArray[np.float32]:
    """16 kHz put through 300 to 3400 Hz, 8 kHz, G.711 mu-law."""
    narrow = resample_poly(sosfilt(_BAND, samples), 1, 2) * gain
    return mulaw(narrow).astype(np.float32)


def mulaw(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Through the mu-law codec and back (G.711's curve, 8 bits)."""
    clipped = np.clip(samples, -1, 1)
    code = np.round(np.sign(clipped) * np.log1p(255 * np.abs(clipped)) / np.log(256) * 127) / 127
    return np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
