"""A caller whom nobody can take: real dialogue, flow and queue around played I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dialogue.small_plan import PLAN
from tests.fakecall import Call, is_busy, picks_up
from tests.test_conversation import GREETING, NO_BRIEFING, WANTS_PERSON, Embedder, types
from tests.virtualtime import in_virtual_time
from voiceagent import events as e
from voiceagent.audio.wav import load
from voiceagent.dialogue.plan import Dialplan
from voiceagent.speech.models import EMBEDDING_MODEL, store
from voiceagent.speech.remembered import RememberedEmbedder

pytestmark = pytest.mark.models

ANNA = {"name": "anna", "target": "7001"}
CHOICES = "What would you like?"


@pytest.fixture(scope="module")
def embedder() -> RememberedEmbedder:
    return RememberedEmbedder(Embedder().embed, EMBEDDING_MODEL, store())


@pytest.fixture
def make(embedder: RememberedEmbedder, tmp_path: Path) -> Callable[..., Call]:
    def make(changes: dict[str, Any] | None = None, **options: Any) -> Call:
        waiting = {"messages": tmp_path, "retry_s": 20, "word_s": 25, "longest_s": 120}
        busy = {"people": {"7001": is_busy}, "staff": [ANNA]}
        options = {"handover": NO_BRIEFING, **busy, **options}
        options["waiting"] = waiting | options.get("waiting", {})
        return Call(Dialplan.model_validate(PLAN | (changes or {})), embedder, **options)

    return make


async def nobody_free(call: Call) -> None:
    """Bring the caller to where they can choose."""
    await call.reply(GREETING)
    await call.say(WANTS_PERSON)
    await call.reply(CHOICES)


def said(call: Call) -> str:
    return " / ".join(spoken.text for spoken in call.of(e.AgentSpoke))


@in_virtual_time
async def test_the_caller_hears_a_true_word_and_what_they_can_do(make) -> None:
    async with make() as call:
        await nobody_free(call)
        spoken = call.of(e.AgentSpoke)[-1].text
        assert "nobody could take your call" in spoken
        assert "wait for someone, be called back, leave a message or go on with me" in spoken


@in_virtual_time
async def test_out_of_hours_the_caller_hears_when_somebody_is_there_again(make) -> None:
    people = [{**ANNA, "hours": ["Mon-Fri 09:30-17:00"], "time_zone": "Europe/Berlin"}]
    async with make(staff=people, people={"7001": picks_up}) as call:
        call.staff.now = lambda: datetime(2026, 7, 4, 12, 0, tzinfo=UTC)
        await nobody_free(call)
        spoken = call.of(e.AgentSpoke)[-1].text
        assert "here again" in spoken
        assert "6th of July" in spoken
        assert "9 30 a.m." in spoken
        assert "wait for someone" not in spoken
        assert call.agent.called == []


@in_virtual_time
async def test_the_caller_can_say_that_they_go_on_with_the_agent(make) -> None:
    async with make() as call:
        await nobody_free(call)
        await call.say("I'll go on with you.")
        await call.reply("let us go on")
        await call.say("When are you open?")
        await call.reply("From nine.")


@in_virtual_time
async def test_a_caller_who_asks_something_instead_is_answered(make) -> None:
    async with make() as call:
        await nobody_free(call)
        await call.say("When are you open?")
        await call.reply("From nine.")
        assert [turn.turn for turn in call.of(e.TurnHeard)] == [1, 2]


@in_virtual_time
async def test_a_waiting_caller_hears_music_and_words_and_gets_the_person_who_becomes_free(
    make,
) -> None:
    async with make() as call:
        await nobody_free(call)
        await call.say("I'd rather wait, please.")
        await call.reply("play you some music")
        await call.reply("Thank you for waiting")
        assert len(call.agent.called) == 1  # who was busy is left alone
        call.agent._people["7001"] = picks_up
        ended = await call.end()
        assert (ended.by, ended.reason) == ("transfer", "transferred")
        routed = call.of(e.HandoverRouted)[-1]
        assert routed.waited_s > 20
        assert call.staff.queue.ahead("call-1") is None


@in_virtual_time
async def test_somebody_who_is_ready_again_is_called_at_once(make) -> None:
    async with make(people={"7001": picks_up}) as call:
        call.staff.set_away("7001", True, "anna")
        await nobody_free(call)
        call.press("1")
        await call.reply("play you some music")
        began = asyncio.get_running_loop().time()
        call.staff.set_away("7001", False, "anna")
        assert (await call.end()).by == "transfer"
        assert asyncio.get_running_loop().time() - began < 5.0


@in_virtual_time
async def test_who_has_waited_long_is_brought_to_somebody_whose_topic_it_is_not(make) -> None:
    people = [{**ANNA, "topics": ["general"]}, {"name": "ben", "target": "7002", "topics": ["x"]}]
    rung = {"7001": is_busy, "7002": picks_up}
    async with make(people=rung, staff=people, routing={"widen_s": 30}) as call:
        call.staff.set_away("7001", True, "anna")
        await nobody_free(call)
        call.press("1")
        assert (await call.end()).by == "transfer"
        assert call.of(e.HandoverCompleted)[0].target == "7002"
        assert call.of(e.HandoverRouted)[-1].waited_s >= 30


@in_virtual_time
async def test_a_number_that_is_busy_is_not_rung_again_before_it_is_time(make) -> None:
    async with make(staff=(), people={"6001": is_busy}) as call:
        await nobody_free(call)
        call.press("1")
        await call.reply("play you some music")
        await asyncio.sleep(15.0)
        assert len(call.agent.called) == 1
        await asyncio.sleep(20.0)
        assert len(call.agent.called) == 2


@in_virtual_time
async def test_a_key_need_not_wait_until_all_was_said(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.HandoverFailed)
        await asyncio.sleep(0.5)
        call.press("4")
        await call.reply("let us go on")
        assert call.of(e.AgentSpoke)[-2].interrupted


@in_virtual_time
async def test_waiting_is_bounded_and_then_other_choices_are_left(make) -> None:
    async with make(waiting={"longest_s": 45}) as call:
        await nobody_free(call)
        call.press("1")
        await call.reply("nobody has become free")
        assert "be called back, leave a message or go on with me. What" in said(call)


@in_virtual_time
async def test_a_key_ends_the_waiting(make) -> None:
    async with make() as call:
        await nobody_free(call)
        call.press("1")
        await call.reply("play you some music")
        before = len(call.of(e.AgentSpoke))
        call.press("5")
        await call.event(e.AgentSpoke, before + 1)
        assert CHOICES in call.of(e.AgentSpoke)[-1].text
        await call.say("When are you open?")
        await call.reply("From nine.")


@in_virtual_time
async def test_callers_who_wait_are_told_of_those_before_them_and_called_in_turn(make) -> None:
    async with make() as call:
        call.staff.queue.join("earlier", 3, 0.0, {"7001"})
        await nobody_free(call)
        assert "One caller is waiting before you" in said(call)
        assert call.agent.called == []  # whom others wait for is not called for a newcomer
        assert "waited longer" in call.of(e.HandoverRouted)[0].left_out[0].why
        call.press("1")
        call.agent._people["7001"] = picks_up
        await call.reply("Thank you for waiting")
        assert call.agent.called == []
        call.staff.queue.leave("earlier")
        call.staff.changed()
        assert (await call.end()).by == "transfer"


@in_virtual_time
async def test_a_caller_hears_how_long_it_will_probably_take_and_when_that_was_wrong(make) -> None:
    people = [{**ANNA, "calls": 2}]
    async with make(staff=people, waiting={"tells": "time", "longest_s": 900}) as call:
        for _ in range(5):
            call.staff.talks.add("7001", 100.0)
        call.staff.queue.join("earlier", 3, 0.0, {"7001"})
        await nobody_free(call)
        assert "It will probably take up to 2 minutes." in said(call)
        assert "waiting before you" not in said(call)
        call.press("1")
        await call.reply("play you some music")
        await asyncio.sleep(40.0)
        await call.reply("it takes longer than I said")


@in_virtual_time
async def test_a_newcomer_gets_whoever_is_free_and_not_waited_for(make) -> None:
    people = [ANNA, {"name": "ben", "target": "7002"}]
    async with make(people={"7001": picks_up, "7002": picks_up}, staff=people) as call:
        call.staff.queue.join("earlier", 3, 0.0, {"7001"})
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        assert (await call.end()).by == "transfer"
        assert call.of(e.HandoverCompleted)[0].target == "7002"


@in_virtual_time
async def test_a_callback_is_put_down_with_the_whole_context(make) -> None:
    async with make() as call:
        await nobody_free(call)
        await call.say("Please call me back.")
        await call.reply("call you back on plus four nine")
        await call.say("Yes.")
        await call.reply("We will call you back")
        assert "anything else" in call.of(e.AgentSpoke)[-1].text
        (requested,) = call.of(e.CallbackRequested)
        left = requested.callback
        assert (left.kind, left.number, left.topic) == ("call", "+4930123", "general")
        words = [line.text for line in left.context.transcript if line.who == "caller"]
        assert words == [WANTS_PERSON, "Please call me back.", "Yes."]
        await call.say("No, thank you.")
        assert (await call.end()).by == "agent"


@in_virtual_time
async def test_another_number_can_be_given(make) -> None:
    async with make() as call:
        await nobody_free(call)
        call.press("2")
        await call.reply("call you back on plus four nine")
        await call.say("No.")
        await call.reply("On which number")
        await call.say("030 555 1234")
        await call.reply("call you back on zero three zero")
        await call.say("Yes.")
        await call.reply("We will call you back")
        assert call.of(e.CallbackRequested)[0].callback.number == "0305551234"


@in_virtual_time
async def test_who_calls_without_a_number_that_can_be_dialled_is_asked_for_one(make) -> None:
    for caller in ("anonymous", "ivan"):
        async with make() as call:
            call.leg.facts = e.CallFacts(caller_number=caller)
            await nobody_free(call)
            call.press("2")
            await call.reply("On which number")
            call.press("0305551234#")
            await call.reply("call you back on zero three zero")
            await call.say("Yes.")
            await call.reply("We will call you back")
            assert call.of(e.CallbackRequested)[0].callback.number == "0305551234"


@in_virtual_time
async def test_a_message_is_recorded_transcribed_and_put_down(make) -> None:
    async with make() as call:
        await nobody_free(call)
        await call.say("I'll leave a message.")
        await call.reply("speak after the tone")
        await asyncio.sleep(1.0)
        await call.start_saying("My heating is broken.")
        await call.reply("pass your message on")
        left = (await call.event(e.CallbackRequested)).callback
        assert (left.kind, left.text, left.number) == (
            "message",
            "My heating is broken.",
            "+4930123",
        )
        assert left.length_s == pytest.approx(1.5, abs=0.6)
        assert load(Path(left.recording)).size / 8000 == pytest.approx(left.length_s, abs=0.1)
        await call.reply("anything else")


@in_virtual_time
async def test_a_message_is_kept_when_the_caller_hangs_up_after_it(make) -> None:
    async with make() as call:
        await nobody_free(call)
        call.press("3")
        await call.reply("speak after the tone")
        await asyncio.sleep(1.0)
        await call.start_saying("My heating is broken.")
        await asyncio.sleep(1.3)
        call.hang_up()
        ended = await call.end()
        assert ended.by == "caller"
        assert call.of(e.CallbackRequested)[0].callback.text == "My heating is broken."
        assert types(call)[-1] == "call.ended"


@in_virtual_time
async def test_without_a_word_there_is_no_message(make) -> None:
    async with make() as call:
        await nobody_free(call)
        call.press("3")
        await call.reply("I did not hear a message")
        assert call.of(e.CallbackRequested) == []
        call.hang_up()
        assert (await call.end()).by == "caller"


@in_virtual_time
async def test_a_recording_that_cannot_be_kept_does_not_cost_the_message(
    make, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    async with make(waiting={"messages": tmp_path / "file" / "folder"}) as call:
        await nobody_free(call)
        call.press("3")
        await call.reply("speak after the tone")
        await asyncio.sleep(1.0)
        await call.start_saying("My heating is broken.")
        left = (await call.event(e.CallbackRequested)).callback
        assert (left.text, left.recording) == ("My heating is broken.", "")


@in_virtual_time
async def test_a_caller_who_leaves_while_waiting_leaves_the_queue(make) -> None:
    async with make() as call:
        await nobody_free(call)
        call.press("1")
        await call.reply("play you some music")
        await call.until(lambda: call.staff.queue.ahead("call-1") == 0, "wait")
        call.hang_up()
        ended = await call.end()
        assert (ended.by, ended.reason) == ("caller", "hung up")
        assert call.staff.queue.ahead("call-1") is None
        assert call.staff.on_change == set()


@in_virtual_time
async def test_when_the_line_leaves_a_waiting_caller_is_not_kept_waiting(make) -> None:
    async with make() as call:
        await nobody_free(call)
        call.press("1")
        await call.reply("play you some music")
        before = len(call.of(e.HandoverStarted))
        call.conversation.leave()
        await call.reply("let us go on")
        await call.event(e.HandoverStarted, before + 1)


@in_virtual_time
async def test_speech_that_is_lost_over_the_choices_does_not_leave_the_caller_in_silence(
    make,
) -> None:
    async with make() as call:
        await nobody_free(call)
        call.speech.hears = call.speech.speaks = False
        await call.start_saying("Hello?")
        ended = await call.end()
        assert ended.by == "error"
        assert call.of(e.SpeechLost)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("wait", "wait"),
        ("okay, I'll hold the line", "wait"),
        ("No, I want a real person.", "wait"),
        ("Could somebody phone me later?", "callback"),
        ("I would prefer a call back.", "callback"),
        ("I'd like to leave them a voicemail.", "message"),
        ("take a note for her", "message"),
        ("carry on", "go-on"),
        ("Let's just continue.", "go-on"),
        ("No thanks.", "go-on"),
        ("This is ridiculous.", None),
        ("I'd prefer to leave word.", None),
    ],
)
@in_virtual_time
async def test_choices_are_understood_in_many_words(make, text: str, choice: str | None) -> None:
    async with make() as call:
        await nobody_free(call)
        await call.say(text)
        told = {
            "wait": "play you some music",
            "callback": "Shall we call you back",
            "message": "speak after the tone",
            "go-on": "let us go on",
            None: "or press 1 to wait for someone",
        }
        await call.reply(told[choice])
