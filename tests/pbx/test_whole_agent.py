"""The whole agent behind a real Asterisk: real speech, a real broker, real phones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from asterisk import HOLD_TONE_HZ, Asterisk
from rawsip import Message, Phone, sdp
from scene import CALLER_HZ, PERSON_HZ, Heard, agent_sip, becomes, sip, talk
from whole_agent import WholeAgent, running

from voiceagent.audio.frames import SAMPLE_RATE, to_float
from voiceagent.audio.resample import resample
from voiceagent.audio.wav import save
from voiceagent.simulation.phone_process import PhoneProcess, together
from voiceagent.speech.models import locate
from voiceagent.speech.piper import PiperSynthesizer
from voiceagent.supervision.states import Offer
from voiceagent.telephony.headers import decode_user_to_user

pytestmark = [pytest.mark.pbx, pytest.mark.call, pytest.mark.models]

_HIGHER = 1.12
"""How much higher and faster than the agent the caller speaks."""


@pytest.fixture(scope="module")
def voice() -> PiperSynthesizer:
    return PiperSynthesizer(locate("joe-us"), "joe-us", steady=True)


@pytest.fixture(scope="module")
def agent(asterisk: Asterisk) -> Iterator[WholeAgent]:
    """Registered at Asterisk."""
    with WholeAgent(agent_sip(asterisk, "registered")) as agent:
        deadline = time.monotonic() + 10
        while f":{agent.port}" not in asterisk.cli(f"pjsip show aor {asterisk.agent.user}"):
            assert time.monotonic() < deadline, "the agent has not registered"
            time.sleep(0.05)
        yield agent


@asynccontextmanager
async def phones(asterisk: Asterisk, folder: Path) -> AsyncIterator[tuple[PhoneProcess, ...]]:
    """A caller and the person at 6001, who answers; both leave a recording."""
    accounts = (asterisk.callers["caller"], asterisk.people["6001"])
    both = [
        PhoneProcess(account.user, sip(asterisk, account), record=folder / f"{account.user}.wav")
        for account in accounts
    ]
    async with together(*both):
        await asyncio.gather(*(phone.expect("registered") for phone in both))
        yield tuple(both)


async def welcome(caller: PhoneProcess, asterisk: Asterisk, tries: int = 20) -> None:
    """Call until the call is answered: the PBX knows before the agent that another one is over."""
    for _ in range(tries):
        seen = len(caller.events)
        await caller.do("call", to=f"sip:1000@{asterisk.domain}")
        at = await caller.seen(
            lambda e: e["event"] in ("confirmed", "ended"), "answer", timeout_s=20, after=seen
        )
        if caller.events[at]["event"] == "confirmed":
            return
        assert caller.events[at]["code"] == 503
        await asyncio.sleep(0.2)
    raise AssertionError("nobody is welcome any more")


async def hear_the_agent(caller: PhoneProcess, after: int = 0) -> None:
    """Wait until the agent has said something and is silent."""
    begun = await caller.expect("voice", on=True, after=after, timeout_s=30)
    await caller.expect("voice", on=False, after=caller.events.index(begun), timeout_s=30)


async def say(caller: PhoneProcess, voice: PiperSynthesizer, text: str, folder: Path) -> None:
    """Have the caller say something, in a voice that is not quite the agent's."""
    speech = to_float(b"".join(voice.synthesize(text)))
    path = folder / "said.wav"
    save(path, resample(speech, round(SAMPLE_RATE * _HIGHER), SAMPLE_RATE))
    await caller.do("play", file=str(path))
    await caller.expect("played")


