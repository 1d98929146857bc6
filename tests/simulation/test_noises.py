"""What is on a line beside a voice."""

import numpy as np
import pytest

from voiceagent.simulation.acting import Cast
from voiceagent.simulation.noises import cough, lossy, noise


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound.astype(float) ** 2)))


@pytest.mark.parametrize(
    "kind", ["white", "street", pytest.param("babble", marks=pytest.mark.models)]
)
def test_noise_has_the_level_asked_for_and_differs_by_its_seed(kind: str) -> None:
    cast = Cast()
    one, same, other = (
        noise(kind, 3.0, -40.0, np.random.default_rng(seed), cast) for seed in (1, 1, 2)
    )
    assert one.size == 24000
    assert level_db(one) == pytest.approx(-40, abs=0.1)
    if kind != "babble":  # the voices have chance of their own
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_cough_is_short_loudest_at_its_start_and_at_the_level_asked_for() -> None:
    for seed in range(10):
        sound = cough(1, -16.0, np.random.default_rng(seed))
        assert 0.14 < sound.size / 8000 < 0.6
        blocks = sound[: sound.size // 160 * 160].reshape(-1, 160)
        power = np.square(blocks).mean(axis=1)
        assert 10 * np.log10(power.max()) == pytest.approx(-16, abs=0.1)
        assert power.argmax() * 0.02 < 0.1
        assert power[-1] < power.max() / 10


def test_several_coughs_have_pauses_between_them() -> None:
    assert cough(3, -16.0, np.random.default_rng(1)).size > 3 * 0.15 * 8000 + 2 * 0.08 * 8000


def test_the_share_of_lost_frames_is_silent() -> None:
    sound = lossy(np.ones(160_000, np.float32), 10, np.random.default_rng(1))
    frames = sound.reshape(-1, 160)
    assert set(frames.mean(axis=1)) == {0.0, 1.0}
    assert (frames == 0).all(axis=1).mean() == pytest.approx(0.1, abs=0.03)
    np.testing.assert_array_equal(lossy(sound, 0, np.random.default_rng(1)), sound)
