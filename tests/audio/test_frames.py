"""Frames and their level."""

import math

import numpy as np
import pytest

from voiceagent.audio.frames import FRAME_BYTES, SILENCE, SILENCE_DB, level_db, to_float, to_pcm


def test_samples_survive_the_way_to_floats_and_back() -> None:
    pcm = np.array([-32768, -1, 0, 1, 32767], "<i2").tobytes()
    assert to_pcm(to_float(pcm)) == pcm


def test_samples_too_loud_are_clipped_rather_than_wrapped() -> None:
    pcm = to_pcm(np.array([2.0, -2.0], np.float32))
    assert np.frombuffer(pcm, "<i2").tolist() == [32767, -32768]


def test_an_odd_number_of_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="even number of bytes, not 3"):
        to_float(b"abc")


def test_the_level_of_a_full_scale_sine_is_minus_three_db() -> None:
    sine = np.sin(2 * np.pi * np.arange(8000) / 8).astype(np.float32)
    assert level_db(to_pcm(sine)) == pytest.approx(20 * math.log10(math.sqrt(0.5)), abs=0.05)


def test_digital_silence_has_the_lowest_level() -> None:
    assert len(SILENCE) == FRAME_BYTES
    assert level_db(SILENCE) == SILENCE_DB
    assert level_db(b"") == SILENCE_DB
