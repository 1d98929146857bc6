"""Utterances whose words are known, as the telephone delivers them.

People: the English sentences of EmoTale, and connected numbers put together from the single
digits of the Free Spoken Digit Dataset. Machines: what customers say, spoken by the packaged
voice as it is, higher and lower. Everything is drawn by a fixed seed, so that each run hears the
same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from benchmarks import corpora, texts
from voiceagent.audio import wav
from voiceagent.audio.frames import to_float
from voiceagent.events import Expectation
from voiceagent.simulation import noises
from voiceagent.simulation.acting import Cast
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer

Samples = NDArray[np.float32]
RATE = corpora.RATE
SENTENCES = {
    "1": "The tablecloth is lying on the fridge.",
    "2": "The black sheet of paper is located up there besides the piece of timber.",
    "3": "They just carried it upstairs and now they are going down again.",
    "4": "It will be in the place where we always store it.",
    "5": "In seven hours it will be morning.",
}
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
PITCHES = (0.85, 1.12, 1.26)
"""Of the packaged voice as other people."""
SPOILT = ("babble 15 dB", "street 10 dB", "babble 8 dB", "beginning lost", "end lost")
"""What else than white noise a recogniser has to bear."""
_LOST_S = 0.15
_BACKGROUND_S = 60.0
ORDER_NUMBER = Expectation(kind="digits", slot="order number", min_digits=6, max_digits=6)
_BAND = butter(4, [300, 3400], "bandpass", fs=RATE, output="sos")


@dataclass(frozen=True)
class Spoken:
    """An utterance and what was said in it."""

    text: str
    """What was said; of a number its digits alone."""
    samples: Samples
    """At 8 kHz, telephone quality."""
    speaker: str
    kind: str
    """Which set it is of: ``emotale``, ``digits``, ``customers``, ``answers``."""
    asked: Expectation | None = None
    """What the agent had asked for."""
    condition: str = "clean"
    """What was done to it, such as ``20 dB``: white noise so far under the speech."""


def sentences(root: Path) -> list[Spoken]:
    """EmoTale's English recordings: lay people, most with an accent, in five moods."""
    return [
        Spoken(SENTENCES[r.path.stem[-1]], corpora.read(r), r.speaker, "emotale")
        for r in corpora.recordings(root)
        if r.corpus == "emotale-en"
    ]


def numbers(
    root: Path, count: int, length: int = 6, seed: int = 1, gaps: tuple[float, float] = (0.06, 0.3)
) -> list[Spoken]:
    """Connected numbers of single human digits, `count` for each speaker.

    Digits follow each other after a gap drawn from `gaps` seconds, with a longer breath of up
    to half a second in the middle of every other number, as people group them.
    """
    takes: dict[tuple[str, str], list[Samples]] = {}
    for path in sorted((root / "digits").glob("*.flac")):
        digit, speaker, _ = path.stem.split("_")
        takes.setdefault((speaker, digit), []).append(load(path))
    random = np.random.default_rng(seed)
    found = []
    for speaker in sorted({speaker for speaker, _ in takes}):
        for number in range(count):
            digits = "".join(str(digit) for digit in random.integers(0, 10, length))
            pieces = [_silence(0.2)]
            for place, digit in enumerate(digits):
                recordings = takes[speaker, digit]
                pieces.append(recordings[random.integers(len(recordings))])
                breath = number % 2 and place + 1 == length // 2
                pieces.append(_silence(random.uniform(*((0.3, 0.5) if breath else gaps))))
            asked = number_of(length)
            found.append(Spoken(digits, line(np.concatenate(pieces)), speaker, "digits", asked))
    return found


def number_of(length: int) -> Expectation:
    """The question for a number of that many digits."""
    return ORDER_NUMBER.model_copy(update={"min_digits": length, "max_digits": length})


def synthesised(
    said: Sequence[str], kind: str, asked: Expectation | None = None, pitch: float = 1.0
) -> Iterator[Spoken]:
    """Sentences spoken by the packaged voice."""
    voice = PiperSynthesizer(locate("joe-us"), "joe-us", pitch=pitch)
    speaker = "joe-us" if pitch == 1.0 else f"joe-us at {pitch:.0%}"
    for text in said:
        speech = to_float(b"".join(voice.synthesize(text)))
        yield Spoken(text, line(speech), speaker, kind, asked)


def customers(pitch: float = 1.0, every: int = 3) -> list[Spoken]:
    """What customers say: of the test half of ``data/customer_turns.yaml``."""
    said = [text for text, _ in texts.load("customer_turns", "test")]
    return list(synthesised(said[::every], "customers", None, pitch))


def answers(pitch: float = 1.0, every: int = 1) -> list[Spoken]:
    """What people answer to the question for a number, and to other questions in few words."""
    said = texts.load("answers")[::every]
    no_number = [text for text, label in said if label == "no_number"]
    short = [text for text, label in said if label == "short"]
    return [
        *synthesised(no_number, "no number", ORDER_NUMBER, pitch),
        *synthesised(short, "short answers", None, pitch),
    ]


def twice(pitch: float = 1.0) -> list[Spoken]:
    """One word said twice, as people do, and as recognisers write what was said once."""
    said = [text for text, label in texts.load("answers") if label == "twice"]
    return list(synthesised(said, "short answers", None, pitch))


def with_noise(utterance: Spoken, decibels: float | None) -> Spoken:
    """The utterance with white noise in the telephone's band, by the power of the whole."""
    if decibels is None:
        return utterance
    random = np.random.default_rng(utterance.samples.size)
    noise = sosfilt(_BAND, random.standard_normal(utterance.samples.size))
    return _with(utterance, noise, decibels, f"{decibels:.0f} dB")


def spoilt(utterance: Spoken, how: str) -> Spoken:
    """The utterance in one of the conditions `SPOILT`."""
    kind, amount, *_ = how.split()
    samples, lost = utterance.samples, round(_LOST_S * RATE)
    if amount == "lost":
        loud = np.flatnonzero(np.abs(samples) > 0.1 * np.abs(samples).max())
        kept = samples[loud[0] + lost :] if kind == "beginning" else samples[: loud[-1] - lost]
        return replace(utterance, samples=kept, condition=how)
    noise = _background("babble" if kind == "babble" else "street")
    start = np.random.default_rng(samples.size).integers(noise.size - samples.size)
    return _with(utterance, noise[start : start + samples.size], float(amount), how)


@cache
def _background(kind: noises.Kind) -> NDArray[np.float64]:
    random = np.random.default_rng(5)
    return noises.noise(kind, _BACKGROUND_S, -20, random, Cast()).astype(np.float64)


def _with(utterance: Spoken, noise: NDArray[np.float64], decibels: float, condition: str) -> Spoken:
    level = float(np.sqrt(np.mean(utterance.samples**2))) * 10 ** (-decibels / 20)
    noise = noise * level / float(np.sqrt(np.mean(noise**2)))
    noisy = corpora.mulaw(utterance.samples + noise).astype(np.float32)
    return replace(utterance, samples=noisy, condition=condition)


def line(samples: Samples) -> Samples:
    """8 kHz samples as they come out of a telephone line."""
    return corpora.mulaw(sosfilt(_BAND, samples)).astype(np.float32)


def load(path: Path) -> Samples:
    """A recording at 8 kHz."""
    return wav.load(path, RATE)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)
