"""The attended transfer's rules, with time as a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.telephony.transfer import (
    Bridge,
    Brief,
    Command,
    Consult,
    EndCaller,
    EndConsultation,
    Failed,
    Hold,
    Outcome,
    Over,
    Refer,
    Resume,
    State,
    Transfer,
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


INPUTS = st.lists(
    st.one_of(
        st.tuples(st.just("answered"), st.integers(1, 3)),
        st.tuples(st.just("ended"), st.integers(1, 3)),
        st.tuples(st.just("briefed")),
        st.tuples(st.just("refer"), st.sampled_from([100, 200, 403, 603]), st.booleans()),
        st.tuples(st.just("caller ended")),
        st.tuples(st.just("wait"), st.floats(0.1, 30)),
    ),
    max_size=40,
)


@given(inputs=INPUTS, targets=st.integers(1, 3), brief=st.booleans())
def test_whatever_happens_no_phone_rings_for_nobody_and_no_caller_is_lost(
    inputs: list[tuple[object, ...]], targets: int, brief: bool
) -> None:
    transfer = Transfer([f"600{n}" for n in range(1, targets + 1)], brief=brief)
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
