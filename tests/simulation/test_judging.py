"""Judging a call by its recording, with tones in place of voices."""

from pathlib import Path

import numpy as np
import pytest

from voiceagent.simulation.judging import Judged, judge, says
from voiceagent.simulation.play import Deed, Performance
from voiceagent.simulation.scenario import Scenario

HEARD = "Order 471-229 is on its way."


def sound(*stretches: tuple[float, float], seconds: float = 20.0) -> np.ndarray:
    """What was heard: a tone from and to these seconds, on a line with a little noise."""
    samples = np.random.default_rng(1).normal(0, 3e-4, round(seconds * 8000))
    for start, end in stretches:
        first, last = round(start * 8000), round(end * 8000)
        samples[first:last] += 0.2 * np.sin(np.arange(last - first) * 0.3)
    return samples.astype(np.float32)


def performance(*steps: dict[str, object], deeds: list[tuple[float, float]]) -> Performance:
    """A call answered at 1 s whose steps were played at these times."""
    scenario = Scenario.model_validate({"name": "Test", "steps": steps})
    return Performance(
        scenario,
        Path("call.wav"),
        dialled_s=0.5,
        answered_s=1.0,
        deeds={number: Deed(*deed) for number, deed in enumerate(deeds)},
    )


def judged(played: Performance, received: np.ndarray, text: str = HEARD) -> Judged:
    return judge(played, received, lambda speech: text)


def only(result: Judged) -> tuple[bool, str]:
    """The last judgement, all before it being as expected."""
    *before, last = result.judgements
    assert all(each.holds for each in before)
    return last.holds, last.measured


ASKED = ({"say": "hello"}, {"listen": {"within_s": 1.0}})


def test_an_answer_is_measured_from_the_callers_last_sound_to_the_agents_first() -> None:
    result = judged(performance(*ASKED, deeds=[(3, 5), (5, 9)]), sound((5.6, 8)))
    assert only(result) == (True, "0.60 s")
    assert result.answers_s == (pytest.approx(0.6, abs=0.02),)


def test_an_answer_that_comes_late_or_not_at_all_fails() -> None:
    played = performance(*ASKED, deeds=[(3, 5), (5, 9)])
    assert only(judged(played, sound((6.5, 8)))) == (False, "1.50 s")
    assert only(judged(played, sound())) == (False, "no sound")


def test_an_agent_that_begins_before_the_caller_has_finished_fails() -> None:
    played = performance(*ASKED, deeds=[(3, 5), (5, 9)])
    assert only(judged(played, sound((4.2, 8)))) == (
        False,
        "began 0.80 s before the caller had finished",
    )


def test_the_greeting_is_measured_from_the_answering_of_the_call() -> None:
    played = performance({"listen": {"within_s": 1.0}}, deeds=[(1, 6)])
    result = judged(played, sound((1.4, 4)))
    assert only(result) == (True, "0.40 s")
    assert result.answers_s == ()


@pytest.mark.parametrize(("until", "holds"), [(5.2, True), (5.9, False)])
def test_falling_silent_is_measured_from_the_start_of_the_interruption(
    until: float, holds: bool
) -> None:
    step = {"say": "stop", "after_s": 2, "stops_within_ms": 400}
    result = judged(performance(step, deeds=[(5, 6)]), sound((3, until), (8, 9)))
    assert only(result) == (holds, f"{(until - 5) * 1000:.0f} ms")


def test_who_was_not_speaking_cannot_be_interrupted() -> None:
    step = {"say": "stop", "after_s": 2, "stops_within_ms": 400}
    played = performance(step, deeds=[(5, 6)])
    assert only(judged(played, sound((3, 4)))) == (False, "was not speaking when interrupted")


@pytest.mark.parametrize(
    ("resumed", "holds"), [(5.5, True), (5.9, False)], ids=["a breath", "a stop"]
)
def test_going_on_is_a_matter_of_the_longest_pause(resumed: float, holds: bool) -> None:
    step = {"cough": 1, "after_s": 2, "goes_on": True}
    played = performance(step, deeds=[(5, 5.4)])
    assert only(judged(played, sound((3, 5.2), (resumed, 9))))[0] is holds


