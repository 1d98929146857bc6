"""What a caller can do when nobody is free."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from voiceagent.config.people import Waiting
from voiceagent.handoff.nobody import (
    Ask,
    Command,
    EndWait,
    Nobody,
    Note,
    Outlook,
    Over,
    Say,
    Stage,
    Try,
    Wait,
)

OWN = "030123"
OPEN = Outlook()
CLOSED = Outlook(opens=datetime(2026, 7, 6, 9, 30, tzinfo=UTC))


def machine(number: str = OWN, **settings: Any) -> Nobody:
    nobody = Nobody(Waiting.model_validate(settings), number)
    nobody.start(0.0, OPEN)
    return nobody


def said(commands: list[Command]) -> list[str]:
    return [command.phrase for command in commands if isinstance(command, Say)]


def waiting(**settings: Any) -> Nobody:
    nobody = machine(**{"longest_s": 100, "word_s": 40, "retry_s": 30, **settings})
    assert nobody.chose(0.0, "wait", OPEN)[-1] == Wait()
    return nobody


# -- what is said -------------------------------------------------------------------------------


def test_the_caller_hears_that_nobody_is_free_and_what_they_can_do() -> None:
    commands = Nobody(Waiting(), OWN).start(0.0, OPEN)
    assert said(commands) == ["nobody_free", "choose"]
    assert commands[-1] == Ask("choice")


def test_the_caller_hears_how_many_are_before_them() -> None:
    commands = Nobody(Waiting(), OWN).start(0.0, Outlook(ahead=2))
    assert Say("place_in_queue", {"ahead": 2}) in commands


def told(nobody: Nobody, now: float, **outlook: Any) -> list[tuple[str, Any]]:
    """What a caller hears of how it stands: the phrases, with what they say."""
    commands = nobody.tick(now, Outlook(**outlook), can_try=False)
    how = (command for command in commands if isinstance(command, Say))
    return [(say.phrase, *say.values.values()) for say in how if say.phrase != "still_waiting"]


def test_the_caller_hears_how_long_it_will_probably_take_where_that_is_known() -> None:
    known, unknown = Outlook(ahead=2, minutes=5), Outlook(ahead=2)
    both = [Say("place_in_queue", {"ahead": 2}), Say("expected_wait", {"minutes": 5})]
    for tells, wanted in (("both", both), ("position", both[:1]), ("time", both[1:])):
        settings = Waiting.model_validate({"tells": tells})
        assert Nobody(settings, OWN).start(0.0, known)[1:-2] == wanted
        assert Nobody(settings, OWN).start(0.0, unknown)[1:-2] == both[:1]


def test_a_caller_who_is_told_less_than_it_takes_hears_so() -> None:
    nobody = waiting(longest_s=900, word_s=60, retry_s=600)
    assert told(nobody, 60.0, minutes=3) == [("expected_wait", 3)]  # until 240
    assert told(nobody, 120.0, minutes=3) == [("expected_wait", 3)]  # to the minute the same
    assert told(nobody, 180.0, minutes=3) == [("longer_wait", 3)]  # until 360
    assert told(nobody, 240.0, minutes=2) == [("expected_wait", 2)]
    assert told(nobody, 300.0, minutes=1) == [("expected_wait", 1)]
    assert told(nobody, 360.0) == []


def test_when_nobody_is_at_work_the_caller_hears_until_when_and_is_not_made_to_wait() -> None:
    nobody = Nobody(Waiting(), OWN)
    commands = nobody.start(0.0, CLOSED)
    assert Say("nobody_until", {"day": "2026-07-06", "time": "09:30"}) in commands
    assert nobody.offered == ("callback", "message", "go-on")


@pytest.mark.parametrize(
    ("choices", "outlook"), [((), OPEN), (("go-on",), OPEN), (("wait", "go-on"), CLOSED)]
)
def test_where_there_is_nothing_to_choose_the_agent_goes_on(
    choices: tuple[str, ...], outlook: Outlook
) -> None:
    commands = Nobody(Waiting.model_validate({"choices": choices}), OWN).start(0.0, outlook)
    assert said(commands)[0] == "nobody_free"
    assert commands[-1] == Over("go-on")


# -- choosing -----------------------------------------------------------------------------------


def test_the_caller_can_go_on_with_the_agent() -> None:
    assert machine().chose(1.0, "go-on", OPEN) == [Over("go-on")]


def test_a_choice_can_be_keyed_by_its_place() -> None:
    for digit, stage in (("1", Stage.WAITING), ("2", Stage.CONFIRMING), ("3", Stage.MESSAGE)):
        nobody = machine()
        nobody.key(1.0, digit, OPEN)
        assert nobody.stage is stage


def test_what_is_not_understood_is_asked_again_by_key_and_then_the_agent_goes_on() -> None:
    nobody = machine()
    for _ in range(2):
        commands = nobody.chose(1.0, None, OPEN)
        assert said(commands) == ["choose_by_key"]
        assert commands[-1] == Ask("choice")
    assert nobody.key(1.0, "9", OPEN) == [Over("go-on")]


def test_what_is_not_offered_cannot_be_chosen() -> None:
    nobody = machine(choices=("callback", "go-on"))
    assert said(nobody.chose(1.0, "wait", OPEN)) == ["choose_by_key"]


# -- waiting ------------------------------------------------------------------------------------


def test_a_waiting_caller_is_called_for_when_somebody_becomes_free() -> None:
    nobody = waiting()
    assert nobody.free() == [Try()]
    assert nobody.free() == []
    assert nobody.tried(10.0, reached=True) == [Over("reached")]


def test_a_caller_for_whom_it_was_tried_in_vain_goes_on_waiting() -> None:
    nobody = waiting()
    nobody.free()
    assert nobody.tried(10.0, reached=False) == [Wait()]
    assert nobody.deadline == 40.0


def test_it_is_tried_again_on_a_timer_when_there_is_somebody_to_call() -> None:
    nobody = waiting()
    assert nobody.deadline == 30.0
    assert nobody.tick(30.0, OPEN, can_try=True) == [Try()]
    late = waiting()
    assert late.tick(30.0, OPEN, can_try=False) == []
    assert late.deadline == 40.0


def test_a_waiting_caller_hears_a_word_now_and_then_with_their_place() -> None:
    nobody = waiting(retry_s=90)
    commands = nobody.tick(40.0, Outlook(ahead=1), can_try=False)
    assert said(commands) == ["still_waiting", "place_in_queue"]
    assert commands[-1] == Wait()
    assert nobody.tick(41.0, OPEN, can_try=False) == []


def test_waiting_ends_and_is_not_offered_again() -> None:
    nobody = waiting()
    commands = nobody.tick(100.0, OPEN, can_try=True)
    assert commands[0] == EndWait()
    assert said(commands) == ["waited_long", "choose"]
    assert "wait" not in nobody.offered


def test_any_key_ends_the_waiting_and_leads_back_to_the_choices() -> None:
    nobody = waiting()
    commands = nobody.key(5.0, "5", OPEN)
    assert commands[0] == EndWait()
    assert commands[-1] == Ask("choice")
    assert nobody.stage is Stage.CHOOSING


# -- callbacks ----------------------------------------------------------------------------------


def test_a_callback_goes_to_the_callers_own_number_once_they_have_said_yes() -> None:
    nobody = machine()
    assert nobody.chose(1.0, "callback", OPEN) == [
        Say("callback_confirm", {"number": OWN}),
        Ask("yes_no"),
    ]
    assert Note("call", OWN) in nobody.answered(True)


def test_another_number_can_be_given_at_once_or_when_asked_for() -> None:
    nobody = machine()
    nobody.chose(1.0, "callback", OPEN)
    assert nobody.answered(False, "0309")[0] == Say("callback_confirm", {"number": "0309"})
    assert said(nobody.answered(False)) == ["callback_number"]
    assert nobody.number("0308")[0] == Say("callback_confirm", {"number": "0308"})
    assert Note("call", "0308") in nobody.answered(True, "0308")


def test_a_caller_without_a_number_is_asked_for_one() -> None:
    nobody = machine(number="")
    assert nobody.chose(1.0, "callback", OPEN)[-1] == Ask("phone")


def test_nothing_is_promised_to_whoever_gives_no_answer() -> None:
    nobody = machine()
    commands = nobody.chose(1.0, "callback", OPEN)
    for _ in range(3):
        assert not any(isinstance(command, Note) for command in commands)
        commands = nobody.answered(None)
    assert commands == [Over("go-on")]


# -- messages -----------------------------------------------------------------------------------


def test_a_message_is_noted_with_the_callers_number() -> None:
    nobody = machine()
    assert nobody.chose(1.0, "message", OPEN)[-1] == Ask("message")
    commands = nobody.message(anything=True, outlook=OPEN)
    assert Note("message", OWN) in commands
    assert commands[-1] == Over("noted")


def test_an_empty_message_leads_back_to_the_choices() -> None:
    nobody = machine()
    nobody.chose(1.0, "message", OPEN)
    commands = nobody.message(anything=False, outlook=OPEN)
    assert said(commands) == ["message_empty", "choose"]


# -- what holds always --------------------------------------------------------------------------

INPUTS = st.lists(
    st.one_of(
        st.tuples(st.just("chose"), st.sampled_from([*Waiting().choices, None])),
        st.tuples(st.just("key"), st.sampled_from("0123459*#")),
        st.tuples(st.just("free"), st.none()),
        st.tuples(st.just("tried"), st.booleans()),
        st.tuples(st.just("tick"), st.booleans()),
        st.tuples(st.just("number"), st.sampled_from([None, "0301"])),
        st.tuples(st.just("answered"), st.sampled_from([None, True, False])),
        st.tuples(st.just("message"), st.booleans()),
    ),
    max_size=40,
)


def give(nobody: Nobody, name: str, value: Any, now: float, outlook: Outlook) -> list[Command]:
    match name:
        case "chose":
            return nobody.chose(now, value, outlook)
        case "key":
            return nobody.key(now, value, outlook)
        case "tried":
            return nobody.tried(now, reached=value)
        case "tick":
            return nobody.tick(now, outlook, can_try=value)
        case "message":
            return nobody.message(anything=value, outlook=outlook)
        case "free":
            return nobody.free()
    return nobody.number(value) if name == "number" else nobody.answered(value)


@settings(deadline=None)
@given(inputs=INPUTS, outlook=st.sampled_from([OPEN, CLOSED, Outlook(ahead=3)]))
def test_whatever_happens_it_asks_waits_tries_or_is_over_and_ends_once(
    inputs: list[tuple[str, Any]], outlook: Outlook
) -> None:
    nobody = Nobody(Waiting(), OWN)
    all_of = list(nobody.start(0.0, outlook))
    for now, (name, value) in enumerate(inputs):
        over = nobody.stage is Stage.OVER
        commands = give(nobody, name, value, now * 17.0, outlook)
        assert not (over and commands)
        if commands:
            assert isinstance(commands[-1], (Ask, Wait, Try, Over))
        all_of += commands
    assert sum(isinstance(command, Over) for command in all_of) == (nobody.stage is Stage.OVER)
    if nobody.stage is Stage.WAITING:
        assert nobody.deadline is not None
