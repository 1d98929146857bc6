"""The context package says what the call has come to."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import HandoverRequest, LookupResult
from voiceagent.events import (
    CallFacts,
    EarlierCall,
    LookupDone,
    Record,
    TranscriptLine,
    Understanding,
    Verdict,
)
from voiceagent.handoff.context import package
from voiceagent.telephony.headers import MAX_UUI_OCTETS, encode_user_to_user

PLAN = Dialplan.model_validate(
    {
        "name": "test",
        "greeting": "Hello.",
        "intents": {
            "order": {
                "label": "an order",
                "examples": ["where is it"],
                "slots": ["number"],
                "lookup": "order",
            }
        },
        "slots": {"number": {"kind": "digits", "label": "order number", "prompt": "Number?"}},
        "lookups": {
            "order": {
                "table": {"rows": [{"id": "471229"}], "key": "id", "value": "{{ number }}"},
                "found": "It is there.",
                "not_found": "It is not there.",
            }
        },
        "topics": {"billing": {"examples": ["my bill"], "advice": "Look at the last two bills."}},
        "targets": {"general": ["6001"]},
    }
)
FACTS = CallFacts(caller_number="+4930123", dialled="100")
REQUEST = HandoverRequest(topic="billing", reason="The caller speaks about a wrong bill.")
VERDICT = Verdict(
    turn=2, action="handover", understood=0.9, anger=0.7, reasons=("open anger", "a wrong bill")
)
CALM = Verdict(turn=1, action="continue", understood=0.8, anger=0.1)
CHECK = LookupDone(name="birthday", found=True, took_s=0.1, identity_check=True)
DECISIVE = [
    Record(line="l1", call_id="call-1", t_s=t_s, event=event)
    for t_s, event in ((2.0, CALM), (3.0, CHECK), (5.0, VERDICT))
]
LINES = [TranscriptLine(who="caller", text="My bill is wrong.", start_s=3.0, end_s=4.2)]


@pytest.fixture
def manager() -> DialogueManager:
    """A dialogue in which an order was looked up and found."""
    manager = DialogueManager(PLAN, FACTS, date(2025, 11, 22))
    manager.greet()
    understanding = Understanding(
        text="where is 471229", intent="order", similarity=0.9, entities={"digits": "471229"}
    )
    assert manager.turn(understanding).lookup is not None
    manager.lookup_done(LookupResult(name="order", found=True, data={"id": "471229"}))
    return manager


def test_it_holds_the_request_the_verdict_and_where_the_dialogue_stands(
    manager: DialogueManager,
) -> None:
    context = package("call-1", FACTS, PLAN, REQUEST, manager, DECISIVE, LINES)
    assert (context.call_id, context.facts, context.language) == ("call-1", FACTS, "en")
    assert (context.topic, context.reason) == (REQUEST.topic, REQUEST.reason)
    assert (context.anger, context.reasons) == (0.7, ("open anger", "a wrong bill"))
    assert (context.intent, context.slots) == ("order", {"number": "471229"})
    assert context.tried == manager.tried
    assert "found" in context.tried[0]
    assert "an order" in context.summary
    assert context.transcript == tuple(LINES)
    assert (datetime.now(UTC) - context.created_at).total_seconds() < 5


def test_it_tells_the_mood_turn_by_turn_and_how_the_caller_was_verified(
    manager: DialogueManager,
) -> None:
    facts = FACTS.model_copy(update={"asserted_identity": "sip:+4930123@pbx", "caller_name": "Ada"})
    context = package("call-1", facts, PLAN, REQUEST, manager, DECISIVE, LINES)
    assert [(mood.turn, mood.t_s, mood.anger) for mood in context.mood] == [
        (1, 2.0, 0.1),
        (2, 5.0, 0.7),
    ]
    assert (context.identity.number, context.identity.name) == ("+4930123", "Ada")
    by_pbx, by_check = context.identity.verified
    assert "PBX" in by_pbx
    assert "birthday" in by_check
    failed = CHECK.model_copy(update={"found": False})
    nobody = package("call-1", FACTS, PLAN, REQUEST, manager,
                     [DECISIVE[1].model_copy(update={"event": failed})], LINES)  # fmt: skip
    assert nobody.identity.verified == ()


def test_the_next_step_is_the_dialplans_advice_or_what_is_open_or_what_was_found(
    manager: DialogueManager,
) -> None:
    def step(topic: str, manager: DialogueManager, decisive: list[Record]) -> str:
        request = HandoverRequest(topic=topic, reason="The caller needs a person.")
        return package("call-1", FACTS, PLAN, request, manager, decisive, LINES).next_step

    assert step("billing", manager, []) == "Look at the last two bills."
    assert step("billing", manager, DECISIVE).startswith("Hear them out first.")
    assert "471229" in step("general", manager, [])
    new = DialogueManager(PLAN, FACTS, date(2025, 11, 22))
    new.greet()
    assert "Ask what they want" in step("general", new, [])
    new.turn(Understanding(text="where is it", intent="order", similarity=0.9))
    assert step("general", new, []) == "Ask for the order number."


def test_earlier_calls_of_the_caller_go_along(manager: DialogueManager) -> None:
    before = EarlierCall(call_id="call-0", started_at=datetime(2026, 11, 1, tzinfo=UTC), about="x")
    context = package("call-1", FACTS, PLAN, REQUEST, manager, [], [], [before])
    assert context.earlier == (before,)


def test_before_the_first_turn_there_is_a_context_all_the_same() -> None:
    manager = DialogueManager(PLAN, FACTS, date(2025, 11, 22))
    context = package("call-1", FACTS, PLAN, REQUEST, manager, [], [])
    assert (context.anger, context.reasons, context.intent) == (0.0, (), None)
    assert context.summary


def test_what_is_said_later_does_not_change_it(manager: DialogueManager) -> None:
    lines = list(LINES)
    context = package("call-1", FACTS, PLAN, REQUEST, manager, DECISIVE, lines)
    lines.append(LINES[0])
    assert len(context.transcript) == 1


def test_each_handover_has_an_id_of_its_own_that_fits_the_header_and_tells_nothing(
    manager: DialogueManager,
) -> None:
    contexts = [
        package("call-1", FACTS, PLAN, REQUEST, manager, DECISIVE, LINES) for _ in range(50)
    ]
    ids = {context.handover_id for context in contexts}
    assert len(ids) == 50
    for identifier in ids:
        header = encode_user_to_user(identifier)
        assert len(bytes.fromhex(header.split(";")[0])) <= MAX_UUI_OCTETS
        assert "4930123" not in identifier