def test_an_agent_that_ends_after_a_cough_has_not_gone_on() -> None:
    step = {"cough": 1, "after_s": 2, "goes_on": True}
    result = judged(performance(step, deeds=[(5, 5.4)]), sound((3, 5.2)))
    assert only(result)[0] is False


def test_an_answer_over_which_the_caller_coughed_is_still_the_answer_to_the_question() -> None:
    cough = {"cough": 1, "after_s": 1, "goes_on": True}
    played = performance(ASKED[0], cough, ASKED[1], deeds=[(3, 5), (6.5, 6.9), (6.9, 12)])
    assert only(judged(played, sound((5.5, 11)))) == (True, "0.50 s")


def test_words_are_looked_for_in_the_answer_alone() -> None:
    parts: list[np.ndarray] = []
    step = {
        "listen": {"contains": ["471229"], "not_contains": ["sorry"], "matches": "on (its|the)"}
    }
    played = performance(ASKED[0], step, deeds=[(5, 6), (6, 9)])

    def transcribe(speech: np.ndarray) -> str:
        parts.append(speech)
        return HEARD

    result = judge(played, sound((2, 4), (6.5, 8), (12, 13)), transcribe)
    assert [each.holds for each in result.judgements] == [True] * 4
    (part,) = parts
    assert part.size / 8000 == pytest.approx(9 - 6.5 + 0.2, abs=0.02)


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        ({"contains": ["tomorrow"]}, HEARD),
        ({"not_contains": ["on its way"]}, HEARD),
        ({"matches": r"^\d+$"}, HEARD),
        ({"contains": ["order"]}, ""),
    ],
)
def test_words_that_are_not_as_expected_fail(expectation: dict[str, object], text: str) -> None:
    played = performance(ASKED[0], {"listen": expectation}, deeds=[(3, 5), (5, 9)])
    assert only(judged(played, sound((5.6, 8)), text)) == (False, f"“{text}”")


def test_a_transfer_and_an_end_are_measured_from_the_callers_last_sound() -> None:
    played = performance(
        ASKED[0],
        {"transferred": {"within_s": 10}},
        {"ended": {"within_s": 10}},
        deeds=[(3, 5), (5, 9), (9, 20)],
    )
    played.connected_s, played.ended_s = 9.0, 20.0
    _, _, ended = result = judged(played, sound()).judgements
    assert [each.measured for each in result[1:]] == ["4.0 s", "15.0 s"]
    assert [each.holds for each in result] == [True, True, False]
    assert ended.expected == "the agent ends the call within 10 s"


def test_where_the_call_broke_off_is_told_and_the_steps_after_it_fail() -> None:
    played = performance(*ASKED, {"hang_up": True}, deeds=[(3, 5)])
    played.broken_off = 1, "the call ended"
    _, listen, hang_up = judged(played, sound()).judgements
    assert (listen.holds, listen.measured) == (False, "the call ended")
    assert (hang_up.holds, hang_up.measured) == (False, "not reached")


def test_a_call_that_is_refused_is_told_with_its_reason() -> None:
    played = performance({"hang_up": True}, deeds=[])
    played.answered_s, played.refusal = None, "503 Service Unavailable"
    (judgement,) = judged(played, sound()).judgements
    assert (judgement.holds, judgement.measured) == (False, "503 Service Unavailable")


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("Order 471-229 is here.", "471229", True),
        ("Order four seven one, two two nine.", "471229", True),
        ("Order 471229.", "four seven one two two nine", True),
        ("Order 4712290.", "471229", False),
        ("Hello, this is North Wind.", "Northwind", True),
        ("I don't know.", "dont know", True),
        ("He knows it.", "no", False),
        ("We are open Monday to Friday.", "monday to FRIDAY", True),
    ],
)
def test_words_are_found_however_they_are_written(text: str, expected: str, found: bool) -> None:
    assert says(text, expected) is found
