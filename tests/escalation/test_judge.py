"""Whole calls: what the caller says in, verdicts out."""

import time

import pytest
from voices import CALM, SHOUTED

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.escalation import confidence
from voiceagent.escalation.judge import Judge
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import Expectation, Understanding, Utterance, Word

DIGITS = Expectation(kind="digits", slot="order number", min_digits=4, max_digits=4)


def clear(text, **fields):
    return Understanding(
        text=text, **{"intent": "x", "similarity": 0.7, "margin": 0.2, "in_scope": True, **fields}
    )


def turn(judge, number, text, understanding=None, expecting=None, **more):
    return judge.judge(
        number,
        Utterance(text=text, confidence=0.85),
        understanding or clear(text),
        expecting,
        **more,
    )


ORDINARY = [
    "Hello, I'd like to know where my order is.",
    "Four seven one one.",
    "That's wrong, it's four seven.",
    "No, four seven one one.",
    "Yes.",
    "It should have come last week.",
    "Can you repeat that, please?",
    "And what about the second parcel?",
    "I called yesterday already, is there any news?",
    "Okay, I'll wait then.",
    "Do you have a number where I can call the driver?",
    "No, that's all, thank you.",
]


def test_an_ordinary_caller_is_never_handed_over():
    judge = Judge(Thresholds())
    for number, text in enumerate(ORDINARY):
        assert turn(judge, number, text).action == "continue"


@pytest.mark.models
def test_ordinary_turns_are_hardly_ever_handed_over_whatever_they_mean(embedder, prototypes):
    from benchmarks import texts

    calm = [text for text, label in texts.load("customer_turns", "test") if label == "neutral"]
    actions = [
        turn(Judge(Thresholds(), prototypes), 1, text, vector=embedder.one(text)).action
        for text in calm + ORDINARY
    ]
    assert actions.count("handover") <= 0.06 * len(actions)
    assert actions.count("offer") <= 0.04 * len(actions)


@pytest.mark.models
def test_an_angry_caller_gets_a_person_within_two_turns(embedder, prototypes):
    judge = Judge(Thresholds(), prototypes)
    said = [
        "Hello, where is my order?",
        "This is the second time you sent me a wrong bill, what is wrong with you.",
        "No, I have had enough, this is a disgrace.",
    ]
    verdicts = [
        turn(judge, number, text, vector=embedder.one(text)) for number, text in enumerate(said)
    ]
    assert verdicts[0].action == "continue"
    assert verdicts[2].action == "handover"
    assert any("had enough" in reason for reason in verdicts[2].reasons)


@pytest.mark.models
def test_calm_words_in_a_loud_voice_get_no_person(embedder, prototypes):
    from benchmarks import texts

    turns = texts.load("customer_turns", "test")
    for text in (text for text, label in turns if label in ("dissatisfied", "neutral")):
        judge = Judge(Thresholds(), prototypes)
        for number in range(3):
            turn(judge, number, "four seven one one", measures=CALM)
        verdict = turn(judge, 4, text, measures=SHOUTED, vector=embedder.one(text))
        by_words = max(verdict.anger_words, verdict.wish_for_person)
        assert verdict.action == "continue" or by_words >= 0.5, text


async def test_a_judge_made_from_an_embedder_hears_a_wish(word_embedder):
    judge = Judge(Thresholds(), await Prototypes.create(word_embedder))
    verdict = turn(judge, 1, "I want to speak to a person, please.")
    assert verdict.action == "handover"
    assert "speak to a person" in verdict.reasons[0]


def test_a_negated_wish_goes_on():
    verdict = turn(Judge(Thresholds()), 1, "I don't need an agent, just tell me the status.")
    assert verdict.action == "continue"


def test_the_reason_that_decided_comes_first():
    text = "You useless idiots, get me a human."
    verdict = turn(Judge(Thresholds()), 1, text)
    assert verdict.action == "handover"
    assert "get me a human" in verdict.reasons[0]


def test_digits_asked_for_are_understood():
    answer = Understanding(text="four seven one one", entities={"digits": "4711"})
    verdict = turn(Judge(Thresholds()), 1, answer.text, answer, DIGITS)
    assert verdict.action == "continue"
    assert verdict.understood > 0.8


def test_turns_that_mean_nothing_end_with_a_person():
    judge = Judge(Thresholds())
    actions = [
        turn(judge, number, f"blue bananas {number}", Understanding(text="")).action
        for number in range(3)
    ]
    assert actions == ["clarify", "offer", "handover"]


def test_missed_turns_say_why():
    judge = Judge(Thresholds())
    first, second = judge.missed(1, "no-match"), judge.missed(2, "recognition-failed")
    assert first.action == "clarify"
    assert "nothing" in first.reasons[0]
    assert second.action == "offer"
    assert any("2 turns in a row" in reason for reason in second.reasons)


def test_an_emergency_topic_is_an_emergency_and_routes():
    understanding = clear("my father has collapsed", topics={"emergency": 0.9})
    verdict = turn(
        Judge(Thresholds()),
        1,
        understanding.text,
        understanding,
        emergency_topics=frozenset({"emergency"}),
    )
    assert (verdict.action, verdict.topic) == ("emergency", "emergency")
    assert "emergency" in verdict.reasons[0]


