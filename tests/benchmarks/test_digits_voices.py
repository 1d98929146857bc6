"""The voices that the reader of digits learns from."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from benchmarks import digits_voices, texts


def test_every_language_spells_ten_digits_each_time():
    aloud = yaml.safe_load((texts.DATA / "digits_aloud.yaml").read_text(encoding="utf-8"))
    counts = {language: [len(s.split()) for s in spelt] for language, spelt in aloud.items()}
    assert len(counts) > 20
    assert {count for each in counts.values() for count in each} == {10}
    assert set(digits_voices.FESTIVAL.values()) <= set(aloud)


def test_a_synthesiser_that_is_not_installed_is_named_with_the_mend(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"espeak-ng is not installed.*digits_voices\.py"):
        digits_voices.synthesised()


def test_the_silence_around_a_digit_is_left_out():
    speech = np.concatenate([np.zeros(4000), np.ones(800), np.zeros(4000)]).astype(np.float32)
    assert digits_voices.sounding(speech).size == pytest.approx(800 + 500, abs=2)
