"""When the small engine stands in."""

from __future__ import annotations

from voiceagent.speech.relief import CALM_S, Relief


def test_a_few_utterances_at_once_need_no_relief() -> None:
    relief = Relief(workers=2, usual_s=0.3)
    assert not relief.decide(0.0, unfinished=0)
    assert not relief.decide(0.0, unfinished=4)


def test_a_long_queue_brings_the_small_engine() -> None:
    assert Relief(workers=2, usual_s=0.3).decide(0.0, unfinished=6)


def test_slow_work_brings_it_sooner() -> None:
    relief = Relief(workers=2, usual_s=0.3)
    for _ in range(30):
        relief.took(1.2, small=False)
    assert relief.decide(0.0, unfinished=2)


def test_the_small_engine_says_nothing_about_how_fast_the_usual_one_is() -> None:
    relief = Relief(workers=2, usual_s=0.3)
    for _ in range(30):
        relief.took(0.01, small=True)
    assert relief.decide(0.0, unfinished=6)


def test_it_leaves_only_after_the_queue_was_gone_for_a_while() -> None:
    relief = Relief(workers=1, usual_s=0.4)
    relief.decide(0.0, unfinished=4)
    assert relief.decide(1.0, unfinished=0)
    assert relief.decide(1.0 + CALM_S - 0.1, unfinished=0)
    assert not relief.decide(1.0 + CALM_S + 0.1, unfinished=0)


def test_a_queue_in_between_starts_the_wait_anew() -> None:
    relief = Relief(workers=1, usual_s=0.4)
    relief.decide(0.0, unfinished=4)
    relief.decide(1.0, unfinished=0)
    relief.decide(3.0, unfinished=2)
    assert relief.decide(1.0 + CALM_S + 0.1, unfinished=0)
