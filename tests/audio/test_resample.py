"""Resampling."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from voiceagent.audio.resample import Resampler, resample


def sine(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_a_tone_of_the_telephone_band_keeps_its_shape(rate: int) -> None:
    narrow = resample(sine(1000, rate), rate, 8000)
    assert narrow.size == 8000
    assert np.abs(narrow - sine(1000, 8000))[200:-200].max() < 1e-3


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_what_the_telephone_cannot_carry_does_not_come_back_as_an_alias(rate: int) -> None:
    alias = resample(sine(5000, rate), rate, 8000)[200:-200]
    assert np.sqrt(np.mean(alias**2)) < 10 ** (-60 / 20)


def test_going_up_adds_no_images() -> None:
    wide = resample(sine(1000, 8000), 8000, 16000)
    spectrum = np.abs(np.fft.rfft(wide * np.hanning(wide.size)))
    assert spectrum[5000:].max() < spectrum.max() * 1e-3


@settings(max_examples=40, deadline=None)
@given(
    rates=st.sampled_from([(22050, 8000), (16000, 8000), (48000, 8000), (8000, 16000)]),
    cuts=st.lists(st.integers(0, 6000), max_size=12),
)
def test_pieces_of_a_stream_give_exactly_what_the_whole_gives(
    rates: tuple[int, int], cuts: list[int]
) -> None:
    sound = np.random.default_rng(7).standard_normal(6000).astype(np.float32)
    resampler = Resampler(*rates)
    edges = [0, *sorted(cuts), sound.size]
    pieces = [resampler.push(sound[start:end]) for start, end in itertools.pairwise(edges)]
    joined = np.concatenate([*pieces, resampler.flush()])
    assert np.allclose(joined, resample(sound, *rates), atol=1e-6)
    assert joined.size == -(-sound.size * rates[1] // rates[0])


def test_a_flushed_resampler_begins_anew() -> None:
    resampler = Resampler(16000, 8000)
    sound = sine(440, 16000)
    first = np.concatenate([resampler.push(sound), resampler.flush()])
    second = np.concatenate([resampler.push(sound), resampler.flush()])
    assert np.array_equal(first, second)


def test_the_same_rate_changes_nothing() -> None:
    sound = sine(440, 8000)
    assert resample(sound, 8000, 8000) is not None
    assert np.array_equal(resample(sound, 8000, 8000), sound)
