"""Recorded calls by another policy."""

from __future__ import annotations

import pytest

from tests.recordedcall import CALM, CROSS, FURIOUS, LOST, call
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.learning.replay import replay

CALLS = {
    "calm": call("calm", [CALM, "four seven one one", "thank you"]),
    "lost": call("lost", [LOST, LOST + " one", "", LOST + " two", CALM]),
    "cross": call("cross", [CALM, CROSS, CROSS + " now", "hm", CROSS, CALM], declines=[3]),
    "furious": call("furious", [CALM, CROSS, FURIOUS, CALM]),
}


def afters(name: str, limits: Thresholds) -> list[str]:
    return [step.after.action for step in replay(CALLS[name], limits).steps]


@pytest.mark.parametrize("name", CALLS)
def test_the_same_policy_decides_the_same(name: str) -> None:
    found = replay(CALLS[name], Thresholds())
    assert [step.after.action for step in found.steps] == [s.before.action for s in found.steps]
    assert [step.anger for step in found.steps] == [s.before.anger for s in found.steps]
    assert found.handed_over == found.call.handed_over


def test_a_lower_threshold_hands_over_earlier_and_ends_the_replay() -> None:
    found = replay(CALLS["furious"], Thresholds(anger_offer=0.2, anger_handover=0.3))
    assert found.handed_over == 2
    assert found.call.handed_over == 3
    assert found.steps[-1].turn == 2


def test_a_higher_threshold_hands_over_no_more() -> None:
    found = replay(CALLS["furious"], Thresholds(anger_offer=1.0, anger_handover=1.0))
    assert found.handed_over is None
    assert found.call.handed_over == 3


def test_other_weights_change_the_anger_itself() -> None:
    patient = Thresholds(anger_offer=1.0, anger_handover=1.0)
    upset = call("upset", [FURIOUS, CROSS], patient)
    calm, keen = (
        replay(upset, patient.model_copy(update={"trend_weight": weight})) for weight in (0.0, 4.0)
    )
    assert calm.steps[0].anger == keen.steps[0].anger
    assert keen.steps[1].anger > calm.steps[1].anger


def test_anger_that_is_switched_off_hands_nobody_over() -> None:
    assert "handover" not in afters("furious", Thresholds(anger_by="nothing"))


def test_a_refusal_counts_only_where_a_person_was_offered() -> None:
    said = [LOST, CALM, *[LOST + f" {n}" for n in range(2)], CALM]
    refused = call("c", said, Thresholds(clarify_limit=1), declines=[1])
    eager = replay(refused, Thresholds(clarify_limit=1))
    patient = replay(refused, Thresholds(clarify_limit=2))
    assert [step.after.action for step in eager.steps][2:4] == ["clarify", "clarify"]
    assert [step.after.action for step in patient.steps][2:4] == ["clarify", "offer"]


def test_what_an_old_record_lacks_is_said() -> None:
    old = call("old", [CALM, FURIOUS], evidence=False)
    found = replay(old, Thresholds())
    assert [step.after.action for step in found.steps] == [s.before.action for s in found.steps]
    assert any("turns 1, 2: recorded without the detectors' evidence" in s for s in found.lacks)
    assert any("voice was not measured" in s for s in found.lacks)


def test_a_call_without_a_turn_is_said_to_have_none() -> None:
    assert replay(call("empty", []), Thresholds()).lacks == ("no turn of the caller is recorded",)
