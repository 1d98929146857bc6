"""Teach the reader of spoken digits (`voiceagent/speech/digits.py`).

    python -m benchmarks.digits                        whisper-base and whisper-tiny-en
    python -m benchmarks.digits --model whisper-base   one of them

Learns from the Free Spoken Digit Dataset, the packaged voice and the synthesisers of
`benchmarks/digits_voices.py`, which have to be installed; all spoken faster and slower, higher and
lower, over duller and sharper lines, with and without noise; from EmoTale and customers'
sentences what is no digit. How well it hears people it has never met is measured by
`benchmarks/recognition.py`, which teaches it anew without each of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from piper import SynthesisConfig
from scipy.optimize import minimize
from scipy.signal import lfilter, resample_poly

from benchmarks import corpora, digits_voices, texts, utterances
from benchmarks.digits_voices import Takes, sounding
from benchmarks.utterances import RATE, Samples
from voiceagent.audio.frames import to_float
from voiceagent.audio.resample import resample
from voiceagent.speech import digits
from voiceagent.speech.digits import CLASSES, FRAME_S, OTHER, SILENCE, THIRDS, DigitReader
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer
from voiceagent.speech.whisper import WhisperRecognizer

MODELS = ("whisper-base", "whisper-tiny-en")
MACHINE = "joe-us"
NUMBERS = 150
"""Numbers from each person, and from the packaged voice without and with accents."""
RECORDED, FORMANTS = 50, 10
"""Numbers from each voice that is made of a person's recordings, and from each of espeak-ng's,
which are many and sound less like people."""
RIDGE = 0.01
_IGNORED = -1


@dataclass(frozen=True)
class Lesson:
    """Encoder states with the class of each."""

    speaker: str
    states: NDArray[np.float16]
    classes: NDArray[np.int8]


def lessons(root: Path, recognizer: WhisperRecognizer, seed: int = 7) -> list[Lesson]:
    """Numbers spoken by everybody, and sentences that hold no numbers."""
    random = np.random.default_rng(seed)
    takes = people(root) | machine() | digits_voices.synthesised()
    found = []
    for speaker in sorted({speaker for speaker, _ in takes}):
        for count in range(_share(speaker)):
            samples, spans = _number(random, takes, speaker, plain=count % 5 == 0)
            states = recognizer.states(resample(samples, RATE, 16000))
            found.append(Lesson(speaker, states.astype(np.float16), _classes(len(states), spans)))
    sentences = utterances.sentences(root)[::3]
    customers = [text for text, _ in texts.load("customer_turns", "tune")][:60]
    spoken = utterances.synthesised(customers, "customers")
    return found + list(_sentences(recognizer, [*sentences, *spoken]))


def _share(speaker: str) -> int:
    if speaker.startswith("espeak-ng"):
        return FORMANTS
    return RECORDED if speaker.startswith(("flite", "festival")) else NUMBERS


def people(root: Path) -> Takes:
    """Single digits of the corpus by speaker and digit, at 8 kHz."""
    takes: Takes = {}
    for path in sorted((root / "digits").glob("*.flac")):
        digit, speaker, _ = path.stem.split("_")
        takes.setdefault((speaker, int(digit)), []).append(utterances.load(path))
    return takes


def machine() -> Takes:
    """Single digits of the packaged voice at several speeds, plain and with accents."""
    said = [(MACHINE, digit, word) for digit, word in [*enumerate(utterances.DIGITS), (0, "oh")]]
    accents = yaml.safe_load((texts.DATA / "digits_accents.yaml").read_text(encoding="utf-8"))
    for digit, word in enumerate(utterances.DIGITS):
        said += [(f"{MACHINE}, accents", digit, f"[[ {form} ]]") for form in accents[word].split()]
    takes: Takes = {}
    voice = PiperSynthesizer(locate(MACHINE), MACHINE)
    for speaker, digit, words in said:
        for speed in (0.8, 0.9, 1.0, 1.1, 1.25, 1.4):
            voice._config = SynthesisConfig(length_scale=speed)
            speech = to_float(b"".join(voice.synthesize(f"{words}.")))
            takes.setdefault((speaker, digit), []).append(sounding(speech))
    return takes


def _number(
    random: np.random.Generator, takes: Takes, speaker: str, plain: bool
) -> tuple[Samples, list[tuple[int, float, float]]]:
    """A number, and (digit, start, end in seconds) of what is in it."""
    pieces = [np.zeros(round(random.uniform(0.05, 0.4) * RATE))]
    spans, at = [], pieces[0].size
    tempo = 20 if plain else int(random.integers(16, 26))
    for _ in range(random.integers(1, 11)):
        digit = int(random.integers(10))
        recordings = takes[speaker, digit]
        sound = recordings[random.integers(len(recordings))]
        if not plain:
            sound = resample_poly(sound, tempo, 20) * 10 ** random.uniform(-0.2, 0.2)
        spans.append((digit, at / RATE, (at + sound.size) / RATE))
        gap = np.zeros(round(random.uniform(0.03, 0.35) * RATE))
        pieces += [sound, gap]
        at += sound.size + gap.size
    samples = np.concatenate(pieces)
    if not plain:
        samples = lfilter([1.0, random.uniform(-0.6, 0.6)], [1.0], samples)
        if random.random() < 0.6:
            level = np.sqrt(np.mean(samples**2)) * 10 ** (-random.uniform(8, 35) / 20)
            samples = samples + level * random.standard_normal(samples.size)
    return utterances.line(samples), spans


def _classes(frames: int, spans: list[tuple[int, float, float]]) -> NDArray[np.int8]:
    classes = np.full(frames, SILENCE, np.int8)
    moments = (np.arange(frames) + 0.5) * FRAME_S
    for digit, start, end in spans:
        inside = (moments >= start) & (moments < end)
        third = ((moments[inside] - start) / (end - start) * THIRDS).astype(int)
        classes[inside] = digit * THIRDS + third
    return classes


def _sentences(
    recognizer: WhisperRecognizer, spoken: Iterable[utterances.Spoken]
) -> Iterable[Lesson]:
    """All speech in a sentence is other speech; what is silent in it is left out."""
    for sentence in spoken:
        samples = resample(sentence.samples, RATE, 16000)
        states = recognizer.states(samples)
        hop = round(FRAME_S * 16000)
        power = np.square(samples[: samples.size // hop * hop]).reshape(-1, hop).mean(axis=1)
        power = np.pad(power, (0, max(0, len(states) - power.size)))[: len(states)]
        loud = np.convolve(power > 1e-3 * power.max(), np.ones(5), "same") > 0
        classes = np.where(loud, OTHER, _IGNORED).astype(np.int8)
        yield Lesson(sentence.speaker, states.astype(np.float16), classes)


def learn(known: list[Lesson], rounds: int = 120) -> DigitReader:
    """Multinomial logistic regression on the states of all lessons."""
    states = np.concatenate([lesson.states for lesson in known])[::2].astype(np.float32)
    classes = np.concatenate([lesson.classes for lesson in known])[::2]
    states, classes = states[classes >= 0], classes[classes >= 0].astype(int)
    mean, scale = states.mean(axis=0), states.std(axis=0) + 1e-3
    rows = (states - mean) / scale
    count = len(rows)
    rarity = np.sqrt(count / (CLASSES * np.maximum(np.bincount(classes, minlength=CLASSES), 1)))
    weight = rarity[classes].astype(np.float32)
    weight /= weight.sum()
    wanted = np.zeros((count, CLASSES), np.float32)
    wanted[np.arange(count), classes] = 1

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(-1, CLASSES).astype(np.float32)
        likelihood = digits.log_softmax(rows @ table[:-1] + table[-1])
        value = -float(weight @ likelihood[np.arange(count), classes])
        slope = (np.exp(likelihood) - wanted) * weight[:, None]
        gradient = np.vstack([rows.T @ slope + 2 * RIDGE * table[:-1], slope.sum(axis=0)])
        return value + RIDGE * float(np.square(table[:-1]).sum()), gradient.ravel().astype(float)

    start = np.zeros((rows.shape[1] + 1) * CLASSES)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds}).x
    table = found.reshape(-1, CLASSES)
    weights = table[:-1] / scale[:, None]
    return DigitReader(weights.astype(np.float32), (table[-1] - mean @ weights).astype(np.float32))


def write(model: str, reader: DigitReader, known: list[Lesson]) -> Path:
    """Put the reader where the recogniser looks for it, saying where it comes from."""
    weights, bias = reader.table
    table = {
        "about": f"Linear layer from the encoder states of {model} to thirds of spoken digits.",
        "provenance": {
            "corpora": [
                "Free Spoken Digit Dataset (CC BY-SA 4.0): jackson, nicolas, theo",
                "EmoTale (ASRU 2025), English: speech that is no digit",
                "the packaged voice joe-us: digits, also with accents, and customers' sentences",
                "espeak-ng, flite and festival (GPL, LGPL, BSD): digits, most with an accent",
            ],
            "lessons": len(known),
            "conditions": "300 to 3400 Hz, 8 kHz, G.711 mu-law; varied as the script says",
            "script": f"python -m benchmarks.digits --model {model}",
            "date": date.today().isoformat(),
        },
        "bias": [float(f"{value:.4g}") for value in bias],
        "weights": [float(f"{value:.4g}") for value in weights.ravel()],
    }
    path = digits.table_path(model)
    path.write_text(json.dumps(table) + "\n", encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", action="append", choices=MODELS)
    options = parser.parse_args()
    root = corpora.needed("digits", "emotale")
    for model in options.model or MODELS:
        recognizer = WhisperRecognizer(locate(model), model)
        known = lessons(root, recognizer)
        print(f"wrote {write(model, learn(known), known).name}")


if __name__ == "__main__":
    main()
