"""How long a caller is told that it will take."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from voiceagent.handoff.expecting import LEAST, Talks, expected_wait_s, minutes_to_say

TALKS = st.lists(st.floats(1, 3600), min_size=LEAST, max_size=30)


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert expected_wait_s(0, 1, []) is None
    assert expected_wait_s(0, 1, [60.0] * (LEAST - 1)) is None
    assert expected_wait_s(3, 0, [60.0] * LEAST) is None


def test_talks_of_one_length_end_one_after_the_other() -> None:
    assert expected_wait_s(0, 1, [120.0] * LEAST) == pytest.approx(120)
    assert expected_wait_s(2, 1, [120.0] * LEAST) == pytest.approx(360)
    assert expected_wait_s(2, 3, [120.0] * LEAST) == pytest.approx(120)


@given(TALKS, st.integers(0, 20), st.integers(1, 20))
def test_more_callers_before_take_longer_and_more_people_shorter(
    talks: list[float], ahead: int, at_once: int
) -> None:
    wait = expected_wait_s(ahead, at_once, talks)
    more = expected_wait_s(ahead + 1, at_once, talks)
    helped = expected_wait_s(ahead, at_once + 1, talks)
    assert wait
    assert more
    assert helped
    assert helped < wait < more
    assert wait >= min(talks) * (ahead + 1) / at_once * 0.999


@given(st.floats(0.1, 3600))
def test_what_is_said_is_never_less_than_what_is_expected(seconds: float) -> None:
    said = minutes_to_say(seconds)
    assert said is not None
    assert said * 60 >= seconds


@pytest.mark.parametrize(
    ("seconds", "said"), [(20, 1), (60, 1), (61, 2), (301, 10), (2000, 45), (3601, None)]
)
def test_minutes_are_rounded_up_to_what_people_say(seconds: float, said: int | None) -> None:
    assert minutes_to_say(seconds) == said


def test_most_callers_are_with_a_person_within_the_time_they_are_told() -> None:
    """Talks of exponential length, people all talking when the caller comes."""
    chance = random.Random(7)
    kept = told = 0
    for _ in range(2000):
        people, ahead = chance.randint(1, 4), chance.randint(0, 5)
        talks = [chance.expovariate(1 / 180) for _ in range(30)]
        minutes = minutes_to_say(expected_wait_s(ahead, people, talks))
        if minutes is None:
            continue
        ends = sorted(chance.expovariate(1 / 180) for _ in range(people))
        for _ in range(ahead):  # whoever is free takes the next one
            first = ends.pop(0)
            ends = sorted([*ends, first + chance.expovariate(1 / 180)])
        told += 1
        kept += ends[0] <= minutes * 60
    assert told > 1000
    assert kept / told > 0.8


def test_the_latest_talks_of_each_person_count() -> None:
    talks = Talks()
    for took_s in range(100):
        talks.add("6001", float(took_s))
    talks.add("6002", 7.0)
    assert talks.of(["6001"]) == [float(n) for n in range(70, 100)]
    assert talks.of(["6002", "6003"]) == [7.0]
