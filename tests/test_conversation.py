"""One caller's conversation: real dialogue, judge, turn-taking and transfer around played I/O."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.dialogue.small_plan import PLAN
from tests.fakecall import SPEECH_S, Call, is_busy, picks_up, rings
from tests.virtualtime import in_virtual_time
from voiceagent import events as e
from voiceagent.audio.frames import SAMPLE_RATE
from voiceagent.audio.wav import load_channels
from voiceagent.cases import digest
from voiceagent.config import Handover
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.handoff.routing import Earlier
from voiceagent.speech.embedding import SentenceEmbedder
from voiceagent.speech.models import EMBEDDING_MODEL, locate, store
from voiceagent.speech.remembered import RememberedEmbedder
from voiceagent.telephony.call import Digit, Written

pytestmark = pytest.mark.models

GREETING = "Acme, a machine."
WANTS_PERSON = "I want to speak to a real person, please."
SITE = {"port": 8080, "public_url": "https://agent.example.com"}
NO_BRIEFING = Handover(briefing=False, ring_s=5.0)


class Embedder:
    """The packaged sentence embedder, in this process."""

    def __init__(self) -> None:
        self._model = SentenceEmbedder(locate(EMBEDDING_MODEL))

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        return self._model.embed(texts)


@pytest.fixture(scope="module")
def embedder() -> RememberedEmbedder:
    """Sentences that were embedded before, in whatever run, are not embedded again."""
    return RememberedEmbedder(Embedder().embed, EMBEDDING_MODEL, store())


@pytest.fixture
def make(embedder: RememberedEmbedder) -> Callable[..., Call]:
    """Makes a call to the small dialplan; ``changes`` replaces sections of it."""

    def make(changes: dict[str, Any] | None = None, **options: Any) -> Call:
        return Call(Dialplan.model_validate(PLAN | (changes or {})), embedder, **options)

    return make


def order_by_http() -> dict[str, Any]:
    lookup = {
        "http": {"url": "http://orders.test/{{ number }}"},
        "found": "It is {{ order.status }}.",
        "not_found": "There is no {{ number }}.",
    }
    return {"lookups": {"order": lookup}}


def types(call: Call) -> list[str]:
    return [event.type for event in call.events]


def in_order(call: Call, *names: str) -> bool:
    """Whether these events were told in this order, others between them or not."""
    told = iter(types(call))
    return all(name in told for name in names)


# -- other conversations of the same customer -----------------------------------------------------

BEFORE = Unfinished(
    case_id="text-1", by="number", channel="text", intent="order", slots={"number": "471229"}
)
WROTE = f"{GREETING} I see that you wrote to us about order. Shall we go on with that?"


@in_virtual_time
async def test_a_caller_need_not_say_again_what_they_have_written(make) -> None:
    async with make(earlier=Earlier(unfinished=BEFORE)) as call:
        await call.reply(WROTE)
        await call.say("Yes, please.")
        await call.reply("It is sent.")
        assert (await call.event(e.CaseContinued)).case_id == "text-1"
        assert (await call.event(e.TurnUnderstood)).slots == {"number": "471229"}


@in_virtual_time
async def test_a_caller_who_wants_something_else_begins_anew(make) -> None:
    async with make(earlier=Earlier(unfinished=BEFORE)) as call:
        await call.reply(WROTE)
        await call.say("No.")
        await call.reply("What can I do for you?")
        await call.say("Where is my order?")
        await call.reply("Number?")
        assert call.of(e.CaseContinued) == []


@in_virtual_time
async def test_who_was_to_be_answered_by_a_person_is_put_through_to_one(make) -> None:
    waiting = BEFORE.model_copy(update={"intent": None, "topic": "billing"})
    people = {"6003": picks_up}
    async with make(earlier=Earlier(unfinished=waiting), people=people) as call:
        await call.say("Yes, please.")
        context = (await call.event(e.HandoverContextReady)).context
        assert (context.topic, context.slots) == ("billing", {"number": "471229"})
        assert "Goes on with what was begun in writing." in context.tried


@in_virtual_time
async def test_a_code_that_is_said_goes_on_with_its_case(make) -> None:
    plan = {"lookups": {"order": {"case": "{{ number }}", "not_found": "There is none."}}}
    before = Unfinished(case_id="text-1", by="code", channel="text", topic="billing")
    async with make(plan, earlier=Earlier(unfinished=before), people={"6003": picks_up}) as call:
        await call.say("No.")
        await call.say("Where is my order?")
        await call.reply("Number?")
        call.press("471229#")
        assert (await call.event(e.CaseContinued)).known_by == "code"
        assert (await call.event(e.HandoverContextReady)).context.topic == "billing"


@in_virtual_time
async def test_what_is_written_beside_the_call_answers_the_present_question(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("Number?")
        call.leg.events.put_nowait(Written("471229"))
        await call.reply("It is sent.")
        assert (await call.event(e.TurnHeard, 2)).utterance.engine == "written"


@in_virtual_time
async def test_who_is_asked_for_what_is_hard_to_say_gets_a_link_to_write_it(make) -> None:
    plan = {"slots": PLAN["slots"] | {"number": PLAN["slots"]["number"] | {"link": True}}}
    async with make(plan, web=SITE) as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("I have sent a link to the number that you are calling from.")
        offered = await call.event(e.LinkOffered)
        assert offered.url.startswith("https://agent.example.com/case/call-1#")
        token = offered.url.partition("#")[2]
        assert (await call.event(e.CaseOpened)).token_sha256 == digest(token)
        await call.say("I do not know.")
        await call.reply("Digits?")
        assert len(call.of(e.LinkOffered)) == 1


@in_virtual_time
async def test_a_supervisor_can_have_a_caller_sent_a_link_and_the_agent_says_so(make) -> None:
    async with make(web=SITE) as call:
        await call.reply(GREETING)
        assert call.conversation.send_link("anna") == ""
        offered = await call.event(e.LinkOffered)
        assert (offered.number, offered.by) == ("+4930123", "anna")
        await call.say("When are you open?")
        await call.reply("I have sent a link to the number that you are calling from.")
        assert call.conversation.send_link("") == ""
        again = await call.event(e.LinkOffered, 2)
        assert again.url != offered.url


@in_virtual_time
async def test_without_a_web_site_no_link_can_be_sent_and_the_mend_is_said(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        assert call.conversation.send_link("anna").endswith("set web.port and web.public_url")
        assert call.of(e.LinkOffered) == []


# -- turns --------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_caller_is_greeted_and_a_question_becomes_a_verdict_and_an_answer(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say("When are you open?")
        await call.reply("From nine.")
        verdict = await call.event(e.Verdict)
        assert (verdict.turn, verdict.action) == (1, "continue")
        assert verdict.understood > 0.5
        understood = await call.event(e.TurnUnderstood)
        assert understood.understanding.intent == "hours"
        spoke = call.of(e.AgentSpoke)[-1]
        assert (spoke.turn, spoke.interrupted) == (1, False)
        assert spoke.gap_s is not None
        assert 0.2 < spoke.gap_s < 1.5
        assert in_order(
            call,
            *("call.arrived", "call.answered", "agent.spoke"),
            *("turn.heard", "turn.understood", "verdict", "agent.spoke"),
        )
        call.hang_up()
        assert (await call.end()).by == "caller"


@in_virtual_time
async def test_events_carry_the_call_and_a_clock_that_runs_from_the_invite(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say("When are you open?")
        await call.reply("From nine.")
        call.hang_up()
        await call.end()
    records = call.journal.records
    assert {record.call_id for record in records} == {"call-1"}
    times = [record.t_s for record in records]
    assert times == sorted(times)
    heard = call.of(e.TurnHeard)[0].utterance
    spoken = call.of(e.AgentSpoke)
    assert spoken[0].end_s < heard.start_s < heard.end_s < spoken[1].start_s
    assert records[-1].event.type == "call.ended"


@in_virtual_time
async def test_a_caller_who_interrupts_is_listened_to(make) -> None:
    long = {"greeting": "This is a greeting that goes on and on. " * 5}
    async with make(long) as call:
        await asyncio.sleep(1.0)
        await call.say("When are you open?")
        await call.reply("From nine.")
        greeting, answer = call.of(e.AgentSpoke)[:2]
        assert greeting.interrupted
        assert 0 < len(greeting.heard) < len(greeting.text)
        assert answer.text.startswith("From nine.")
        cut = call.of(e.CallerInterrupted)[0]
        assert cut.start_s < cut.stopped_s < cut.start_s + 0.5


@in_virtual_time
async def test_a_silent_caller_is_asked_again_and_then_offered_a_person(make) -> None:
    async with make() as call:
        await call.reply("I did not hear anything.")
        assert call.of(e.TurnMissed)[0].why == "no-input"
        await call.reply("Would you like to speak to someone?")
        assert [verdict.action for verdict in call.of(e.Verdict)] == ["clarify", "offer"]


@in_virtual_time
async def test_a_number_can_be_keyed_in(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("Number?")
        call.press("471229")
        await call.reply("It is sent.")
        assert "".join(digit.digit for digit in call.of(e.DtmfReceived)) == "471229"
        assert call.of(e.LookupDone)[0].found


@in_virtual_time
async def test_the_key_0_is_a_way_to_a_person_at_any_time(make) -> None:
    long = {"greeting": "This is a greeting that goes on and on. " * 5}
    async with make(long, people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await asyncio.sleep(1.0)
        call.press("0")
        ended = await call.end()
        assert ended.by == "transfer"
        assert call.of(e.AgentSpoke)[0].interrupted
        assert call.of(e.HandoverStarted)[0].topic == "general"


@in_virtual_time
async def test_another_key_than_0_is_no_turn(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        call.press("5")
        await call.say("When are you open?")
        await call.reply("From nine.")
        assert call.of(e.TurnHeard)[0].turn == 1
        assert call.of(e.TurnMissed) == []


@in_virtual_time
async def test_a_goodbye_ends_the_call(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say("stop")
        ended = await call.end()
        assert ended.by == "agent"
        assert call.of(e.AgentSpoke)[-1].text == "Farewell."
        assert not call.of(e.AgentSpoke)[-1].interrupted
        assert call.leg.done[-1] == "hang up"


@in_virtual_time
async def test_who_cuts_in_on_the_goodbye_is_answered_and_not_hung_up_on(make) -> None:
    leave = {"answer": "Farewell, and thank you for calling us today. " * 3}
    intents = PLAN["intents"] | {"leave": PLAN["intents"]["leave"] | leave}
    async with make({"intents": intents}) as call:
        await call.reply(GREETING)
        await call.say("stop")
        await asyncio.sleep(1.0)
        await call.say("When are you open?")
        await call.reply("From nine.")
        await call.say("stop")
        assert (await call.end()).by == "agent"
        farewells = [spoke for spoke in call.of(e.AgentSpoke) if "Farewell" in spoke.text]
        assert [spoke.interrupted for spoke in farewells] == [True, False]


# -- looking up ---------------------------------------------------------------------------------


@in_virtual_time
async def test_a_quick_look_up_is_answered_without_a_word_about_looking(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("Number?")
        await call.say("471229")
        await call.reply("It is sent.")
        assert not any("Let me look" in spoke.text for spoke in call.of(e.AgentSpoke))


@in_virtual_time
async def test_a_slow_look_up_is_covered_by_a_word(make) -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(2.0)
        return httpx.Response(200, json={"status": "on its way"})

    async with make(order_by_http(), http=slow) as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("Number?")
        await call.say("471229")
        await call.reply("It is on its way.")
        said = [spoke.text for spoke in call.of(e.AgentSpoke)]
        assert said[-2] == "Let me look that up."
        assert call.of(e.LookupDone)[0].took_s == pytest.approx(2.0, abs=0.1)


@in_virtual_time
async def test_a_failed_identity_check_is_told_as_one(make) -> None:
    lookups = order_by_http()
    lookups["lookups"]["order"]["identity_check"] = True
    async with make(lookups, http=lambda request: httpx.Response(404)) as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("Number?")
        await call.say("471229")
        await call.reply("There is no")
        checked = call.of(e.LookupDone)[0]
        assert checked.identity_check
        assert not checked.found


@in_virtual_time
async def test_a_look_up_that_fails_is_regretted_and_a_person_offered(make) -> None:
    async with make(order_by_http(), http=lambda request: httpx.Response(500)) as call:
        await call.reply(GREETING)
        await call.say("Where is my order?")
        await call.reply("Number?")
        await call.say("471229")
        await call.reply("I am sorry, I cannot look that up at the moment. Would you like")
        assert "500" in call.of(e.LookupDone)[0].error


# -- offers and handovers -----------------------------------------------------------------------


@in_virtual_time
async def test_an_offer_that_is_accepted_leads_to_a_person(make) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply("Would you like to speak to someone?")
        await call.say("Yes, please.")
        ended = await call.end()
        assert (ended.by, ended.reason) == ("transfer", "transferred")
        assert "said yes" in call.of(e.HandoverStarted)[0].reason


@in_virtual_time
async def test_an_offer_that_is_refused_is_not_made_again_at_once(make) -> None:
    async with make(people={"6001": picks_up}) as call:
        await call.reply("Would you like to speak to someone?")
        await call.say("No.")
        await call.reply("All right, let us go on.")
        await call.event(e.TurnMissed, 4)
        assert [verdict.action for verdict in call.of(e.Verdict)].count("offer") == 1
        assert call.agent.called == []


@in_virtual_time
async def test_a_handover_is_announced_prepared_and_briefed_before_the_caller_is_sent(make) -> None:
    async with make(people={"6001": picks_up}) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        ended = await call.end()
        assert ended.by == "transfer"
        assert in_order(
            call,
            *("verdict", "agent.spoke", "handover.started", "handover.context", "caller.held"),
            *("consultation.calling", "consultation.ringing", "consultation.answered"),
            *("briefing.spoken", "refer.sent", "refer.answered", "handover.completed"),
            "call.ended",
        )
        context = call.of(e.HandoverContextReady)[0].context
        said = [(line.who, line.text) for line in context.transcript]
        assert said[:2] == [("agent", GREETING), ("caller", WANTS_PERSON)]
        assert said[2][0] == "agent"
        assert call.of(e.Verdict)[0].action == "handover"
        person = call.agent.called[0]
        assert call.leg.done == ["answer", "hold", "refer to 6001", "hang up"]
        assert person.ended.is_set()


@in_virtual_time
async def test_a_topic_goes_to_its_own_people_in_its_own_words(make) -> None:
    async with make(people={"6003": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)
        await call.say("My bill is wrong.")
        await call.reply("A colleague looks at bills.")
        await call.end()
        assert call.of(e.HandoverStarted)[0].targets == ("6003",)
        assert call.of(e.Verdict)[0].topic == "billing"


@in_virtual_time
async def test_the_route_goes_by_what_is_known_of_people_and_is_told_with_its_reasons(make) -> None:
    people = [
        {"name": "anna", "target": "7001", "topics": ["billing"]},
        {"name": "ben", "target": "7002", "topics": ["billing"], "trained": True},
        {"name": "cleo", "target": "7003", "topics": ["billing"]},
    ]
    options = {"people": {"7002": is_busy, "7001": picks_up}, "handover": NO_BRIEFING}
    async with make(**options, staff=people) as call:
        call.staff.set_away("7003", True, "cleo")
        await call.reply(GREETING)
        await call.say("My bill is wrong.")
        await call.end()
        (routed,) = call.of(e.HandoverRouted)
        assert {to.person for to in routed.route} == {"anna", "ben"}
        assert [(left.person, left.why) for left in routed.left_out] == [
            ("cleo", "is away, says cleo")
        ]
        assert call.of(e.HandoverStarted)[0].targets == tuple(to.target for to in routed.route)
        assert all(state.calls == 0 for state in call.staff.states.values())


@in_virtual_time
async def test_when_nobody_is_there_no_phone_rings_and_the_conversation_goes_on(make) -> None:
    people = [{"name": "anna", "target": "7001"}]
    async with make(people={"7001": picks_up}, staff=people) as call:
        call.staff.set_away("7001", True, "anna")
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.reply("nobody could take your call")
        assert call.agent.called == []
        assert call.of(e.HandoverFailed)[0].reason == "nobody"
        await call.say("When are you open?")
        await call.reply("From nine.")


@in_virtual_time
async def test_whoever_was_busy_a_moment_ago_is_not_called_again_at_once(make) -> None:
    people = [{"name": "anna", "target": "7001"}]
    options = {"people": {"7001": is_busy}, "waiting": {"choices": []}}
    async with make(**options, staff=people) as call:
        await call.reply(GREETING)
        for _ in range(2):
            call.press("0")
            before = len(call.of(e.HandoverFailed))
            await call.event(e.HandoverFailed, before + 1)
            await asyncio.sleep(8.0)
        assert len(call.agent.called) == 1
        assert call.of(e.HandoverRouted)[1].left_out[0].why == "was busy a moment ago"


@in_virtual_time
async def test_an_emergency_text_cannot_be_cut_short(make) -> None:
    danger = {"topics": {"danger": {"examples": ["he is dying"], "emergency": "Dial 112. " * 20}}}
    async with make(danger, people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)
        await call.say("He is dying!")
        await asyncio.sleep(1.0)
        await call.start_saying("What? What?")
        await call.end()
        text = next(spoke for spoke in call.of(e.AgentSpoke) if "112" in spoke.text)
        assert not text.interrupted
        assert call.of(e.Verdict)[0].action == "emergency"


@in_virtual_time
async def test_a_late_please_does_not_silence_what_the_caller_has_to_know(make) -> None:
    long = {"phrases": {"handover": "I am connecting you to somebody who can help. " * 3}}
    async with make(long, people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await asyncio.sleep(1.0)
        await call.start_saying("Please.")
        assert (await call.end()).by == "transfer"
        told = next(spoke for spoke in call.of(e.AgentSpoke) if "connecting" in spoke.text)
        assert not told.interrupted


@in_virtual_time
async def test_when_nobody_can_be_reached_the_conversation_goes_on(make) -> None:
    async with make(people={"6001": is_busy}) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.reply("nobody could take your call")
        assert call.of(e.HandoverFailed)[0].reason == "nobody"
        assert call.of(e.ConsultationFailed)[0].code == 486
        await call.say("When are you open?")
        await call.reply("From nine.")
        call.hang_up()
        assert (await call.end()).by == "caller"
        assert call.leg.done == ["answer", "hold", "resume"]


@in_virtual_time
async def test_a_target_that_cannot_be_dialled_is_as_one_who_does_not_answer(make) -> None:
    async with make(people={}) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.reply("nobody could take your call")
        assert call.of(e.ConsultationFailed)[0].code == 503


@in_virtual_time
async def test_a_caller_who_leaves_while_the_phone_rings_leaves_nothing_ringing(make) -> None:
    async with make(people={"6001": rings}) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.ConsultationRinging)
        call.hang_up()
        ended = await call.end()
        assert ended.by == "caller"
        assert call.agent.called[0].done == ["hang up"]
        assert call.of(e.HandoverFailed)[0].reason == "caller gone"


@in_virtual_time
async def test_a_caller_who_leaves_just_as_nobody_was_reached_is_not_waited_for(make) -> None:
    async with make(people={"6001": is_busy}) as call:

        async def resume() -> bool:
            call.hang_up()
            await asyncio.sleep(0.1)
            return False

        call.leg.resume = resume
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        assert (await call.end()).by == "caller"


@in_virtual_time
async def test_a_caller_whose_phone_does_not_transfer_is_joined_to_the_person(make) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        call.leg.refer_answers = ((603, True),)
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.HandoverBridged)
        assert call.leg.done[-2:] == ["resume", "join 6001"]
        await asyncio.sleep(30)
        call.agent.called[0].end()
        ended = await call.end()
        assert (ended.by, ended.reason) == ("transfer", "bridged")


@in_virtual_time
async def test_a_person_who_gives_the_caller_back_leaves_them_with_the_agent_that_goes_on(
    make,
) -> None:
    bridged = Handover(briefing=False, way="bridged")
    async with make(people={"6001": picks_up}, handover=bridged) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.HandoverBridged)
        await asyncio.sleep(30)
        call.agent.called[0].events.put_nowait(Digit("*"))
        await asyncio.sleep(5)  # they are asked what was agreed
        call.person_says("the bill is cancelled")
        returned = await call.event(e.HandoverReturned)
        assert (returned.target, returned.note) == ("6001", "the bill is cancelled")
        await call.reply("You are talking to the voice agent again.")
        assert call.agent.called[0].ended.is_set()
        assert call.leg.done[-3:] == ["part", "hold", "resume"]
        assert not call.of(e.HandoverFailed)
        await call.say("thanks goodbye")
        assert len(call.of(e.Event, "turn.heard")) == 2


@in_virtual_time
async def test_a_person_who_presses_no_key_after_the_briefing_does_not_get_the_caller(make) -> None:
    by_key = Handover(accept="key", accept_s=5.0)
    async with make(people={"6001": picks_up}, handover=by_key) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        failed = await call.event(e.ConsultationFailed)
        assert (failed.target, failed.reason) == ("6001", "not accepted in time")
        assert call.of(e.BriefingSpoken)[0].text.endswith("Press 2 to decline.")
        assert not call.of(e.ReferSent)
        await call.reply("nobody could take your call")


@in_virtual_time
async def test_a_person_takes_the_call_by_a_yes_and_declines_it_by_a_no(make) -> None:
    for answer, taken in (("yes put them through", True), ("no I am in a meeting", False)):
        async with make(people={"6001": picks_up}, handover=Handover(accept="speech")) as call:
            await call.reply(GREETING)
            await call.say(WANTS_PERSON)
            await call.event(e.BriefingSpoken)
            call.person_says(answer)
            if taken:
                await call.event(e.HandoverCompleted)
            else:
                failed = await call.event(e.ConsultationFailed)
                assert failed.reason == "declined by speech"


@in_virtual_time
async def test_each_person_is_briefed_and_answers_in_their_own_language(make) -> None:
    staff = [
        {"name": "anna", "target": "6001", "languages": ["de", "en"]},
        {"name": "ben", "target": "6002", "languages": ["en"], "priority": 2},
    ]
    options = {"people": {"6001": picks_up, "6002": picks_up}, "languages": ["de"]}
    async with make(**options, staff=staff, handover=Handover(accept="speech")) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.BriefingSpoken)
        call.person_says("nein, gerade nicht")
        assert (await call.event(e.ConsultationFailed)).reason == "declined by speech"
        await call.event(e.BriefingSpoken, 2)
        to_anna, to_ben = (spoken.text for spoken in call.of(e.BriefingSpoken))
        assert to_anna.startswith("Übergabe vom Sprachassistenten.")
        assert to_anna.endswith("Nehmen Sie den Anruf an?")
        assert to_ben.startswith("Handover from the voice agent.")
        call.person_says("yes")
        await call.event(e.HandoverCompleted)


@in_virtual_time
async def test_what_is_said_while_a_person_is_called_is_not_recognised(make) -> None:
    async with make(people={"6001": rings}, handover=Handover(ring_s=5.0)) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.ConsultationRinging)
        await call.start_saying("When are you open?")
        await call.reply("nobody could take your call")
        assert len(call.of(e.TurnHeard)) == 1


@in_virtual_time
async def test_what_the_caller_was_still_saying_is_added_for_the_person(make) -> None:
    async with make(people={"6001": rings}, handover=Handover(ring_s=5.0)) as call:
        await call.reply(GREETING)
        speak = call.speech.synthesize

        async def slowly(text: str, voice: str | None = None) -> AsyncIterator[bytes]:
            await asyncio.sleep(1.0)  # so that the announcement has not begun when they go on
            async for pcm in speak(text, voice):
                yield pcm

        call.speech.synthesize = slowly
        await call.say(WANTS_PERSON)
        await call.start_saying("The heating has failed.")
        await call.event(e.ConsultationRinging)
        await call.event(e.HandoverContextReady, 2)
        first, second, *_ = (ready.context for ready in call.of(e.HandoverContextReady))
        assert (first.revision, first.meanwhile) == (1, ())
        assert (second.revision, second.handover_id) == (2, first.handover_id)
        assert second.meanwhile == ("The caller added: “The heating has failed.”",)
        assert second.transcript[-1].text == "The heating has failed."
        assert second.transcript[: len(first.transcript)] == first.transcript
        assert "consultation.failed" not in types(call)  # it is there while the phone rings


@in_virtual_time
async def test_keys_and_who_did_not_take_the_call_are_added_for_the_next_person(make) -> None:
    people = {"6001": rings, "6002": picks_up}
    targets = {"general": ("6001", "6002")}
    async with make(people=people, handover=Handover(ring_s=5.0, targets=targets)) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.ConsultationRinging)
        call.press("4711")
        assert (await call.end()).by == "transfer"
        assert [pressed.digit for pressed in call.of(e.DtmfReceived)] == list("4711")
        contexts = [ready.context for ready in call.of(e.HandoverContextReady)]
        assert [context.meanwhile for context in contexts] == [
            (),
            ("The caller pressed 4711.",),
            ("6001 did not answer.", "The caller pressed 4711."),
        ]
        assert [c.revision for c in contexts] == sorted({c.revision for c in contexts})
        last = max(n for n, kind in enumerate(types(call)) if kind == "handover.context")
        answered = types(call).index("consultation.answered")
        assert last < answered


# -- when something is wrong with the agent -----------------------------------------------------


@in_virtual_time
async def test_without_recognition_the_caller_hears_why_and_gets_a_person(make) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)
        call.speech.hears = call.speech.speaks = False
        await call.start_saying("When are you open?")
        ended = await call.end()
        assert ended.by == "transfer"
        assert in_order(call, "speech.lost", "agent.spoke", "handover.started", "call.ended")
        assert "technical problem" in call.of(e.AgentSpoke)[-1].text
        assert "technical problem" in call.of(e.HandoverStarted)[0].reason


@in_virtual_time
async def test_who_still_speaks_when_recognition_is_lost_does_not_cut_short_what_they_have_to_know(
    make,
) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)
        call.speech.hears = call.speech.speaks = False
        for _ in range(4):
            await call.start_saying("When are you open?")
        await call.end()
        told = call.of(e.AgentSpoke)[-1]
        assert "technical problem" in told.text
        assert told.heard == told.text


@in_virtual_time
async def test_without_a_voice_a_caller_gets_a_person_before_having_to_say_a_word(make) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        call.speech.speaks = False
        ended = await call.end()
        assert ended.by == "transfer"
        assert call.of(e.TurnHeard) == call.of(e.TurnMissed) == []
        assert ended.duration_s < 5.0


@in_virtual_time
async def test_a_voice_lost_over_an_answer_does_not_leave_the_caller_in_silence(make) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)
        call.speech.speaks = False
        await call.say("When are you open?")
        heard_until = call.of(e.TurnHeard)[0].utterance.end_s
        ended = await call.end()
        assert ended.by == "transfer"
        assert ended.duration_s - heard_until < 5.0


@in_virtual_time
async def test_without_speech_and_without_a_person_the_caller_is_told_and_let_go(make) -> None:
    async with make(people={"6001": is_busy}) as call:
        call.speech.hears = call.speech.speaks = False
        ended = await call.end()
        assert ended.by == "error"
        said = " ".join(spoke.text for spoke in call.of(e.AgentSpoke))
        assert "nobody could take your call" in said
        assert "Goodbye" in said
        assert call.leg.done[-1] == "hang up"


@in_virtual_time
async def test_an_exception_inside_hands_the_caller_over(make, monkeypatch) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await call.reply(GREETING)

        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("a mistake of ours")

        monkeypatch.setattr(call.conversation._course.judge, "judge", broken)
        await call.say("When are you open?")
        ended = await call.end()
        assert ended.by == "transfer"
        assert call.of(e.HandoverCompleted)


@in_virtual_time
async def test_a_recording_that_cannot_be_written_does_not_cost_the_call(
    make, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    records = {"recordings": tmp_path / "file" / "folder"}
    async with make(records=records) as call:
        await call.reply(GREETING)
        await call.say("When are you open?")
        await call.reply("From nine.")


@in_virtual_time
async def test_a_recording_has_both_sides_of_the_call(make, tmp_path: Path) -> None:
    async with make(records={"recordings": tmp_path}) as call:
        await call.reply(GREETING)
        await call.say("When are you open?")
        await call.reply("From nine.")
        call.hang_up()
        ended = await call.end()
    caller, agent = load_channels(tmp_path / "call-1.wav")
    assert caller.size / SAMPLE_RATE == pytest.approx(ended.duration_s, abs=0.2)
    heard, greeting = call.of(e.TurnHeard)[0].utterance, call.of(e.AgentSpoke)[0]

    def loudness(side: np.ndarray, when: e.Utterance | e.AgentSpoke) -> float:
        return float(side[round(when.start_s * 8000) : round(when.end_s * 8000)].std())

    assert loudness(caller, heard) > 20 * loudness(caller, greeting)
    assert loudness(agent, greeting) > 20 * loudness(agent, heard)


# -- leaving ------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_caller_who_hangs_up_mid_sentence_ends_the_call_with_what_they_heard(make) -> None:
    long = {"greeting": "This is a greeting that goes on and on. " * 5}
    async with make(long) as call:
        await asyncio.sleep(2.0)
        call.hang_up()
        ended = await call.end()
        assert (ended.by, ended.reason) == ("caller", "hung up")
        assert types(call)[-2:] == ["agent.spoke", "call.ended"]
        assert call.of(e.AgentSpoke)[0].interrupted


@in_virtual_time
async def test_when_the_line_leaves_the_caller_is_handed_over_after_the_sentence(make) -> None:
    async with make(people={"6001": picks_up}, handover=NO_BRIEFING) as call:
        await asyncio.sleep(0.2)
        call.conversation.leave()
        ended = await call.end()
        assert ended.by == "transfer"
        greeting, announced = call.of(e.AgentSpoke)
        assert not greeting.interrupted
        assert "put you through" in announced.text


@in_virtual_time
async def test_a_conversation_that_is_cut_off_says_goodbye_to_its_leg(make) -> None:
    async with make() as call:
        await call.reply(GREETING)
        call.running.cancel()
        await asyncio.gather(call.running, return_exceptions=True)
        assert call.leg.done == ["answer", "hang up"]
        assert types(call)[-1] == "call.ended"


@in_virtual_time
async def test_a_recording_has_the_bridged_person_where_the_agent_was(make, tmp_path: Path) -> None:
    bridged = Handover(briefing=False, way="bridged")
    recordings = {"recordings": tmp_path}
    people = {"6001": picks_up}
    async with make(people=people, handover=bridged, records=recordings) as call:
        await call.reply(GREETING)
        await call.say(WANTS_PERSON)
        await call.event(e.HandoverBridged)
        await asyncio.sleep(2)
        call.person_says("hello")
        await asyncio.sleep(3)
        call.hang_up()
        ended = await call.end()
    caller, person = load_channels(tmp_path / "call-1.wav")
    last = slice(round((ended.duration_s - 3.5) * SAMPLE_RATE), None)
    assert float(person[last].std()) > 20 * float(caller[last].std())
    frames = person[last][: person[last].size // 160 * 160].reshape(-1, 160)
    loud = np.abs(frames).max(axis=1) > 0.05
    assert loud.sum() * 0.02 == pytest.approx(SPEECH_S, abs=0.2)  # nothing of it is overwritten
