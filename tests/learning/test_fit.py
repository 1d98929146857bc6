"""Learning from marks, on calls that the judge itself decided."""

from __future__ import annotations

import pytest

from tests.recordedcall import CALM, CROSS, FURIOUS, LOST, call
from voiceagent import events as e
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.learning.fit import LEAST, UNITS, TooFewMarks, fit, learn
from voiceagent.learning.marked import Example, Prices, examples, result, score

PRICES = Prices(missed=4, needless=1, late=2)
OWN = Thresholds()


def marked(records: list[e.Record], mark: e.Mark, turn: int | None = None) -> list[e.Record]:
    event = e.HandoverMarked(mark=mark, turn=turn)
    return [*records, e.Record(line="l1", call_id=records[0].call_id, event=event)]


def one(records: list[e.Record], mark: e.Mark, turn: int | None = None) -> Example:
    (found,), _ = examples([marked(records, mark, turn)])
    return found


@pytest.fixture(scope="module")
def cross() -> list[Example]:
    """Mildly cross callers who should have got a person, and calm ones who should not."""
    missed = [
        one(call(f"m{n}", [CALM, CROSS, f"{CROSS} {n}"]), "should-have-been", 3)
        for n in range(LEAST)
    ]
    fine = [one(call(f"f{n}", [CALM, "yes", f"four {n}"]), "not-needed") for n in range(LEAST)]
    return missed + fine


@pytest.mark.parametrize(
    ("said", "mark", "turn", "expected"),
    [
        ([CALM, FURIOUS], "needed", None, "right"),
        ([CALM, FURIOUS], "not-needed", None, "needless"),
        ([CROSS, CALM, FURIOUS], "too-late", 1, "late"),
        ([CALM, CROSS], "should-have-been", None, "missed"),
        ([CALM, "yes"], "not-needed", None, "right"),
        ([LOST, f"{LOST} again", CALM], "not-needed", None, "offered"),
        ([LOST, f"{LOST} again", CALM], "should-have-been", None, "right"),
    ],
)
def test_a_call_is_judged_by_its_mark(
    said: list[str], mark: e.Mark, turn: int | None, expected: str
) -> None:
    assert result(one(call("c", said), mark, turn), OWN) == expected


def test_an_offer_that_was_refused_reaches_nobody() -> None:
    said = [LOST, f"{LOST} again", "no thanks", CALM]
    refused = one(call("c", said, declines=[3]), "should-have-been")
    assert result(refused, OWN) == "missed"


def test_only_marked_calls_count_and_what_is_left_out_is_said() -> None:
    empty = marked(call("e", []), "not-needed")
    found, left_out = examples([call("c", [CALM]), empty])
    assert found == []
    assert left_out == ["e: no turn with a verdict is recorded"]


def test_precision_recall_and_cost_are_of_the_marks() -> None:
    some = [
        one(call("a", [FURIOUS]), "needed"),
        one(call("b", [FURIOUS]), "not-needed"),
        one(call("c", [CALM]), "should-have-been"),
        one(call("d", [CALM]), "not-needed"),
    ]
    found = score(some, OWN)
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.cost(PRICES) == (PRICES.missed + PRICES.needless) / 4


def test_what_was_missed_lowers_the_threshold_of_anger(cross: list[Example]) -> None:
    trial = learn(cross, OWN, OWN, PRICES)
    assert trial.after.cost(PRICES) < trial.before.cost(PRICES)
    assert trial.after.recall > trial.before.recall
    assert trial.limits.anger_offer < OWN.anger_offer
    assert trial.limits.wish_handover == OWN.wish_handover


def test_what_was_needless_raises_it() -> None:
    needless = [one(call(f"n{n}", [CALM, FURIOUS]), "not-needed") for n in range(LEAST)]
    fitted = fit(needless, OWN, OWN, PRICES)
    assert fitted.anger_handover > OWN.anger_handover
    assert score(needless, fitted).cost(PRICES) < score(needless, OWN).cost(PRICES)


def test_marks_that_agree_with_the_policy_move_nothing(cross: list[Example]) -> None:
    furious = [one(call(f"x{n}", [CALM, FURIOUS]), "needed") for n in range(LEAST)]
    trial = learn(furious + cross[LEAST:], OWN, OWN, PRICES)
    assert {name: getattr(trial.limits, name) for name in UNITS} == {
        name: getattr(OWN, name) for name in UNITS
    }


def test_one_call_against_many_moves_nothing(cross: list[Example]) -> None:
    furious = [one(call(f"x{n}", [CALM, FURIOUS]), "needed") for n in range(LEAST)]
    odd = one(call("odd", [CALM, FURIOUS]), "not-needed")
    fitted = fit([*furious, *cross[LEAST:], odd], OWN, OWN, PRICES)
    assert fitted.anger_handover == OWN.anger_handover


def test_too_few_marks_are_refused_with_how_many_are_needed(cross: list[Example]) -> None:
    with pytest.raises(TooFewMarks, match="5 marked calls needed a person and 20 did not") as found:
        learn(cross[LEAST - 5 :], OWN, OWN, PRICES)
    assert "mark 15 more calls that needed a person" in str(found.value)
    assert "more calls that did not" not in str(found.value)
