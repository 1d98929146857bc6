"""What lies on a desk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.supervision.conftest import context
from voiceagent.desk.offers import KEPT, Offers
from voiceagent.supervision.states import Offer


def offer(handover_id: str = "h1", state: str = "ringing", minutes: int = 0) -> Offer:
    known = context(handover_id, call_id=f"call-of-{handover_id}")
    later = known.created_at + timedelta(minutes=minutes)
    known = known.model_copy(update={"created_at": later})
    return Offer.model_validate(
        {"handover_id": handover_id, "target": "6001", "state": state, "context": known}
    )


@pytest.mark.parametrize("state", ["announced", "calling", "ringing", "answered"])
def test_the_words_of_a_call_that_was_not_connected_go_with_it(state: str) -> None:
    offers = Offers()
    offers.put(offer(state=state))
    assert offers.has("call-of-h1")
    offers.take_back("h1")
    assert offers.cases == []
    assert not offers.has("call-of-h1")


def test_a_connected_call_stays_when_it_is_over() -> None:
    offers = Offers()
    for state in ("announced", "ringing", "connected"):
        offers.put(offer(state=state))
    offers.take_back("h1")
    (case,) = offers.cases
    assert (case.over, case.offer.state) == (True, "connected")


def test_the_newest_comes_first_and_old_ones_make_room() -> None:
    offers = Offers()
    for number in range(KEPT + 3):
        offers.put(offer(f"h{number}", "connected", minutes=number))
        offers.take_back(f"h{number}")
    offers.put(offer("ringing", minutes=99))
    order = [case.offer.handover_id for case in offers.cases]
    assert order == ["ringing", *(f"h{n}" for n in range(KEPT + 2, 2, -1))]


def test_after_a_lost_connection_only_what_comes_again_is_shown() -> None:
    offers = Offers()
    offers.put(offer("h1", "ringing"))
    offers.put(offer("h2", "connected"))
    offers.begin_anew()
    assert [(case.offer.handover_id, case.over) for case in offers.cases] == [("h2", True)]
    offers.put(offer("h2", "connected"))
    assert [case.over for case in offers.cases] == [False]


def test_what_was_never_there_can_be_taken_back() -> None:
    offers = Offers()
    offers.take_back("h1")
    assert offers.cases == []