def test_after_declining_no_person_is_offered_again_at_once():
    judge = Judge(Thresholds())
    for number in range(2):
        offered = turn(judge, number, "green apples", Understanding(text=""))
    judge.declined()
    again = turn(judge, 3, "red apples", Understanding(text=""))
    assert (offered.action, again.action) == ("offer", "clarify")


def test_the_same_request_again_and_again_is_a_loop(word_embedder):
    judge = Judge(Thresholds())
    text = "when will my parcel finally come"
    verdicts = [turn(judge, n, text, vector=word_embedder.one(text)) for n in range(3)]
    assert [verdict.action for verdict in verdicts] == ["continue", "continue", "offer"]
    assert any("3 times" in reason for reason in verdicts[2].reasons)


def test_a_call_gets_its_judge_in_less_than_a_millisecond():
    Judge(Thresholds())
    started = time.perf_counter()
    for _ in range(20):
        Judge(Thresholds())
    assert (time.perf_counter() - started) / 20 < 1e-3


def test_a_verdict_keeps_what_it_was_decided_on_and_by():
    limits = Thresholds(wish_handover=0.4)
    verdict = turn(Judge(limits), 1, "Get me a human.", interrupted=True)
    assert verdict.evidence.wish == verdict.wish_for_person
    assert verdict.evidence.interrupted
    assert verdict.limits["wish_handover"] == 0.4


def test_anger_by_words_leaves_the_voice_alone():
    judge = Judge(Thresholds(anger_by="words"))
    verdict = turn(judge, 1, "You are useless, this is ridiculous.", measures=SHOUTED)
    assert verdict.anger_voice is None
    assert verdict.action == "handover"


def test_anger_can_be_switched_off():
    judge = Judge(Thresholds(anger_by="nothing"))
    for number, text in enumerate(["You are useless.", "This is ridiculous.", "What a disgrace."]):
        verdict = turn(judge, number, text, measures=SHOUTED, interrupted=True)
        assert (verdict.anger, verdict.anger_words, verdict.anger_voice) == (0.0, 0.0, None)
        assert verdict.action == "continue"


def test_the_weight_of_the_voice_is_the_dialplans():
    text, measures = "I told you for the third time", SHOUTED
    deaf = turn(Judge(Thresholds(voice_weight=0)), 1, text, measures=measures)
    keen = turn(Judge(Thresholds(voice_weight=1)), 1, text, measures=measures)
    assert keen.anger > deaf.anger


def hardly_heard(text, confidence):
    words = tuple(
        Word(word=word, start_s=0.3 * at, end_s=0.3 * at + 0.28, confidence=confidence)
        for at, word in enumerate(text.split())
    )
    return Utterance(
        text=text, confidence=confidence, words=words, end_s=0.3 * len(words), lead=confidence
    )


@pytest.mark.parametrize(
    "text",
    [
        "You are useless, this is ridiculous, I am calling my lawyer.",
        "I want to speak to a person.",
    ],
)
def test_words_that_are_hardly_believed_hand_over_nothing(text):
    for share in (0.02, 0.1):
        heard = hardly_heard(text, share)
        verdict = Judge(Thresholds()).judge(1, heard, clear(text))
        assert verdict.action in ("continue", "clarify")
        assert verdict.evidence.believed < 0.5
    sure = Judge(Thresholds()).judge(1, hardly_heard(text, 0.95), clear(text))
    assert sure.action == "handover"
    assert sure.evidence.believed == 1


@pytest.mark.parametrize("probability", [0.02, 0.07, 0.2, 0.3])
def test_below_three_tenths_no_words_are_enough(monkeypatch, probability):
    monkeypatch.setattr(confidence, "rightness", lambda utterance, asked=None: probability)
    for text in ("You are useless, this is ridiculous, you liars.", "Give me an agent."):
        assert turn(Judge(Thresholds()), 1, text).action != "handover"


def test_a_refusal_that_is_hardly_believed_is_none(monkeypatch):
    monkeypatch.setattr(confidence, "rightness", lambda utterance, asked=None: 0.1)
    verdict = turn(Judge(Thresholds()), 1, "I don't need an agent.")
    assert not verdict.evidence.refuses_person


def test_without_confidence_words_count_in_full():
    heard = Utterance(text="I want to speak to a person.")
    assert Judge(Thresholds()).judge(1, heard, clear(heard.text)).action == "handover"


@pytest.mark.parametrize(
    "text",
    [
        "You don't understand me at all.",
        "No, that wasn't what I asked.",
        "That doesn't help me.",
        "We're going round in circles.",
        "I've already said that.",
        "You keep asking me the same.",
        "This isn't getting us anywhere.",
        "I don't think you can help me.",
        "You've got that wrong again.",
    ],
)
def test_who_says_that_it_gets_nowhere_is_offered_a_person_at_once(text):
    verdict = turn(Judge(Thresholds()), 1, text)
    assert verdict.evidence.stuck
    assert verdict.action in ("offer", "handover")
    assert any("says that they are not" in reason for reason in verdict.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "I don't understand, could you repeat that?",
        "No, I said four seven.",
        "Can you help me?",
        "I have already paid for it.",
        "It doesn't work.",
        "Does it help against headaches?",
        "I asked for the blue one.",
        "I'm not getting any emails from you.",
        "It isn't working the way I hoped.",
        *ORDINARY,
    ],
)
def test_an_ordinary_turn_does_not_say_so(text):
    assert not turn(Judge(Thresholds()), 1, text).evidence.stuck