@asynccontextmanager
async def offers(agent: WholeAgent, person: str) -> AsyncIterator[list[tuple[float, Offer]]]:
    """What a person's screen gets over the bus, with the time of arrival."""
    got: list[tuple[float, Offer]] = []

    async def collect(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if message.payload:
                got.append((time.time(), Offer.model_validate_json(message.payload)))

    async with aiomqtt.Client("127.0.0.1", agent.broker_port) as client:
        await client.subscribe(f"voiceagent/v1/people/{person}/handovers/+", qos=1)
        collecting = asyncio.create_task(collect(client))
        try:
            yield got
        finally:
            collecting.cancel()


async def test_a_caller_who_asks_for_a_person_reaches_one_who_already_knows(
    asterisk: Asterisk, agent: WholeAgent, voice: PiperSynthesizer, tmp_path: Path
) -> None:
    async with phones(asterisk, tmp_path) as (caller, person), offers(agent, "6001") as got:
        await caller.do("call", to=f"sip:1000@{asterisk.domain}")
        await hear_the_agent(caller)
        await say(caller, voice, "I want to speak to a real person, please.", tmp_path)
        answered = await person.expect("confirmed", timeout_s=60)
        await becomes(lambda: asterisk.channels() == 2, "the agent's legs are gone", 60)
        await talk(caller, person)
        assert asterisk.channels() == 2
        context = (await person.expect("incoming"))["context"]

    arrived_at, offer = got[0]
    assert arrived_at < answered["at"]
    assert offer.state == "announced"
    assert decode_user_to_user(context["User-to-User"]) == offer.handover_id
    assert context["X-VoiceAgent-Call"] == offer.context.call_id
    assert context["X-VoiceAgent-Topic"] == offer.context.topic == "general"
    assert offer.context.facts.caller_number == "caller"
    assert offer.context.facts.dialled == "1000"
    said = {line.who: line.text.lower() for line in offer.context.transcript}
    assert "person" in said["caller"]
    assert offer.state != got[-1][1].state == "connected"

    caller_heard, person_heard = (Heard(tmp_path / f"{p.name}.wav") for p in (caller, person))
    assert caller_heard.seconds_of(HOLD_TONE_HZ) > 1.0
    assert caller_heard.seconds_of(PERSON_HZ) > 1.0
    assert person_heard.seconds_of(CALLER_HZ) > 1.0


async def test_a_fourth_caller_is_told_to_come_back_and_a_third_is_welcome_again(
    asterisk: Asterisk, agent: WholeAgent, tmp_path: Path
) -> None:
    async with phones(asterisk, tmp_path) as (caller, _):
        for leg in range(3):
            await caller.do("call", to=f"sip:1000@{asterisk.domain}")
            await caller.expect("confirmed", leg=leg)
        with Phone("fourth", ("127.0.0.1", agent.port)) as fourth:
            refused = invited(fourth, "1000")
            assert refused.code == 503
            assert refused.one("Retry-After") == "10"
            fourth.request("OPTIONS", f"sip:1000@127.0.0.1:{agent.port}")
            assert fourth.expect(*range(200, 700)).code == 200
        await caller.do("hang_up")
        await caller.expect("ended", leg=2)
        await becomes(lambda: asterisk.channels() == 4, "the third call is over")
        await welcome(caller, asterisk)


async def test_told_to_leave_it_finishes_its_turn_hands_its_caller_over_and_leaves_nothing_behind(
    asterisk: Asterisk, voice: PiperSynthesizer, tmp_path: Path
) -> None:
    trunk = agent_sip(asterisk, "trunk")
    with WholeAgent(trunk, drain_s=18) as agent:
        async with phones(asterisk, tmp_path) as (caller, person):
            children = agent.children()
            assert len(children) == 2  # speech and broker
            await caller.do("call", to=f"sip:1001@{asterisk.domain}")
            await caller.expect("voice", on=True)
            agent.terminate()

            with Phone("late", (trunk.address, agent.port)) as late:
                assert invited(late, "1001").code == 503
            await hear_the_agent(caller)
            seen = len(caller.events)
            await say(caller, voice, "How can I pay?", tmp_path)
            await hear_the_agent(caller, after=seen)

            await person.expect("confirmed", timeout_s=60)
            await asyncio.to_thread(agent.leave)
            assert running(children) == []
            assert asterisk.channels() == 2
            await talk(caller, person)
    assert Heard(tmp_path / "caller.wav").seconds_of(PERSON_HZ) > 1.0
    assert Heard(tmp_path / "6001.wav").seconds_of(CALLER_HZ) > 1.0


def invited(phone: Phone, extension: str) -> Message:
    """The answer to an INVITE."""
    host, port = phone.server
    phone.request("INVITE", f"sip:{extension}@{host}:{port}", body=sdp(phone.host))
    return phone.expect(*range(200, 700))
