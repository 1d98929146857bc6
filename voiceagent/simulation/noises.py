"""What is on a line beside a voice: noise, other people, a street, a cough, lost frames.

All of it is made by rule from a seed. Sounds are mono floats at 8 kHz.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from voiceagent.audio.frames import FRAME_SAMPLES, SAMPLE_RATE, Floats
from voiceagent.simulation.acting import Actor, Cast

Kind = Literal["white", "babble", "street"]

_TALK = (
    "And then I said to him that it was never about the money in the first place.",
    "No, the meeting was moved to Thursday because the room was taken again.",
    "You should have seen their faces when the train did not even stop there.",
    "I think we need bread, milk, some cheese and perhaps a bottle of wine.",
)
_TALKERS = (82, 94, 106, 122)
"""Pitches of the people in the background, percent."""
_COUGH_BANDS = ((300, 1100, 1.0), (1100, 2200, 0.7), (2200, 3400, 0.4))


def noise(
    kind: Kind, seconds: float, level_db: float, random: np.random.Generator, cast: Cast
) -> Floats:
    """Background noise at a level in dBFS (RMS); its end joins its beginning well enough."""
    count = round(seconds * SAMPLE_RATE)
    match kind:
        case "white":
            sound = random.standard_normal(count)
        case "street":
            sound = _street(count, random)
        case "babble":
            sound = _babble(count, random, cast)
    gain = 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2) + 1e-12)
    return np.asarray(sound * gain, np.float32)


def cough(times: int, level_db: float, random: np.random.Generator) -> Floats:
    """So many coughs, the loudest 20 ms of them at a level in dBFS.

    A cough is an explosive burst, a longer rush of air, and often a voiced end (Korpáš, Sadloňová
    and Vrabec, Pulmonary Pharmacology, 1996).
    """
    parts: list[NDArray[np.float64]] = []
    for _ in range(times):
        parts += [_one_cough(random), np.zeros(round(random.uniform(0.08, 0.2) * SAMPLE_RATE))]
    sound = np.concatenate(parts[:-1])
    blocks = np.pad(sound, (0, -sound.size % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    loudest = np.sqrt(np.square(blocks).mean(axis=1).max())
    return np.asarray(sound * 10 ** (level_db / 20) / loudest, np.float32)


def lossy(sound: Floats, percent: float, random: np.random.Generator) -> Floats:
    """The sound with this share of its 20 ms frames lost, which are silent."""
    frames = -(-sound.size // FRAME_SAMPLES)
    lost = np.repeat(random.random(frames) * 100 < percent, FRAME_SAMPLES)[: sound.size]
    return np.where(lost, np.float32(0), sound)


def _one_cough(random: np.random.Generator) -> NDArray[np.float64]:
    burst_s, rush_s = random.uniform(0.03, 0.06), random.uniform(0.12, 0.25)
    voiced_s = random.choice([0.0, random.uniform(0.06, 0.14)])
    time = np.arange(round((burst_s + rush_s + voiced_s) * SAMPLE_RATE)) / SAMPLE_RATE
    air = random.standard_normal(time.size)
    coloured = sum(
        share * sosfilt(butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), air)
        for low, high, share in _COUGH_BANDS
    )
    attack = 1 - np.exp(-time / 0.003)
    envelope = np.exp(-time / burst_s) + 0.35 * np.exp(-(((time - burst_s) / rush_s) ** 2))
    pitch = random.uniform(130, 260) * (1 - 0.3 * time / time[-1])
    buzz = lfilter([1.0], [1.0, -0.7], np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)))
    voiced = np.clip((time - burst_s - rush_s) / 0.02, 0, 1) * np.exp(-8 * time)
    return np.asarray(attack * envelope * coloured + 0.2 * voiced * buzz)


def _street(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A rumble, and cars that pass every few seconds."""
    rumble = lfilter([1.0], [1.0, -0.97], random.standard_normal(count))
    tyres = sosfilt(
        butter(2, (300, 1800), "bandpass", fs=SAMPLE_RATE, output="sos"),
        random.standard_normal(count),
    )
    time = np.arange(count) / SAMPLE_RATE
    passing = np.full(count, 0.3)
    for _ in range(max(1, round(count / SAMPLE_RATE / 4))):
        width = random.uniform(0.6, 1.5)
        passing += np.exp(-(((time - random.uniform(0, time[-1])) / width) ** 2))
    return np.asarray(rumble / np.std(rumble) * 0.7 + passing * tyres / np.std(tyres))


def _babble(count: int, random: np.random.Generator, cast: Cast) -> NDArray[np.float64]:
    """Several people who talk at once."""
    people = [
        np.concatenate([cast.speak(text, Actor(pitch=pitch)) for text in _TALK[number % 2 :: 2]])
        for number, pitch in enumerate(_TALKERS)
    ]
    talk = np.zeros(count)
    for person in people:
        turned = np.roll(np.resize(person, count), int(random.integers(count)))
        talk += random.uniform(0.6, 1.0) * turned
    return talk
