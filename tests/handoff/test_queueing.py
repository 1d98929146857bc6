"""Who goes before whom."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from voiceagent.handoff.queueing import EMERGENCY, Queue, rank

ORDINARY, VULNERABLE = rank("ordinary"), rank("vulnerable")
ANNA, BEN = {"6001"}, {"6002"}


def test_whoever_came_first_goes_first_and_each_knows_their_place() -> None:
    queue = Queue()
    queue.join("a", ORDINARY, 1.0, ANNA)
    queue.join("b", ORDINARY, 2.0, ANNA)
    assert (queue.ahead("a"), queue.ahead("b")) == (0, 1)
    assert not queue.claimed("a", ORDINARY, ANNA)
    assert queue.claimed("b", ORDINARY, ANNA) == ANNA
    assert queue.before_newcomer("c", ORDINARY, ANNA) == 2
    queue.leave("a")
    assert not queue.claimed("b", ORDINARY, ANNA)
    assert queue.ahead("a") is None


def test_whoever_cannot_wait_goes_before_those_who_came_earlier() -> None:
    queue = Queue()
    queue.join("a", ORDINARY, 1.0, ANNA)
    queue.join("b", VULNERABLE, 2.0, ANNA)
    assert (queue.ahead("a"), queue.ahead("b")) == (1, 0)
    assert not queue.claimed("c", EMERGENCY, ANNA)
    assert rank("vip") < rank("repeated") < ORDINARY
    assert rank("ordinary", emergency=True) == EMERGENCY < VULNERABLE


def test_those_who_wait_for_other_people_do_not_count() -> None:
    queue = Queue()
    queue.join("a", ORDINARY, 1.0, ANNA)
    queue.join("b", ORDINARY, 2.0, BEN)
    assert queue.ahead("b") == 0
    assert not queue.claimed("b", ORDINARY, BEN)
    queue.join("c", ORDINARY, 3.0, ANNA | BEN)
    assert queue.ahead("c") == 2
    assert queue.claimed("d", ORDINARY, BEN | {"6003"}) == BEN


def test_somebody_new_does_not_take_the_person_that_others_wait_for() -> None:
    queue = Queue()
    assert not queue.claimed("n", ORDINARY, ANNA)
    queue.join("a", ORDINARY, 1.0, ANNA)
    assert queue.claimed("n", ORDINARY, ANNA | BEN) == ANNA
    assert not queue.claimed("a", ORDINARY, ANNA)
    queue.trying("a", True)  # they are being called: somebody else may be free for others
    assert not queue.claimed("n", ORDINARY, ANNA)
    queue.trying("a", False)
    assert queue.claimed("n", ORDINARY, ANNA) == ANNA


@settings(deadline=None)
@given(
    tickets=st.dictionaries(
        st.text("abcdef", min_size=1, max_size=2),
        st.tuples(st.integers(0, 3), st.integers(0, 9), st.sets(st.sampled_from("xyz"))),
    )
)
def test_there_is_always_somebody_for_whom_everybody_is(
    tickets: dict[str, tuple[int, int, set[str]]],
) -> None:
    queue = Queue()
    for call_id, (place, since, targets) in tickets.items():
        queue.join(call_id, place, float(since), targets)
    first = [c for c, (place, _, own) in tickets.items() if not queue.claimed(c, place, own)]
    assert bool(first) == bool(tickets)
    assert all(queue.ahead(call_id) == 0 for call_id in first)
