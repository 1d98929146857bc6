"""The context package says what the call has come to."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.notes import Note
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
from voiceagent.handoff.roster import Member
from voiceagent.handoff.telling import Readers
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
READERS = Readers(PLAN)
WHY = Note(says="topic", values={"topic": "billing"})
REQUEST = HandoverRequest(topic="billing", why=WHY)
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
    context = package("call-1", FACTS, READERS, REQUEST, manager, DECISIVE, LINES)
    assert (context.call_id, context.facts, context.language) == ("call-1", FACTS, "en")
    assert (context.topic, context.reason) == ("billing", "The caller speaks about billing.")
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
    context = package("call-1", facts, READERS, REQUEST, manager, DECISIVE, LINES)
    assert [(mood.turn, mood.t_s, mood.anger) for mood in context.mood] == [
        (1, 2.0, 0.1),
        (2, 5.0, 0.7),
    ]
    assert (context.identity.vouched, context.identity.checks) == (True, ("birthday",))
    assert (context.identity.number, context.identity.name) == ("+4930123", "Ada")
    by_pbx, by_check = context.identity.verified
    assert "PBX" in by_pbx
    assert "birthday" in by_check
    failed = CHECK.model_copy(update={"found": False})
    nobody = package("call-1", FACTS, READERS, REQUEST, manager,
                     [DECISIVE[1].model_copy(update={"event": failed})], LINES)  # fmt: skip
    assert nobody.identity.verified == ()


def test_the_next_step_is_the_dialplans_advice_or_what_is_open_or_what_was_found(
    manager: DialogueManager,
) -> None:
    def step(topic: str, manager: DialogueManager, decisive: list[Record]) -> str:
        request = HandoverRequest(topic=topic)
        return package("call-1", FACTS, READERS, request, manager, decisive, LINES).next_step

    assert step("billing", manager, []) == "Look at the last two bills."
    assert step("billing", manager, DECISIVE).startswith("Hear them out first.")
    assert "471229" in step("general", manager, [])
    new = DialogueManager(PLAN, FACTS, date(2025, 11, 22))
    new.greet()
    assert "Ask what they want" in step("general", new, [])
    new.turn(Understanding(text="where is it", intent="order", similarity=0.9))
    assert step("general", new, []) == "Ask for the order number."


def test_people_read_it_in_their_language(manager: DialogueManager) -> None:
    german = Member(name="anna", target="6001", languages=("de", "en"))
    other = Member(name="ben", target="6002", languages=("en",))
    verdict = VERDICT.model_copy(update={"contributions": {"wish": 0.2, "topic": 0.8, "anger": 1}})
    decisive = [*DECISIVE[:2], DECISIVE[2].model_copy(update={"event": verdict})]
    facts = FACTS.model_copy(update={"asserted_identity": "sip:+4930123@pbx"})
    readers = Readers(PLAN, [german, other])
    context = package("call-1", facts, readers, REQUEST, manager, decisive, LINES)
    assert context.told_to("6002") == context.model_copy(update={"translations": ()})
    read = context.told_to("6001")
    assert read.translations == ()
    assert read.reason == "Es geht um „billing“."
    assert read.reasons == ("Die Stimmung ist gereizt.", "Das Thema ist Sache von Menschen.")
    assert read.tried == ("Nachgesehen: „order number“ 471229; gefunden: „id 471229“.",)
    assert read.summary.startswith("Gefragt wurde nach: „an order“ („order number“ 471229).")
    assert read.next_step == "Lassen Sie zuerst ausreden. „Look at the last two bills.“"
    assert read.identity.verified == (
        "Die Telefonanlage bürgt für die Nummer.",
        "Prüfung bestanden: birthday.",
    )
    same = ("handover_id", "topic", "intent", "slots", "transcript", "mood", "language", "anger")
    for name in same:
        assert getattr(read, name) == getattr(context, name)
    assert (read.identity.vouched, read.identity.checks) == (True, ("birthday",))


def test_a_german_dialplan_is_told_of_in_german_and_in_english_to_who_reads_it() -> None:
    plan = PLAN.model_copy(update={"language": "de"})
    manager = DialogueManager(plan, FACTS, date(2025, 11, 22))
    manager.greet()
    reader = Member(name="ben", target="6002", languages=("en-GB",))
    request = HandoverRequest(topic="general")
    context = package("call-1", FACTS, Readers(plan, [reader]), request, manager, DECISIVE, LINES)
    assert context.reason == "Der Anruf braucht einen Menschen."
    assert context.told_to("6002").reason == "The caller needs a person."
    assert context.told_to("6002").reasons == VERDICT.reasons


def test_earlier_calls_of_the_caller_go_along(manager: DialogueManager) -> None:
    before = EarlierCall(call_id="call-0", started_at=datetime(2026, 11, 1, tzinfo=UTC), about="x")
    context = package("call-1", FACTS, READERS, REQUEST, manager, [], [], [before])
    assert context.earlier == (before,)


def test_before_the_first_turn_there_is_a_context_all_the_same() -> None:
    manager = DialogueManager(PLAN, FACTS, date(2025, 11, 22))
    context = package("call-1", FACTS, READERS, REQUEST, manager, [], [])
    assert (context.anger, context.reasons, context.intent) == (0.0, (), None)
    assert context.summary


def test_what_is_said_later_does_not_change_it(manager: DialogueManager) -> None:
    lines = list(LINES)
    context = package("call-1", FACTS, READERS, REQUEST, manager, DECISIVE, lines)
    lines.append(LINES[0])
    assert len(context.transcript) == 1


def test_each_handover_has_an_id_of_its_own_that_fits_the_header_and_tells_nothing(
    manager: DialogueManager,
) -> None:
    contexts = [
        package("call-1", FACTS, READERS, REQUEST, manager, DECISIVE, LINES) for _ in range(50)
    ]
    ids = {context.handover_id for context in contexts}
    assert len(ids) == 50
    for identifier in ids:
        header = encode_user_to_user(identifier)
        assert len(bytes.fromhex(header.split(";")[0])) <= MAX_UUI_OCTETS
        assert "4930123" not in identifier
