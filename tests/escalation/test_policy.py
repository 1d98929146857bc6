"""The state machine, turn by turn."""

from itertools import pairwise

from hypothesis import given, strategies as st

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.escalation.policy import Policy
from voiceagent.events import TurnEvidence

CALM = TurnEvidence()
NOT_UNDERSTOOD = TurnEvidence(understood=0.2)
UPSET = TurnEvidence(anger=0.6, anger_grounded=True)
FURIOUS = TurnEvidence(anger=0.9, anger_grounded=True)


def actions(*turns, policy=None):
    policy = policy or Policy(Thresholds())
    return [policy.decide(turn).action for turn in turns]


def test_calm_turns_go_on_for_ever():
    assert set(actions(*[CALM] * 50)) == {"continue"}


def test_one_turn_that_was_not_understood_is_asked_again():
    assert actions(NOT_UNDERSTOOD, CALM) == ["clarify", "continue"]


def test_failures_in_a_row_offer_a_person_once_and_then_hand_over():
    assert actions(*[NOT_UNDERSTOOD] * 3) == ["clarify", "offer", "handover"]


def test_who_says_that_they_are_not_understood_gets_a_person_twice_as_soon():
    stuck = TurnEvidence(understood=0.9, stuck=True)
    assert actions(stuck, stuck) == ["offer", "handover"]
    assert actions(stuck, CALM, stuck, CALM) == ["offer", "continue", "offer", "continue"]
    assert Policy(Thresholds()).decide(stuck).failures == 1


def test_who_says_angrily_that_they_are_not_helped_is_handed_over_without_an_offer():
    decision = Policy(Thresholds()).decide(UPSET.model_copy(update={"stuck": True}))
    assert (decision.action, decision.cause) == ("handover", "anger")
    loud = TurnEvidence(anger=0.6, anger_grounded=False, stuck=True)
    assert actions(loud) == ["offer"]


def test_what_was_declined_holds_no_longer_for_who_is_not_understood():
    policy = Policy(Thresholds())
    policy.declined()
    stuck = TurnEvidence(understood=0.9, stuck=True)
    assert actions(CALM, stuck, policy=policy) == ["continue", "offer"]


def test_an_understood_turn_ends_the_row():
    turns = [NOT_UNDERSTOOD, CALM] * 6
    assert actions(*turns) == ["clarify", "continue"] * 6


def test_failed_recognition_counts_as_a_failure():
    failed = TurnEvidence(understood=0.0, missed="recognition-failed")
    assert actions(*[failed] * 4)[-1] == "handover"


def test_silence_offers_a_person_once_and_never_hands_over():
    silent = TurnEvidence(understood=0.0, missed="no-input")
    heard = actions(*[silent] * 12)
    assert heard.count("offer") == 1
    assert "handover" not in heard


def test_a_wish_for_a_person_hands_over_at_once():
    decision = Policy(Thresholds()).decide(TurnEvidence(wish=0.8))
    assert (decision.action, decision.cause) == ("handover", "wish")


def test_a_refused_person_is_not_taken_for_a_wish():
    assert actions(TurnEvidence(wish=0.8, refuses_person=True)) == ["continue"]


def test_anger_offers_and_open_anger_hands_over():
    assert actions(UPSET, FURIOUS) == ["offer", "handover"]


def test_who_answers_the_offer_with_more_anger_is_not_asked_twice():
    assert actions(UPSET, UPSET) == ["offer", "handover"]
    policy = Policy(Thresholds())
    assert actions(UPSET, policy=policy) == ["offer"]
    policy.declined()
    assert actions(UPSET, UPSET, policy=policy) == ["continue", "continue"]


def test_a_raised_voice_alone_does_nothing_whatever_the_thresholds():
    limits = Thresholds(anger_offer=0.1, anger_handover=0.2)
    loud = TurnEvidence(anger=0.99, anger_grounded=False)
    assert set(actions(*[loud] * 10, policy=Policy(limits))) == {"continue"}


def test_anger_around_the_threshold_makes_one_offer():
    almost = TurnEvidence(anger=0.45, anger_grounded=True)
    assert actions(UPSET, almost, UPSET, almost, UPSET).count("offer") == 1


def test_anger_that_cooled_and_came_back_makes_another_offer():
    assert actions(UPSET, CALM, UPSET) == ["offer", "continue", "offer"]


def test_after_a_refusal_nothing_is_offered_for_the_pause():
    policy = Policy(Thresholds(offer_pause=3))
    policy.decide(UPSET)
    policy.declined()
    assert actions(*[FURIOUS] * 3, policy=policy) == ["continue"] * 3
    assert actions(UPSET, policy=policy) == ["offer"]


def test_a_caller_who_declined_gets_a_person_on_asking():
    policy = Policy(Thresholds())
    policy.decide(UPSET)
    policy.declined()
    assert actions(TurnEvidence(wish=0.9), policy=policy) == ["handover"]


def test_a_topic_that_belongs_to_people_hands_over_and_routes():
    decision = Policy(Thresholds()).decide(TurnEvidence(topics={"legal": 0.8, "billing": 0.1}))
    assert (decision.action, decision.topic) == ("handover", "legal")


def test_a_faint_topic_does_not_hand_over():
    assert actions(TurnEvidence(topics={"legal": 0.3})) == ["continue"]


def test_a_likely_topic_routes_a_handover_that_something_else_caused():
    decision = Policy(Thresholds()).decide(TurnEvidence(wish=0.9, topics={"billing": 0.3}))
    assert (decision.cause, decision.topic) == ("wish", "billing")


def test_an_emergency_comes_before_everything_else():
    turn = TurnEvidence(
        understood=0.1,
        anger=0.99,
        anger_grounded=True,
        wish=0.99,
        topics={"legal": 0.99, "danger": 0.6},
        emergencies=frozenset({"danger"}),
    )
    decision = Policy(Thresholds()).decide(turn)
    assert (decision.action, decision.topic) == ("emergency", "danger")


def test_the_same_request_for_the_third_time_offers_and_for_the_fifth_hands_over():
    turns = [TurnEvidence(repeats=count) for count in range(5)]
    assert actions(*turns) == ["continue", "continue", "offer", "continue", "handover"]


TURNS = st.builds(
    TurnEvidence,
    understood=st.floats(0, 1),
    anger=st.floats(0, 1),
    anger_grounded=st.booleans(),
    wish=st.floats(0, 0.49),
    repeats=st.integers(0, 2),
)


@given(st.lists(TURNS, max_size=40))
def test_no_two_turns_in_a_row_offer_a_person(turns):
    heard = actions(*turns)
    assert all(pair != ("offer", "offer") for pair in pairwise(heard))


@given(st.lists(TURNS, max_size=40))
def test_a_failure_limit_is_never_passed_without_a_handover(turns):
    policy, limits = Policy(Thresholds()), Thresholds()
    for turn in turns:
        decision = policy.decide(turn)
        assert decision.failures < limits.failure_limit or decision.action == "handover"


@given(st.lists(TURNS, max_size=40))
def test_contributions_are_shares(turns):
    policy = Policy(Thresholds())
    for turn in turns:
        assert all(0 <= share <= 1 for share in policy.decide(turn).contributions.values())
