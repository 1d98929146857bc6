"""One conversation in writing, with the real dialogue and the real judge."""

from __future__ import annotations

import pytest

from voiceagent import events as e
from voiceagent.events import CallFacts
from voiceagent.records import transcript
from voiceagent.records.conversation_file import as_vcon
from voiceagent.text.cases import Cases

pytestmark = pytest.mark.models

ANNA = CallFacts(channel="text", caller_number="+4930123", customer_id="C-77")


async def test_a_question_is_answered_and_leaves_the_events_of_a_call(shared, notes) -> None:
    opened = Cases(await shared(), notes.store).open(ANNA)
    talk = opened.conversation
    assert await talk.wrote("When are you open?") == [
        "From nine. Is there anything else I can do for you?"
    ]
    assert [record.event.type for record in notes.records] == [
        "call.arrived",
        "call.answered",
        "case.opened",
        "agent.spoke",
        "turn.heard",
        "turn.understood",
        "verdict",
        "agent.spoke",
    ]
    assert {record.call_id for record in notes.records} == {talk.call_id}
    (verdict,) = notes.of(e.Verdict)
    assert verdict.action == "continue"
    assert verdict.anger_voice is None


async def test_a_slot_is_asked_for_and_looked_up_in_writing(shared, notes) -> None:
    talk = Cases(await shared(), notes.store).open(ANNA).conversation
    assert await talk.wrote("Where is my order?") == ["Number?"]
    assert notes.of(e.TurnUnderstood)[-1].about == "order"
    (answer,) = await talk.wrote("471229")
    assert answer.startswith("It is sent.")
    assert notes.of(e.LookupDone)[-1].found
    assert notes.of(e.TurnUnderstood)[-1].about is None


async def test_a_goodbye_ends_it(shared, notes) -> None:
    talk = Cases(await shared(), notes.store).open(ANNA).conversation
    await talk.wrote("That was all, goodbye.")
    assert talk.ended
    assert notes.of(e.CallEnded)[0].by == "agent"


async def test_who_wants_a_person_is_left_to_one_with_the_whole_context(shared, notes) -> None:
    settings = {"number": "030 4711"}
    opened = Cases(await shared(text=settings), notes.store).open(ANNA)
    talk = opened.conversation
    await talk.wrote("Where is my order?")
    await talk.wrote("471229")
    (told,) = await talk.wrote("I want to speak to a real person, please.")
    assert "passed this on to a colleague" in told
    assert "030 4711" in told
    assert opened.event.code in told
    (left,) = [event.callback for event in notes.of(e.CallbackRequested)]
    assert (left.kind, left.number, left.topic) == ("text", "+4930123", "general")
    assert left.context.slots["number"] == "471229"
    assert [line.text for line in left.context.transcript if line.who == "caller"] == [
        "Where is my order?",
        "471229",
        "I want to speak to a real person, please.",
    ]


async def test_the_same_people_are_asked_once(shared, notes) -> None:
    talk = Cases(await shared(), notes.store).open(ANNA).conversation
    for _ in range(2):
        await talk.wrote("I want to speak to a real person, please.")
    assert len(notes.of(e.CallbackRequested)) == 1


async def test_danger_is_answered_at_once_and_goes_to_people_as_well(shared, notes) -> None:
    talk = Cases(await shared(), notes.store).open(ANNA).conversation
    replies = await talk.wrote("Help, he is dying")
    assert replies[0] == "Dial 112."
    assert notes.of(e.CallbackRequested)[0].callback.topic == "danger"


async def test_the_agent_is_silent_once_a_person_has_written(shared, notes) -> None:
    talk = Cases(await shared(), notes.store).open(ANNA).conversation
    talk.person_wrote("Hello, this is Ben.", "ben")
    assert await talk.wrote("When are you open?") == []
    lines = transcript.lines(notes.records)
    assert [line.who for line in lines] == ["agent", "person", "caller"]


async def test_the_views_of_a_call_show_it(shared, notes) -> None:
    talk = Cases(await shared(), notes.store).open(ANNA).conversation
    await talk.wrote("I want to speak to a real person, please.")
    text = transcript.as_text(notes.records)
    assert "written by +4930123" in text
    assert "a person is to answer in writing" in text
    vcon = as_vcon(notes.records)
    assert vcon.dialog[0].type == "text"
    assert vcon.attachments[0].purpose == "context of the handover"
