"""The measures on sounds whose answers are known, and on real voices where there are any."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from voiceagent.audio import wav
from voiceagent.audio.prosody import measure

RATE = 8000


def voiced(hertz=120.0, seconds=1.0, gain=0.3, falling=0.7, rise=0.0, wobble=4.0):
    """A buzz of harmonics between 300 and 3400 Hz, in syllables; no fundamental."""
    at = np.arange(int(seconds * RATE)) / RATE
    pitch = hertz * 2 ** (rise * at / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    numbers = range(int(np.ceil(300 / hertz)), int(3400 / (hertz * 1.3)))
    sound = sum(falling**k * np.sin(n * phase) for k, n in enumerate(numbers))
    shape = 0.6 - 0.4 * np.cos(2 * np.pi * wobble * at)
    return (gain * shape * sound / np.abs(sound).max()).astype(np.float32)


@pytest.mark.parametrize("hertz", [90, 120, 210, 330])
def test_pitch_is_found_though_the_telephone_cuts_the_fundamental(hertz):
    found = measure(voiced(hertz))
    assert found["pitch"] == pytest.approx(12 * np.log2(hertz / 100), abs=0.3)


def test_a_rising_pitch_has_a_slope_in_semitones_a_second():
    assert measure(voiced(rise=6.0))["pitch_slope"] == pytest.approx(6.0, abs=0.7)


def test_only_the_level_depends_on_the_gain():
    soft, loud = measure(voiced(gain=0.05)), measure(voiced(gain=0.5))
    assert loud.pop("level") - soft.pop("level") == pytest.approx(20, abs=0.1)
    for name, value in soft.items():
        assert loud[name] == pytest.approx(value, rel=0.02, abs=0.05), name


def test_a_brighter_voice_has_less_tilt():
    dark, bright = measure(voiced(falling=0.6)), measure(voiced(falling=0.9))
    assert bright["tilt"] > dark["tilt"]
    assert bright["alpha_ratio"] > dark["alpha_ratio"]
    assert bright["hammarberg"] < dark["hammarberg"]


def test_syllables_are_counted():
    slow, fast = measure(voiced(wobble=3, seconds=2)), measure(voiced(wobble=6, seconds=2))
    assert slow["peak_rate"] == pytest.approx(3, abs=0.8)
    assert fast["peak_rate"] == pytest.approx(6, abs=1.2)


def test_noise_lowers_the_harmonicity():
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    clean, rough = measure(voiced()), measure(voiced() + 0.02 * noise)
    assert rough["harmonicity"] < clean["harmonicity"]


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, dtype=np.float32),
        np.zeros(RATE, dtype=np.float32),
        np.full(RATE, 0.5, dtype=np.float32),
        voiced(seconds=0.2),
        np.random.default_rng(1).standard_normal(RATE).astype(np.float32) * 0.1,
    ],
    ids=["nothing", "silence", "a constant", "0.2 s of voice", "noise"],
)
def test_without_enough_voice_there_is_no_measure(samples):
    assert measure(samples) is None


def test_every_measure_is_a_finite_number():
    padded = np.concatenate([np.zeros(RATE, dtype=np.float32), voiced(seconds=0.4)])
    for samples in (voiced(), padded, np.clip(voiced(gain=3), -1, 1)):
        assert all(np.isfinite(value) for value in measure(samples).values())


def test_a_second_of_audio_takes_less_than_five_milliseconds():
    samples = voiced(seconds=5)
    measure(samples)
    took = []
    for _ in range(5):
        started = time.perf_counter()
        measure(samples)
        took.append(time.perf_counter() - started)
    assert min(took) / 5 < 0.005


def test_real_voices_are_raised_in_anger():
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("VOICEAGENT_DATA", beside)) / "emodb"
    if not folder.is_dir():
        pytest.skip("no recorded speech: set VOICEAGENT_DATA to the folder that has emodb/")

    def mean(pattern, name):
        found = [measure(wav.load(path)) for path in sorted(folder.glob(pattern))]
        return np.mean([measures[name] for measures in found if measures])

    for speaker in ("03", "08"):
        assert mean(f"{speaker}*W?.flac", "pitch") > mean(f"{speaker}*N?.flac", "pitch") + 2
        assert mean(f"{speaker}*W?.flac", "tilt") > mean(f"{speaker}*N?.flac", "tilt")
