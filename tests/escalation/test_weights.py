"""What was learned, and the examples it was learned from."""

import numpy as np
import pytest

from voiceagent.escalation.weights import Examples, Weights


def vector(*last):
    """An embedding whose meaning and first layer are nothing, and whose last layer is this."""
    row = np.zeros(1152, np.float32)
    row[768 : 768 + len(last)] = last
    return row


@pytest.fixture
def examples():
    rows = np.zeros((2, 384), np.float32)
    rows[0, 0] = rows[1, 1] = 1.0
    return Examples(rows[:1], rows[1:])


def test_who_is_as_near_to_both_sides_is_near_to_none(examples):
    assert examples.nearness(vector(0.6, 0.6)) == pytest.approx(0.0)
    assert examples.nearness(vector(1.0, 0.0)) == pytest.approx(1.0)
    assert examples.nearness(vector(0.0, 1.0)) == pytest.approx(-1.0)


def test_examples_raise_the_odds_of_what_is_like_them(examples):
    table = {"wording": [0.0] * 768, "patterns": 1.0, "against": 1.0, "length": 0.0, "offset": 0.0}
    learned = Weights.of(table | {"near": 4.0}, examples)
    near, far = (learned.odds("some words of it", vector(*at), 1.0, 0.0) for at in ((1, 0), (0, 1)))
    assert near - far == pytest.approx(8.0)


def test_without_examples_only_wording_and_patterns_count():
    table = {"wording": [0.0] * 768, "patterns": 1.0, "against": 1.0, "length": 0.0, "offset": 0.0}
    assert (
        Weights.of(table | {"near": 4.0}).odds("some words of it", vector(1, 0), 2.0, -0.5) == 1.5
    )
