"""What a caller has chosen, of what was offered when nobody was free."""

from typing import Any

import pytest
from small_plan import PLAN

from voiceagent.dialogue.choices import chosen, is_aside
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Understanding

OFFERED = ("wait", "callback", "go-on")
SMALL = Dialplan.model_validate(PLAN)


def meant(text: str = "well", intent: str | None = None, **more: Any) -> Understanding:
    return Understanding(text=text, intent=intent, **more)


def likely(choice: str, similarity: float = 0.7) -> Understanding:
    return meant(intent=choice, similarity=similarity)


@pytest.mark.parametrize(
    ("said", "choice"),
    [("choose_callback", "callback"), ("choose_wait", "wait"), ("wait", "wait")],
)
def test_what_was_offered_can_be_chosen(said: str, choice: str) -> None:
    assert chosen(meant(), likely(said), OFFERED, SMALL) == choice


def test_what_was_not_offered_cannot() -> None:
    assert chosen(meant(), likely("choose_message"), OFFERED, SMALL) is None


def test_a_wish_that_is_nearer_than_the_choice_is_for_the_agent() -> None:
    wish = meant("when are you open", "hours", similarity=0.8)
    assert chosen(wish, likely("choose_wait", 0.5), OFFERED, SMALL) is None
    assert is_aside(wish, SMALL)
    assert chosen(wish, likely("choose_wait", 0.9), OFFERED, SMALL) == "wait"


def test_only_a_plain_no_goes_on_with_the_agent() -> None:
    no = {"entities": {"yes_no": False}}
    assert chosen(meant("no thanks", **no), None, OFFERED, SMALL) == "go-on"
    assert chosen(meant("no thanks", **no), None, ("wait",), SMALL) is None
    assert chosen(meant("no I have no idea", **no), None, OFFERED, SMALL) is None


def test_a_goodbye_is_for_the_agent_when_it_surely_is_one() -> None:
    assert is_aside(meant("bye then", "goodbye", similarity=0.8), SMALL)
    assert not is_aside(meant("bye then", "goodbye", similarity=0.4), SMALL)
