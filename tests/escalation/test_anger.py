"""Anger over the turns of a call; the voice is measured in tests/audio/test_prosody.py."""

import pytest
from voices import CALM, SHOUTED, TABLES

from voiceagent.escalation.anger import AngerDetector, prosody_model


def test_the_model_says_where_it_comes_from():
    provenance = TABLES["provenance"]
    assert provenance["corpora"]
    assert provenance["script"]
    assert provenance["figures"]["leave one speaker out, with baseline"]["auc_everything"] > 0.5


def test_a_voice_raised_against_the_callers_start_sounds_angrier():
    model = prosody_model()
    calm, _ = model.voice(CALM, CALM, 3)
    shouted, arousal = model.voice(SHOUTED, CALM, 3)
    assert calm < 0.5 < shouted
    assert arousal > 0.5


def test_shouting_calm_words_stays_under_what_the_policy_acts_on():
    detector = AngerDetector()
    for _ in range(3):
        detector.hear("my order number is four seven", CALM, None)
    for _ in range(5):
        anger = detector.hear("four seven one one", SHOUTED, None, interrupted=True)
        assert anger.voice > 0.5
        assert not anger.grounded
        assert anger.probability <= 0.4


def test_joy_shouted_is_not_anger():
    anger = AngerDetector().hear("Thank you so much, that is fantastic news!", SHOUTED, None)
    assert not anger.grounded
    assert anger.probability <= 0.4


def test_a_raised_voice_adds_to_angry_words():
    calm, loud = AngerDetector(), AngerDetector()
    for detector in (calm, loud):
        detector.hear("hello, where is my order", CALM, None)
    text = "I told you for the third time"
    assert loud.hear(text, SHOUTED, None).probability > calm.hear(text, CALM, None).probability


def test_angry_words_count_without_a_voice_to_measure():
    anger = AngerDetector().hear("You are useless, this is ridiculous", None, None)
    assert anger.voice is None
    assert anger.arousal is None
    assert anger.probability > 0.75


def test_the_trend_counts():
    fresh, upset = AngerDetector(), AngerDetector()
    upset.hear("This is ridiculous, you people are useless.", None, None)
    text = "I told you for the third time"
    after = upset.hear(text, None, None)
    assert after.probability > fresh.hear(text, None, None).probability
    assert any("turns before" in sentence for sentence in after.evidence)


def test_tension_fades_over_calm_turns():
    detector = AngerDetector()
    detector.hear("This is ridiculous, you people are useless.", None, None)
    for _ in range(6):
        anger = detector.hear("four seven one one", None, None)
    assert anger.probability < 0.15


def test_interrupting_counts_and_is_named():
    text = "I told you for the third time"
    plain = AngerDetector().hear(text, None, None)
    cut = AngerDetector().hear(text, None, None, interrupted=True)
    assert cut.probability > plain.probability
    assert "cut the agent short" in cut.evidence


def test_repeating_louder_is_named():
    detector = AngerDetector()
    detector.hear("where is my order then", CALM, None)
    anger = detector.hear("where is my order then", SHOUTED, None, repeated=True)
    assert "repeats it louder" in anger.evidence


def test_angry_turns_do_not_become_the_callers_calm():
    detector = AngerDetector()
    detector.hear("hello", CALM, None)
    first = detector.hear("You are all useless idiots", SHOUTED, None)
    for _ in range(4):
        last = detector.hear("You are all useless idiots", SHOUTED, None)
    assert last.voice == pytest.approx(first.voice)


def test_the_evidence_names_louder_and_higher():
    detector = AngerDetector()
    detector.hear("hello there", CALM, None)
    anger = detector.hear("this is ridiculous", SHOUTED, None)
    assert any("dB louder" in sentence and "semitones" in sentence for sentence in anger.evidence)
