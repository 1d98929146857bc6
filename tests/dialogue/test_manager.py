"""The manager follows a plan: corrections, changes of mind, repetition, offers, handovers."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from small_plan import PLAN, TODAY

from voiceagent.dialogue.common import literal
from voiceagent.dialogue.entities import find_all
from voiceagent.dialogue.lookup import search
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import LookupResult, Reply
from voiceagent.dialogue.templates import RenderError
from voiceagent.events import CallFacts, Understanding


def hear(manager: DialogueManager, text: str, intent: str | None = None, near: float = 0.8) -> Any:
    """What understanding makes of a text, its intent given."""
    intent = intent or literal(text)
    return Understanding(
        text=text,
        intent=intent,
        similarity=near if intent else 0.1,
        in_scope=intent is not None,
        entities=find_all(text, TODAY, manager.expecting),
    )


def say(
    manager: DialogueManager, text: str, intent: str | None = None, understood: float = 1.0
) -> Reply:
    """One turn; a look-up is made in the plan's table."""
    reply = manager.turn(hear(manager, text, intent), understood)
    if reply.lookup is None:
        return reply
    row = search(PLAN_MODEL.lookups["order"].table, reply.lookup.values)  # type: ignore[arg-type]
    return manager.lookup_done(LookupResult(name="order", found=bool(row), data=row or {}))


PLAN_MODEL = Dialplan.model_validate(PLAN)


def test_the_greeting_is_the_plans_and_expects_anything(manager: DialogueManager) -> None:
    reply = manager.greet()
    assert reply.say == "Acme, a machine."
    assert reply.expecting is not None
    assert reply.expecting.kind == "open"


def test_an_intent_without_slots_is_answered_at_once(manager: DialogueManager) -> None:
    reply = say(manager, "when are you open", "hours")
    assert reply.say == "From nine. Is there anything else I can do for you?"
    assert manager.tried == ("Answered about our hours.",)


def test_a_slot_is_asked_for_and_looked_up(manager: DialogueManager) -> None:
    reply = say(manager, "where is my order", "order")
    assert reply.say == "Number?"
    assert reply.expecting is not None
    assert (reply.expecting.kind, reply.expecting.min_digits) == ("digits", 6)
    assert manager.turn_limits.end_silence_ms == 900
    assert say(manager, "4-7-1, 2-2-9.").say.startswith("It is sent.")
    assert manager.slots == {"number": "471229"}
    assert "order number 471229; found" in manager.tried[0]


def test_a_slot_in_the_same_sentence_is_not_asked_for(manager: DialogueManager) -> None:
    assert say(manager, "where is my order 471229", "order").say.startswith("It is sent.")


def test_slots_of_one_sentence_are_all_taken(manager: DialogueManager) -> None:
    reply = say(manager, "I want to come for a jab on Tuesday", "visit")
    assert reply.say == "That is Tuesday, the 25th of November. Is that right?"
    assert say(manager, "yes").say == "Name?"
    assert say(manager, "John Smith").say == "John Smith, jab, Tuesday, the 25th of November. More?"


