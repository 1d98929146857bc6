"""The telephone line."""

import numpy as np
import pytest

from voiceagent.audio.telephone import Telephone, mu_law, telephone


def sine(hertz: float, rate: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(2 * rate) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize(("hertz", "passes"), [(100, False), (500, True), (2500, True)])
def test_only_the_telephones_band_is_left(rate: int, hertz: float, passes: bool) -> None:
    heard = telephone(sine(hertz, rate), rate)
    assert heard.size == 16000
    level_db = 10 * np.log10(np.mean(heard[4000:] ** 2) / 0.125)
    assert abs(level_db) < 1 if passes else level_db < -20


def test_pieces_of_a_stream_give_what_the_whole_gives() -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, 32000).astype(np.float32)
    line = Telephone(16000)
    pieces = [line.push(part) for part in np.array_split(sound, 23)]
    np.testing.assert_allclose(
        np.concatenate([*pieces, line.flush()]), telephone(sound, 16000), atol=1e-6
    )


def test_mu_law_keeps_the_loud_within_a_step_of_its_own_size() -> None:
    sound = np.linspace(-1, 1, 999, dtype=np.float32)
    assert np.abs(mu_law(sound) - sound).max() < 0.025
    assert len(np.unique(mu_law(sound))) <= 255
    assert mu_law(np.array([4.0], np.float32))[0] == pytest.approx(1.0)
