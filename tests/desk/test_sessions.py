"""Who may look at which desk."""

from __future__ import annotations

import pytest

from voiceagent.desk.sessions import Sessions, TooManyTries

KEYS = {"6001": "annas key is this", "6002": "bens key is that"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(KEYS, 3600.0, clock)


def test_the_right_key_opens_ones_own_desk_and_no_other(sessions: Sessions) -> None:
    token = sessions.log_in("6001", KEYS["6001"])
    assert sessions.good("6001", token)
    assert not sessions.good("6002", token)
    assert sessions.log_in("6002", KEYS["6001"]) == ""


@pytest.mark.parametrize(("person", "key"), [("6001", ""), ("6003", ""), ("", ""), ("6001", "ä")])
def test_no_other_key_opens_anything(sessions: Sessions, person: str, key: str) -> None:
    assert sessions.log_in(person, key) == ""
    assert not sessions.good(person, "")


def test_a_session_ends_by_itself_and_on_demand(sessions: Sessions, clock: Clock) -> None:
    first, second = (sessions.log_in("6001", KEYS["6001"]) for _ in range(2))
    sessions.log_out(first)
    assert not sessions.good("6001", first)
    assert sessions.good("6001", second)
    clock.now = 3601.0
    assert not sessions.good("6001", second)


def test_whoever_tries_keys_has_to_wait_and_holds_up_no_other_desk(
    sessions: Sessions, clock: Clock
) -> None:
    for _ in range(5):
        assert sessions.log_in("6001", "wrong") == ""
    with pytest.raises(TooManyTries):
        sessions.log_in("6001", KEYS["6001"])
    assert sessions.log_in("6002", KEYS["6002"])
    clock.now = 61.0
    assert sessions.log_in("6001", KEYS["6001"])


def test_a_stranger_elsewhere_does_not_lock_a_person_out_until_they_are_many(
    sessions: Sessions, clock: Clock
) -> None:
    for _ in range(5):
        assert sessions.log_in("6001", "wrong", "192.0.2.1") == ""
    with pytest.raises(TooManyTries):
        sessions.log_in("6001", "wrong", "192.0.2.1")
    assert sessions.log_in("6001", KEYS["6001"], "192.0.2.2")
    for n in range(95):
        assert sessions.log_in("6001", "wrong", f"198.51.100.{n}") == ""
    with pytest.raises(TooManyTries):
        sessions.log_in("6001", KEYS["6001"], "192.0.2.2")
    clock.now = 61.0
    assert sessions.log_in("6001", "wrong", "192.0.2.1") == ""
    assert len(sessions._wrong._wrong) == 1