def test_a_value_heard_unsurely_is_read_back(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    reply = say(manager, "471228", understood=0.6)
    assert reply.say == "Is it 471228?"
    assert manager.slots == {}
    assert say(manager, "no, four seven one two two nine").say == "Is it 471229?"
    assert say(manager, "yeah that's right").say.startswith("It is sent.")


def test_a_denied_value_is_asked_for_in_other_words(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    say(manager, "471228", understood=0.6)
    assert say(manager, "no").say == "Digits?"


def test_a_correction_after_the_answer_repeats_the_look_up(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    assert say(manager, "471228").say.startswith("There is no 471228. Digits?")
    assert say(manager, "no, four seven one two two nine").say.startswith("It is sent.")
    assert say(manager, "no I meant 471228").say.startswith("There is no 471228.")


def test_digits_that_are_too_few_are_joined_with_the_rest_and_read_back(
    manager: DialogueManager,
) -> None:
    say(manager, "where is my order", "order")
    reply = say(manager, "four seven one")
    assert reply.say == "I heard four seven one, which is 3 digits. Digits?"
    assert say(manager, "two two nine").say == "Is it 471229?"


def test_another_wish_in_mid_slot_takes_over(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    assert say(manager, "when are you open", "hours").say.startswith("From nine.")
    assert manager.intent == "hours"


def test_a_faint_other_wish_in_mid_slot_does_not_take_over(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    reply = manager.turn(hear(manager, "about my knee", "hours", near=0.4))
    assert reply.say == "Sorry, I did not get that. Digits?"


def test_an_answer_is_kept_for_the_next_wish(manager: DialogueManager) -> None:
    say(manager, "where is my order 471229", "order")
    assert say(manager, "then cancel it", "cancel").say == "Cancel 471229?"


def test_the_same_wish_again_keeps_the_number_and_another_one_does_not(
    manager: DialogueManager,
) -> None:
    say(manager, "where is my order 471229", "order")
    assert say(manager, "so where is it", "order").say.startswith("It is sent.")
    assert say(manager, "and where is my other order", "order").say == "Number?"


def test_a_no_can_end_an_intent(manager: DialogueManager) -> None:
    say(manager, "cancel my order 471229", "cancel")
    assert say(manager, "no").say.startswith("It stays.")


def test_an_intent_can_lead_to_a_person(manager: DialogueManager) -> None:
    say(manager, "cancel my order 471229", "cancel")
    reply = say(manager, "yes")
    assert reply.handover is not None
    assert reply.handover.topic == "orders"
    assert "put you through" in reply.say
    assert manager.summary() == ("The caller asked about cancel (order number 471229, sure yes).")


def test_repeat_says_the_same_again(manager: DialogueManager) -> None:
    first = say(manager, "when are you open", "hours")
    assert say(manager, "Can you repeat that, please?") == first


@pytest.mark.parametrize("text", ["No, that's all, thanks.", "no", "Goodbye.", "no thank you"])
def test_a_no_or_goodbye_after_the_answer_ends_the_call(
    manager: DialogueManager, text: str
) -> None:
    say(manager, "when are you open", "hours")
    reply = say(manager, text)
    assert reply.end
    assert "Goodbye" in reply.say


def test_a_long_no_does_not_hang_up(manager: DialogueManager) -> None:
    say(manager, "when are you open", "hours")
    assert not say(manager, "no I do not understand what you just told me").end


def test_an_intent_can_end_the_call(manager: DialogueManager) -> None:
    assert say(manager, "stop", "leave") == Reply(say="Farewell.", end=True)


def test_asking_again_differs_each_time_and_then_names_what_can_be_asked(
    manager: DialogueManager,
) -> None:
    manager.greet()
    first, second, third = (manager.clarify(None).say for _ in range(3))
    assert len({first, second, third}) == 3
    assert "our hours, order" in second


def test_a_doubtful_wish_is_asked_about(manager: DialogueManager) -> None:
    manager.greet()
    reply = manager.clarify(hear(manager, "hours perhaps", "hours"))
    assert reply.say == "Did you want to know about our hours?"
    assert say(manager, "yes").say.startswith("From nine.")


def test_a_doubtful_value_is_read_back(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    assert manager.clarify(hear(manager, "471229")).say == "Is it 471229?"


def test_silence_is_met_by_asking_in_other_words(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    first, second = manager.no_input().say, manager.no_input().say
    assert first == "I did not hear anything. Digits?"
    assert second.endswith("Which digits?")
    assert first != second


def test_a_person_is_offered_when_asking_is_no_use(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    manager.clarify(None)
    manager.clarify(None)
    reply = manager.clarify(None)
    assert reply.say.endswith("Would you like to speak to someone?")
    assert manager.tried == ("Asked for the order number 3 times in vain.",)
    assert manager.summary().endswith("Still open: order number.")


def test_a_yes_to_the_offer_hands_over(manager: DialogueManager) -> None:
    manager.greet()
    reply = manager.offer_person("billing")
    assert reply.expecting is not None
    assert reply.expecting.kind == "yes_no"
    handover = say(manager, "yes please").handover
    assert handover is not None
    assert handover.topic == "billing"


def test_a_no_to_the_offer_goes_on_where_it_was(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    manager.offer_person()
    assert not manager.offered_declined
    assert say(manager, "not really").say == "All right, let us go on. Digits?"
    assert manager.offered_declined
    assert say(manager, "471229").say.startswith("It is sent.")


def test_another_wish_in_place_of_an_answer_declines_the_offer(manager: DialogueManager) -> None:
    manager.greet()
    manager.offer_person()
    assert say(manager, "when are you open", "hours").say.startswith("From nine.")
    assert manager.offered_declined


def test_an_unclear_answer_to_the_offer_is_asked_again(manager: DialogueManager) -> None:
    manager.greet()
    manager.offer_person()
    reply = say(manager, "hm the blue one")
    assert "yes or no" in reply.say
    assert say(manager, "yes").handover is not None


def test_topics_have_their_own_words_and_what_happens_next_is_not_cut_short(
    manager: DialogueManager,
) -> None:
    bill = manager.announce_handover("billing", "handover")
    assert bill.say == "A colleague looks at bills."
    assert not bill.interruptible
    danger = manager.announce_handover("danger", "emergency")
    assert danger.say == "Dial 112."
    assert not danger.interruptible
    assert danger.handover is not None
    assert danger.handover.topic == "danger"
    assert "put you through" in manager.announce_handover("general", "handover").say


def test_after_a_failed_handover_the_dialogue_goes_on(manager: DialogueManager) -> None:
    say(manager, "where is my order", "order")
    manager.announce_handover("general", "handover")
    assert manager.handover_failed().say.endswith("just now. Digits?")
    assert "nobody could take the call" in manager.tried[-1]
    assert say(manager, "471229").say.startswith("It is sent.")


def test_a_failed_look_up_offers_a_person(manager: DialogueManager) -> None:
    manager.turn(hear(manager, "where is my order 471229", "order"))
    reply = manager.lookup_done(LookupResult(name="order", error="no answer within 3 s"))
    assert reply.say.startswith("I am sorry, I cannot look that up")
    assert say(manager, "yes").handover is not None


def test_thanks_and_a_moment_are_answered_without_losing_the_question(
    manager: DialogueManager,
) -> None:
    say(manager, "where is my order", "order")
    wait = say(manager, "Just a moment.")
    assert wait.say == "Take your time."
    assert wait.expecting is not None
    assert wait.expecting.slot == "number"
    assert say(manager, "thanks", "thanks").say == "You are welcome. Number?"


def test_an_intent_of_the_plan_takes_the_place_of_a_common_one() -> None:
    own = {**PLAN["intents"], "repeat": {"examples": ["again"], "answer": "Mine."}}
    plan = Dialplan.model_validate({**PLAN, "intents": own})
    manager = DialogueManager(plan, CallFacts(), TODAY)
    assert say(manager, "again", "repeat").say.startswith("Mine.")


def test_a_template_that_fails_is_regretted_not_raised(plan: Dialplan) -> None:
    manager = DialogueManager(plan, CallFacts(), TODAY)
    manager.turn(hear(manager, "where is my order 471229", "order"))
    reply = manager.lookup_done(LookupResult(name="order", found=True, data={"id": "471229"}))
    assert reply.say.startswith("I am sorry, I cannot answer that")
    with pytest.raises(RenderError):
        search(plan.lookups["order"].table, {})  # type: ignore[arg-type]


def test_prompts_that_never_change_can_be_made_beforehand(plan: Dialplan) -> None:
    prompts = plan.fixed_prompts()
    assert {"Acme, a machine.", "Number?", "Dial 112.", plan.phrases.goodbye} <= set(prompts)
    assert not any("{{" in prompt for prompt in prompts)
    assert "Cancel {{ number }}?" not in prompts


def test_targets_of_an_unknown_topic_are_the_general_ones(plan: Dialplan) -> None:
    assert plan.targets_for("danger") == ("6001",)
    assert plan.targets_for("billing") == ("6003",)
    assert plan.emergency_topics == {"danger"}


TEXTS = ["yes", "no", "471229", "471", "Tuesday", "jab", "John Smith", "thanks", "what?", "hm", ""]
MOVES = st.one_of(
    st.tuples(st.sampled_from(TEXTS), st.sampled_from([None, None, *PLAN["intents"], "thanks"])),
    st.sampled_from(["silence", "clarify", "offer", "handover", "failed", "lookup failed"]),
)


@settings(deadline=None)  # how long it takes is no matter of this test
@given(st.lists(MOVES, max_size=25))
def test_whatever_happens_there_is_something_to_say(moves: list[Any]) -> None:
    manager = DialogueManager(PLAN_MODEL, CallFacts(), TODAY)
    manager.greet()
    simple = {
        "silence": manager.no_input,
        "clarify": manager.clarify,
        "offer": manager.offer_person,
        "handover": lambda: manager.announce_handover("billing", "handover"),
        "failed": manager.handover_failed,
    }
    for move in moves:
        if isinstance(move, tuple):
            reply = say(manager, *move)
        elif move == "lookup failed":
            reply = manager.turn(hear(manager, "order 471229", "order"))
            if reply.lookup:
                reply = manager.lookup_done(LookupResult(name="order", error="broken"))
        else:
            reply = simple[move]()
        assert reply.say
        assert "{{" not in reply.say
        assert reply.expecting or reply.end or reply.handover
        assert manager.summary()


def test_a_choice_that_sounds_like_another_wish_is_still_the_answer() -> None:
    plan = Dialplan.model_validate(
        PLAN
        | {
            "intents": PLAN["intents"]
            | {
                "visit": {
                    "examples": ["I need a visit"],
                    "slots": ["kind"],
                    "answer": "{{ kind }}.",
                }
            }
        }
    )
    manager = DialogueManager(plan, CallFacts(), TODAY)
    manager.greet()
    manager.turn(hear(manager, "I need a visit", "visit"))
    manager.turn(hear(manager, "a jab please", "hours", near=0.95))
    assert manager.slots == {"kind": "jab"}
    assert manager.intent == "visit"


@pytest.mark.parametrize(
    ("kind", "said", "read_back", "corrected"),
    [
        (
            "email",
            "jon dot smith at gmail dot com",
            "I have jon.smith@gmail.com. Is that right?",
            ("no, john dot smith at gmail dot com", "john.smith@gmail.com"),
        ),
        (
            "spelled_name",
            "L, double E",
            "I have Lee, spelled L, E, E. Is that right?",
            ("no, L E I G H", "Leigh"),
        ),
        ("amount", "twelve fifty", "That is 12 euros and 50 cents. Is that right?", ("no, 15", 15)),
        (
            "time",
            "half past three",
            "That is 3 30 p.m. Is that right?",
            ("no, half past four", "16:30"),
        ),
        (
            "phone",
            "plus four four two oh seven nine four six oh nine five eight",
            "I have plus four four two zero, seven nine four six, zero nine five eight. "
            "Is that right?",
            ("no, it's 020 7946 0959", "02079460959"),
        ),
        (
            "code",
            "K seven Q X two",
            "I have K, seven, Q, X, two. Is that right?",
            ("no, K seven Q X three", "K7QX3"),
        ),
    ],
)
def test_what_was_dictated_is_read_back_as_people_read_it_and_can_be_corrected(
    kind: str, said: str, read_back: str, corrected: tuple[str, Any]
) -> None:
    slot = {"kind": kind, "prompt": "Tell me.", "confirm": True}
    ask = {"examples": ["write it down"], "slots": ["it"], "answer": "Done."}
    plan = {**PLAN, "intents": {**PLAN["intents"], "note": ask}}
    plan["slots"] = {**PLAN["slots"], "it": slot}
    manager = DialogueManager(Dialplan.model_validate(plan), CallFacts(), TODAY)
    say(manager, "write it down", "note")
    assert say(manager, said).say == read_back
    again, value = corrected
    say(manager, again)
    assert say(manager, "yes").say.startswith("Done.")
    assert manager.slots["it"] == value
