"""A call as a vCon, held against what the draft demands."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from voiceagent import events as e
from voiceagent.records.conversation_file import as_vcon
from voiceagent.records.vcon import uuid_of

SAID = e.Utterance(text="I want a person.", start_s=4.0, end_s=5.5, confidence=0.9)
CONTEXT = e.HandoverContext(
    handover_id="h1",
    call_id="c1",
    created_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC),
    facts=e.CallFacts(),
    reason="asks for a person",
    topic="billing",
    summary="The caller speaks about a wrong bill.",
)
HANDED_OVER: list[tuple[float, e.Event]] = [
    (0.0, e.CallArrived(facts=e.CallFacts(caller_number="+4930123", caller_name="Ada"))),
    (0.3, e.CallAnswered()),
    (3.0, e.AgentSpoke(turn=0, text="Hello.", heard="Hello.", start_s=1.0, end_s=3.0)),
    (5.9, e.TurnHeard(turn=1, utterance=SAID)),
    (5.9, e.Verdict(turn=1, action="handover", understood=0.9, anger=0.1)),
    (6.0, e.HandoverContextReady(handover_id="h1", context=CONTEXT)),
    (6.1, e.CallerHeld()),
    (6.2, e.ConsultationCalling(handover_id="h1", target="6001", attempt=1)),
    (8.2, e.ConsultationFailed(handover_id="h1", target="6001", code=486, reason="Busy Here")),
    (8.3, e.ConsultationCalling(handover_id="h1", target="sip:bo@pbx.example", attempt=2)),
    (9.0, e.ConsultationAnswered(handover_id="h1", target="sip:bo@pbx.example")),
    (12.0, e.HandoverCompleted(handover_id="h1", target="sip:bo@pbx.example")),
    (12.1, e.CallEnded(by="transfer", reason="transferred", duration_s=12.1)),
]


def recorded(told: list[tuple[float, e.Event]]) -> list[e.Record]:
    return [
        e.Record.model_validate({"line": "l1", "call_id": "c1", "t_s": t_s, "event": event})
        for t_s, event in told
    ]


@pytest.fixture
def file() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(as_vcon(recorded(HANDED_OVER)).as_json())
    return written


def dialogs(file: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [dialog for dialog in file["dialog"] if dialog["type"] == kind]


def test_everybody_who_took_part_is_a_party(file: dict[str, Any]) -> None:
    caller, agent, busy, person = file["parties"]
    assert (caller["tel"], caller["name"], caller["type"]) == ("tel:+4930123", "Ada", "person")
    assert agent["type"] == "bot"
    assert busy == {"name": "6001", "type": "person"}
    assert person == {"sip": "sip:bo@pbx.example", "type": "person"}


def test_a_transfer_names_who_was_brought_to_whom_by_which_calls(file: dict[str, Any]) -> None:
    failed, made = dialogs(file, "transfer")
    for transfer in (failed, made):
        assert (transfer["transferee"], transfer["transferor"], transfer["original"]) == (0, 1, 0)
    assert (failed["transfer_target"], made["transfer_target"]) == (2, 3)
    tried = file["dialog"][failed["consultation"]]
    assert (tried["type"], tried["disposition"], tried["parties"]) == ("incomplete", "busy", [1, 2])
    assert "target_dialog" not in failed
    assert file["dialog"][made["consultation"]]["parties"] == [1, 3]
    assert file["dialog"][made["target_dialog"]]["parties"] == [0, 3]


def test_a_transfer_and_a_call_that_came_to_nothing_hold_no_content(file: dict[str, Any]) -> None:
    for kind in ("transfer", "incomplete"):
        for dialog in dialogs(file, kind):
            assert not dialog.keys() & {"body", "url", "mediatype", "encoding", "filename"}
    for dialog in dialogs(file, "transfer"):
        assert not dialog.keys() & {"parties", "originator", "party_history", "disposition"}


def test_times_are_those_of_the_call(file: dict[str, Any]) -> None:
    call = file["dialog"][0]
    began = datetime.fromisoformat(call["start"])
    assert call["duration"] == 12.1
    after = {
        one["event"]: (datetime.fromisoformat(one["time"]) - began).total_seconds()
        for one in call["party_history"]
        if one["event"] in ("hold", "drop")
    }
    assert after == {"hold": pytest.approx(6.1), "drop": pytest.approx(12.1)}


def test_what_was_said_decided_and_handed_over_goes_along(file: dict[str, Any]) -> None:
    analyses = {one["type"]: one for one in file["analysis"]}
    assert [line["text"] for line in analyses["transcript"]["body"]] == [
        "Hello.",
        "I want a person.",
    ]
    assert analyses["report"]["body"][0]["action"] == "handover"
    assert analyses["summary"]["body"] == CONTEXT.summary
    assert all(one["vendor"] for one in file["analysis"])
    (context,) = file["attachments"]
    assert context["body"]["topic"] == file["subject"] == "billing"


def test_keys_and_a_callers_hanging_up_are_in_the_history() -> None:
    told: list[tuple[float, e.Event]] = [
        *HANDED_OVER[:2],
        (2.0, e.DtmfReceived(digit="4")),
        (9.0, e.CallEnded(by="caller", reason="hung up", duration_s=9.0)),
    ]
    (call,) = json.loads(as_vcon(recorded(told)).as_json())["dialog"]
    history = [(one["party"], one["event"], one.get("button")) for one in call["party_history"]]
    assert history == [
        (0, "join", None),
        (1, "join", None),
        (0, "keydown", "4"),
        (0, "drop", None),
    ]


def test_joined_legs_are_a_conversation_too() -> None:
    told = [*HANDED_OVER[:-2], (12.0, e.HandoverBridged(handover_id="h1", target="6002"))]
    file = json.loads(as_vcon(recorded(told)).as_json())
    *_, made = dialogs(file, "transfer")
    assert file["dialog"][made["target_dialog"]]["parties"] == [0, made["transfer_target"]]


def test_a_recording_is_put_in_as_it_is() -> None:
    call = json.loads(as_vcon(recorded(HANDED_OVER), b"RIFF\xff\x00").as_json())["dialog"][0]
    assert (call["mediatype"], call["encoding"]) == ("audio/x-wav", "base64url")
    assert base64.urlsafe_b64decode(call["body"] + "==") == b"RIFF\xff\x00"


def test_a_calls_id_is_always_the_same_and_a_uuid_of_version_8() -> None:
    assert uuid_of("c1") == uuid_of("c1") != uuid_of("c2")
    assert uuid.UUID(uuid_of("c1")).version == 8
    assert uuid.UUID(uuid_of("c1")).variant == uuid.RFC_4122


def test_records_without_a_call_are_refused() -> None:
    with pytest.raises(ValueError, match="no call"):
        as_vcon(recorded(HANDED_OVER[1:]))
