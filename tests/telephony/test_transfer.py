"""The attended transfer's rules, with time as a number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from voiceagent.config import Way
from voiceagent.telephony.transfer import Keys, State, Transfer
from voiceagent.telephony.transfer_commands import (
    AskNote,
    Bridge,
    Brief,
    Command,
    Consult,
    EndCaller,
    EndConsultation,
    Failed,
    Hold,
    Introduce,
    Outcome,
    Over,
    Part,
    PassDigit,
    Refer,
    ReferBlind,
    Resume,
)


def answered(targets: tuple[str, ...] = ("6001", "6002")) -> Transfer:
    """A transfer whose first target has answered and been briefed; REFER is under way."""
    transfer = Transfer(targets)
    transfer.start(0.0)
    transfer.answered(3.0, 1)
    transfer.briefed(8.0)
    return transfer


def test_the_caller_is_held_before_the_first_person_is_called() -> None:
    assert Transfer(["6001"]).start(0.0) == [Hold(), Consult(1, "6001")]


def test_a_person_who_answers_is_briefed_and_then_the_caller_is_referred() -> None:
    transfer = Transfer(["6001"])
    transfer.start(0.0)
    assert transfer.answered(3.0, 1) == [Brief()]
    assert transfer.briefed(8.0) == [Refer()]


def test_without_a_briefing_the_refer_follows_the_answer() -> None:
    transfer = Transfer(["6001"], brief=False)
    transfer.start(0.0)
    assert transfer.answered(3.0, 1) == [Refer()]


def test_a_final_2xx_ends_both_of_the_agents_legs() -> None:
    transfer = answered()
    transfer.refer_answered(8.1, 100, final=False)
    assert transfer.refer_answered(8.2, 200, final=True) == [
        EndConsultation(1, "transferred"),
        EndCaller(),
        Over(Outcome.TRANSFERRED, "6001"),
    ]


def test_a_consultation_leg_that_the_pbx_ended_first_is_not_ended_again() -> None:
    transfer = answered()
    transfer.refer_answered(8.1, 100, final=False)
    assert transfer.consultation_ended(8.15, 1, 200, "OK") == []
    assert transfer.refer_answered(8.2, 200, final=True) == [
        EndCaller(),
        Over(Outcome.TRANSFERRED, "6001"),
    ]


@pytest.mark.parametrize(("code", "reason"), [(486, "Busy"), (603, "Decline"), (404, "Not Found")])
def test_a_target_that_refuses_is_followed_by_the_next(code: int, reason: str) -> None:
    transfer = Transfer(["6001", "6002"])
    transfer.start(0.0)
    assert transfer.consultation_ended(1.0, 1, code, reason) == [
        Failed("6001", code, reason),
        Consult(2, "6002"),
    ]


def test_a_phone_that_rings_too_long_is_silenced_before_the_next_one_rings() -> None:
    transfer = Transfer(["6001", "6002"], ring_s=20)
    transfer.start(0.0)
    assert transfer.tick(19.9) == []
    assert transfer.tick(20.0) == [
        EndConsultation(1, "no answer"),
        Failed("6001", 408, "no answer"),
        Consult(2, "6002"),
    ]


def test_the_late_end_of_an_earlier_attempt_does_not_touch_the_present_one() -> None:
    transfer = Transfer(["6001", "6002"], ring_s=20)
    transfer.start(0.0)
    transfer.tick(20.0)
    assert transfer.consultation_ended(20.1, 1, 487, "Request Terminated") == []
    assert transfer.answered(21.0, 1) == []
    assert transfer.state is State.CALLING


def test_when_nobody_can_be_reached_the_caller_is_back_with_the_agent() -> None:
    transfer = Transfer(["6001"])
    transfer.start(0.0)
    assert transfer.consultation_ended(1.0, 1, 486, "Busy") == [
        Failed("6001", 486, "Busy"),
        Resume(),
        Over(Outcome.NOBODY, "6001"),
    ]


def test_a_person_who_hangs_up_during_the_briefing_is_followed_by_the_next() -> None:
    transfer = Transfer(["6001", "6002"])
    transfer.start(0.0)
    transfer.answered(3.0, 1)
    commands = transfer.consultation_ended(5.0, 1, 200, "OK")
    assert commands == [Failed("6001", 200, "OK"), Consult(2, "6002")]
    assert transfer.briefed(6.0) == []


def test_a_caller_who_leaves_takes_the_ringing_with_them() -> None:
    transfer = Transfer(["6001", "6002"])
    transfer.start(0.0)
    assert transfer.caller_ended(2.0) == [
        EndConsultation(1, "caller left"),
        Over(Outcome.CALLER_GONE, "6001"),
    ]


@pytest.mark.parametrize("code", [403, 405, 501, 603, 488, 503])
def test_a_refused_refer_joins_both_legs_in_the_agent(code: int) -> None:
    transfer = answered()
    assert transfer.refer_answered(8.1, code, final=True) == [Bridge()]
    assert transfer.consultation_ended(90.0, 1, 200, "OK") == [
        EndCaller(),
        Over(Outcome.BRIDGED, "6001"),
    ]


def test_a_refer_that_is_accepted_and_never_concluded_joins_both_legs() -> None:
    transfer = answered()
    transfer.refer_answered(8.1, 100, final=False)
    assert transfer.tick(15.9) == []
    assert transfer.tick(16.0) == [Bridge()]


def test_a_person_who_hangs_up_as_the_refer_is_refused_is_followed_by_the_next() -> None:
    transfer = answered()
    transfer.consultation_ended(8.05, 1, 200, "OK")
    assert transfer.refer_answered(8.1, 603, final=True) == [
        Failed("6001", 603, "the transfer was refused"),
        Consult(2, "6002"),
    ]


def test_a_transfer_whose_outcome_is_never_told_gives_the_caller_back_to_the_agent() -> None:
    transfer = answered()
    transfer.refer_answered(8.1, 100, final=False)
    transfer.consultation_ended(8.2, 1, 200, "OK")
    assert transfer.tick(10.2) == [Resume(), Over(Outcome.UNKNOWN, "6001")]


def test_byes_on_both_legs_before_the_notify_are_a_transfer_that_worked() -> None:
    transfer = answered()
    transfer.refer_answered(8.1, 100, final=False)
    transfer.consultation_ended(8.2, 1, 200, "OK")
    assert transfer.caller_ended(8.25) == [Over(Outcome.TRANSFERRED, "6001")]


def test_a_caller_who_hangs_up_as_the_refer_goes_leaves_no_person_waiting() -> None:
    transfer = answered()
    transfer.caller_ended(8.05)
    assert transfer.tick(10.1) == [
        EndConsultation(1, "caller left"),
        Over(Outcome.CALLER_GONE, "6001"),
    ]


def test_a_transfer_without_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one target"):
        Transfer([])


def asked(now: float = 8.0) -> Transfer:
    """A transfer whose first target has heard the briefing and is asked to accept."""
    transfer = Transfer(("6001", "6002"), asks=True, accept_s=5.0)
    transfer.start(0.0)
    transfer.answered(3.0, 1)
    assert transfer.briefed(now) == []
    return transfer


def test_who_has_to_accept_gets_the_caller_by_a_key_or_by_saying_yes() -> None:
    assert asked().person_pressed(9.0, "1") == [Refer()]
    assert asked().accepted(9.0) == [Refer()]


def test_a_key_takes_the_call_before_the_briefing_is_over() -> None:
    for asks in (True, False):
        transfer = Transfer(["6001"], asks=asks)
        transfer.start(0.0)
        transfer.answered(3.0, 1)
        assert transfer.person_pressed(4.0, "1") == [Refer()]
        assert transfer.briefed(8.0) == []


def test_who_declines_by_key_is_followed_by_the_next_and_the_record_says_so() -> None:
    for transfer in (asked(), answered_but_not_briefed()):
        assert transfer.person_pressed(8.5, "2") == [
            EndConsultation(1, "declined by key"),
            Failed("6001", 603, "declined by key"),
            Consult(2, "6002"),
        ]


def answered_but_not_briefed() -> Transfer:
    transfer = Transfer(("6001", "6002"))
    transfer.start(0.0)
    transfer.answered(3.0, 1)
    return transfer


def test_who_answers_and_does_not_accept_in_time_is_followed_by_the_next() -> None:
    transfer = asked(now=8.0)
    assert transfer.tick(12.9) == []
    assert transfer.tick(13.0) == [
        EndConsultation(1, "not accepted in time"),
        Failed("6001", 480, "not accepted in time"),
        Consult(2, "6002"),
    ]


def test_other_keys_and_keys_at_other_times_do_nothing() -> None:
    transfer = asked()
    assert transfer.person_pressed(9.0, "7") == []
    assert transfer.person_pressed(9.0, "*") == []
    assert transfer.caller_pressed("1") == []
    refer_under_way = answered()
    assert refer_under_way.person_pressed(8.1, "2") == []


def test_who_must_accept_must_have_been_told() -> None:
    with pytest.raises(ValueError, match="no briefing"):
        Transfer(["6001"], brief=False, asks=True)


def bridged(way: Way = "bridged") -> Transfer:
    transfer = Transfer(("6001", "6002"), way=way)
    transfer.start(0.0)
    transfer.answered(3.0, 1)
    commands = transfer.briefed(8.0)
    assert commands == ([Bridge()] if way == "bridged" else [Bridge(), Introduce()])
    return transfer


def test_where_it_is_set_the_agent_joins_both_legs_and_sends_no_refer() -> None:
    transfer = bridged()
    assert transfer.deadline is None
    assert transfer.caller_ended(90.0) == [
        EndConsultation(1, "caller left"),
        Over(Outcome.BRIDGED, "6001"),
    ]


def test_a_callers_phone_that_does_not_know_replaces_is_sent_no_refer() -> None:
    transfer = Transfer(["6001"], brief=False, replaces=False)
    transfer.start(0.0)
    assert transfer.answered(3.0, 1) == [Bridge()]
    conference = Transfer(["6001"], brief=False, replaces=False, way="conference")
    conference.start(0.0)
    assert conference.answered(3.0, 1) == [Bridge(), Introduce()]
    assert conference.introduced(8.0) == []
    assert conference.state is State.BRIDGED


def test_a_phone_that_put_us_aside_for_the_replaced_call_was_transferred() -> None:
    transfer = answered()
    transfer.refer_answered(8.1, 100, final=False)
    transfer.caller_holds(True)
    transfer.consultation_ended(8.2, 1, 200, "OK")
    assert transfer.deadline is not None
    assert transfer.tick(transfer.deadline) == [EndCaller(), Over(Outcome.TRANSFERRED, "6001")]


def test_who_held_us_before_the_refer_or_holds_no_more_is_not_taken_for_transferred() -> None:
    for holds in ((), (True, False)):
        transfer = Transfer(("6001", "6002"), brief=False)
        transfer.start(0.0)
        transfer.caller_holds(True)
        transfer.answered(3.0, 1)
        for on in holds:
            transfer.caller_holds(on)
        transfer.refer_answered(3.1, 100, final=False)
        transfer.consultation_ended(3.2, 1, 200, "OK")
        assert transfer.deadline is not None
        assert transfer.tick(transfer.deadline)[-1] == Over(Outcome.UNKNOWN, "6001")


def test_a_target_may_have_a_way_of_its_own() -> None:
    transfer = Transfer(("6001", "6002"), ways={"6002": "bridged"})
    transfer.start(0.0)
    transfer.consultation_ended(1.0, 1, 486, "Busy")
    transfer.answered(2.0, 2)
    assert transfer.briefed(8.0) == [Bridge()]


def test_a_bridged_person_gives_the_caller_back_by_a_key() -> None:
    transfer = bridged()
    assert transfer.person_pressed(60.0, "*") == [
        Part(),
        EndConsultation(1, "given back"),
        Over(Outcome.RETURNED, "6001"),
    ]


def test_who_gives_the_caller_back_is_asked_what_was_agreed() -> None:
    transfer = bridged()
    transfer.note_s = 20.0
    assert transfer.person_pressed(60.0, "*") == [Part(), Hold(), AskNote()]
    assert transfer.person_pressed(61.0, "*") == []
    assert transfer.noted() == [
        EndConsultation(1, "given back"),
        Resume(),
        Over(Outcome.RETURNED, "6001"),
    ]


def test_who_hangs_up_after_saying_it_is_heard_out() -> None:
    transfer = bridged()
    transfer.note_s = 20.0
    transfer.person_pressed(60.0, "*")
    assert transfer.consultation_ended(65.0, 1, 200, "OK") == []
    assert transfer.tick(67.0) == [Resume(), Over(Outcome.RETURNED, "6001")]


def test_who_says_nothing_for_too_long_gives_the_caller_back_without_a_word() -> None:
    transfer = bridged()
    transfer.note_s = 20.0
    transfer.person_pressed(60.0, "*")
    assert transfer.tick(80.0)[-1] == Over(Outcome.RETURNED, "6001")


def test_the_keys_that_a_bridged_caller_presses_reach_the_person() -> None:
    assert bridged().caller_pressed("5") == [PassDigit("5")]


def test_no_key_gives_back_where_none_is_set() -> None:
    transfer = Transfer(["6001"], way="bridged", brief=False, keys=Keys(give_back=""))
    transfer.start(0.0)
    transfer.answered(3.0, 1)
    assert transfer.person_pressed(9.0, "*") == []


def test_a_person_who_hangs_up_as_they_are_joined_is_followed_by_the_next() -> None:
    assert bridged().consultation_ended(8.5, 1, 200, "OK") == [
        Part(),
        Hold(),
        Failed("6001", 200, "OK"),
        Consult(2, "6002"),
    ]


def test_in_a_conference_the_agent_leaves_after_it_has_introduced_both() -> None:
    transfer = bridged("conference")
    assert transfer.introduced(12.0) == [Refer()]
    assert transfer.refer_answered(12.1, 200, final=True)[-1] == Over(Outcome.TRANSFERRED, "6001")


def test_a_conference_that_the_agent_cannot_leave_goes_on_with_it() -> None:
    transfer = bridged("conference")
    transfer.introduced(12.0)
    assert transfer.refer_answered(12.1, 603, final=True) == []
    assert transfer.state is State.BRIDGED
    assert transfer.consultation_ended(90.0, 1, 200, "OK") == [
        EndCaller(),
        Over(Outcome.BRIDGED, "6001"),
    ]


def test_a_blind_transfer_calls_nobody_itself() -> None:
    transfer = Transfer(["6001"], way="blind", ring_s=20, refer_s=8)
    assert transfer.start(0.0) == [Hold(), ReferBlind("6001")]
    transfer.refer_answered(0.1, 100, final=False)
    assert transfer.tick(27.9) == []
    assert transfer.refer_answered(27.95, 200, final=True) == [
        EndCaller(),
        Over(Outcome.TRANSFERRED, "6001"),
    ]


def test_a_blind_transfer_that_fails_is_followed_by_the_next_target() -> None:
    transfer = Transfer(("6001", "6002"), way="blind")
    transfer.start(0.0)
    assert transfer.refer_answered(3.0, 486, final=True) == [
        Failed("6001", 486, "the transfer was refused"),
        ReferBlind("6002"),
    ]


INPUTS = st.lists(
    st.one_of(
        st.tuples(st.just("answered"), st.integers(1, 3)),
        st.tuples(st.just("ended"), st.integers(1, 3)),
        st.tuples(st.just("briefed")),
        st.tuples(st.just("introduced")),
        st.tuples(st.just("noted")),
        st.tuples(st.just("said"), st.booleans()),
        st.tuples(st.just("pressed"), st.sampled_from("12*5")),
        st.tuples(st.just("refer"), st.sampled_from([100, 200, 403, 603]), st.booleans()),
        st.tuples(st.just("caller ended")),
        st.tuples(st.just("wait"), st.floats(0.1, 30)),
    ),
    max_size=40,
)


WAYS: list[Way] = ["attended", "bridged", "conference", "blind"]


@given(
    inputs=INPUTS,
    ways=st.lists(st.sampled_from(WAYS), min_size=1, max_size=3),
    brief=st.booleans(),
    asks=st.booleans(),
    notes=st.sampled_from([0.0, 10.0]),
)
def test_whatever_happens_no_phone_rings_for_nobody_and_no_caller_is_lost(
    inputs: list[tuple[Any, ...]], ways: list[Way], brief: bool, asks: bool, notes: float
) -> None:
    by_target = {f"600{n}": way for n, way in enumerate(ways, 1)}
    transfer = Transfer(
        list(by_target), brief=brief or asks, asks=asks, ways=by_target, note_s=notes
    )
    now = 0.0
    world = _World()
    world.see(transfer.start(now))
    for kind, *details in [*inputs, ("caller ended",), ("wait", 30.0), ("wait", 30.0)]:
        match kind:
            case "answered":
                world.see(transfer.answered(now, details[0]))
            case "ended":
                world.end(details[0])
                world.see(transfer.consultation_ended(now, details[0], 486, "Busy"))
            case "briefed":
                world.see(transfer.briefed(now))
            case "introduced":
                world.see(transfer.introduced(now))
            case "noted":
                world.see(transfer.noted())
            case "said":
                world.see(transfer.accepted(now) if details[0] else transfer.declined(now, "no"))
            case "pressed":
                world.see(transfer.person_pressed(now, details[0]))
                world.see(transfer.caller_pressed(details[0]))
            case "refer":
                world.see(transfer.refer_answered(now, details[0], final=details[1]))
            case "caller ended":
                world.caller_up = False
                world.see(transfer.caller_ended(now))
            case "wait":
                now += details[0]
                world.see(transfer.tick(now))
    assert transfer.state is State.OVER
    assert world.over == 1
    assert not world.consultations


class _World:
    """What the commands leave behind."""

    def __init__(self) -> None:
        self.caller_up = True
        self.held = False
        self.consultations: set[int] = set()
        self.over = 0

    def end(self, attempt: int) -> None:
        self.consultations.discard(attempt)

    def see(self, commands: list[Command]) -> None:
        for command in commands:
            assert not self.over, f"{command} after the end"
            match command:
                case Hold():
                    self.held = True
                case Resume() | Bridge():
                    self.held = False
                case Consult(attempt):
                    assert not self.consultations, "two phones ring for one caller"
                    self.consultations.add(attempt)
                case EndConsultation(attempt):
                    self.consultations.discard(attempt)
                case EndCaller():
                    self.caller_up = False
                case Over(outcome):
                    self.over += 1
                    if self.caller_up and outcome is not Outcome.TRANSFERRED:
                        assert not self.held, "the caller was left on hold"
