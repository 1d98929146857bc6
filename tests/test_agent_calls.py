"""The whole agent, `voiceagent run`, called by real telephones on loopback. No PBX."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import pytest_asyncio

from voiceagent import config, events as e
from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.audio.wav import load_channels
from voiceagent.config import Config, Sip
from voiceagent.events import Event, Record
from voiceagent.records.store import Store
from voiceagent.simulation.acting import Actor
from voiceagent.simulation.phone_process import PhoneProcess, together
from voiceagent.simulation.stage import HOST, Audience, running_agent, write_settings
from voiceagent.speech.client import SpeechClient, SpeechError

pytestmark = [pytest.mark.call, pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

E = TypeVar("E", bound=Event)

PLAN = """\
name: test
greeting: Hello, this is a machine.
intents:
  delivery:
    examples: [how much does delivery cost, what is the price of shipping]
    answer: Delivery costs five euros.
    follow_up: What else?
  order:
    examples: [where is my order, what is the status of my order]
    slots: [number]
    lookup: order
slots:
  number: {kind: digits, prompt: Your order number please., min_digits: 6, max_digits: 6}
lookups:
  order:
    table:
      rows: [{id: "471229", when: tomorrow}]
      key: id
      value: "{{ number }}"
    found: "It comes {{ order.when }}."
    not_found: There is none.
targets:
  general: ["6001"]
phrases:
  handover: One moment.
  leave_message: Please speak after the tone.
"""
TONE_HZ = 800.0
_CALLER = Actor()
_names = count(1)


class Agent:
    """The running agent, what it has published, and what callers can say to it."""

    def __init__(self, settings: Config, file: Path) -> None:
        self.settings, self.file = settings, file
        self.speech = SpeechClient(settings)
        self._records: list[Record] = []
        self._news = asyncio.Condition()

    async def told(self, record: Record) -> None:
        async with self._news:
            self._records.append(record)
            self._news.notify_all()

    async def event(self, kind: type[E], caller: str, part: str = "", **details: Any) -> E:
        """The first event of a kind in the newest call of a caller, waited for.

        Args:
            part: something that its `text` holds.
            details: what its fields are.
        """

        def find() -> E | None:
            events = [record.event for record in self.of(caller)]
            wanted = [event for event in events if isinstance(event, kind)]
            wanted = [event for event in wanted if details.items() <= dict(event).items()]
            return next((event for event in wanted if part in getattr(event, "text", "")), None)

        try:
            async with asyncio.timeout(30), self._news:
                await self._news.wait_for(lambda: find() is not None)
        except TimeoutError:
            seen = "\n".join(str(record.event) for record in self._records)
            raise AssertionError(f"no {kind.__name__} {part} {details}; seen:\n{seen}") from None
        event = find()
        assert event is not None
        return event

    async def said(self, caller: str, part: str) -> e.AgentSpoke:
        """Wait until the agent has said something with this in it."""
        return await self.event(e.AgentSpoke, caller, part)

    def of(self, caller: str) -> list[Record]:
        """What was told of the newest call of a caller."""
        call_id = self.call_of(caller)
        return [record for record in self._records if call_id and record.call_id == call_id]

    def call_of(self, caller: str) -> str:
        """Id of the newest call of a caller, empty when there is none."""
        for record in reversed(self._records):
            arrived = record.event
            if isinstance(arrived, e.CallArrived) and arrived.facts.caller_number == caller:
                return record.call_id
        return ""

    async def line(self, text: str) -> str:
        """A sound file in which a caller says this."""
        path = self.file.with_name(f"line-{next(_names)}.wav")
        return str(await _CALLER.speak(text, self.speech, path))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    folder = tmp_path_factory.mktemp("agent")
    plan = folder / "plan.yaml"
    plan.write_text(PLAN)
    with tempfile.TemporaryDirectory(prefix="va-") as run_dir:
        _, file = write_settings(folder, Path(run_dir), plan)
        with file.open("a") as more:
            more.write("\n[turns]\nno_input_s = 4.0\n")
        agent = Agent(config.load(file), file)
        async with running_agent(agent.settings, file, Audience(agent.told)):
            yield agent


def phone(user: str, **options: Any) -> PhoneProcess:
    sip = Sip(address=HOST, port=options.pop("port", 0), user=user, rtp_port_min=23000)
    return PhoneProcess(user, sip, **options)


@asynccontextmanager
async def a_call(agent: Agent, user: str, **options: Any) -> AsyncIterator[PhoneProcess]:
    """A telephone that has been answered by the agent."""
    async with phone(user, **options) as caller:
        await caller.do("call", to=f"sip:1000@{HOST}:{agent.settings.sip.port}")
        await caller.expect("confirmed")
        yield caller


async def say(caller: PhoneProcess, line: str) -> None:
    seen = len(caller.events)
    await caller.do("play", file=line)
    await caller.expect("played", after=seen, timeout_s=20)


def descendants(pid: int) -> dict[int, str]:
    """Command lines of the processes that this one has started, and those that they have."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            found |= descendants(child)
    return found


def speech_service() -> int:
    """Process id of the agent's speech service."""
    running = descendants(os.getpid()).items()
    (pid,) = [pid for pid, command in running if "voiceagent.speech.service" in command]
    return pid


async def command(agent: Agent, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voiceagent", *arguments, "-c", str(agent.file)),
        stdout=asyncio.subprocess.PIPE,
    )


async def test_a_caller_hears_the_greeting(agent: Agent) -> None:
    async with a_call(agent, "alice") as caller:
        await caller.expect("voice", on=True, timeout_s=20)
        greeting = await agent.said("alice", "this is a machine")
        assert greeting.heard == greeting.text
        await caller.do("hang_up")
        ended = await agent.event(e.CallEnded, "alice")
        assert (ended.by, ended.reason) == ("caller", "hung up")


async def test_a_spoken_question_is_understood_and_answered(agent: Agent) -> None:
    line = await agent.line("How much does delivery cost?")
    async with a_call(agent, "bob") as caller:
        await agent.said("bob", "machine")
        seen = len(caller.events)
        await say(caller, line)
        answer = await agent.said("bob", "five euros")
        await caller.expect("voice", after=seen, on=True)
        heard = await agent.event(e.TurnHeard, "bob")
        assert "delivery" in heard.utterance.text.lower()
        verdict = await agent.event(e.Verdict, "bob")
        assert (verdict.turn, verdict.action) == (answer.turn, "continue")
        assert answer.gap_s is not None
        assert 0 < answer.gap_s < 10


async def test_an_order_number_can_be_keyed_in(agent: Agent) -> None:
    line = await agent.line("Where is my order?")
    async with a_call(agent, "carol") as caller:
        await agent.said("carol", "machine")
        await say(caller, line)
        await agent.said("carol", "order number")
        await caller.do("digits", digits="471229")
        looked_up = await agent.event(e.LookupDone, "carol")
        assert looked_up.found
        await agent.said("carol", "It comes tomorrow.")
        keyed = await agent.event(e.TurnHeard, "carol", turn=2)
        assert (keyed.utterance.text, keyed.utterance.engine) == ("471229", "dtmf")


async def test_a_silent_caller_is_asked_again(agent: Agent) -> None:
    async with a_call(agent, "dave") as caller:
        await agent.said("dave", "machine")
        seen = len(caller.events)
        missed = await agent.event(e.TurnMissed, "dave")
        assert missed.why == "no-input"
        await caller.expect("voice", after=seen, on=True)
        await agent.said("dave", "I did not hear anything.")


async def test_two_callers_at_once_are_both_served_and_do_not_hear_each_other(
    agent: Agent, tmp_path: Path
) -> None:
    loud = phone("loud", record=tmp_path / "loud.wav")
    quiet = phone("quiet", record=tmp_path / "quiet.wav")
    async with together(loud, quiet):
        for caller in (loud, quiet):
            await caller.do("call", to=f"sip:1000@{HOST}:{agent.settings.sip.port}")
        await asyncio.gather(agent.said("loud", "machine"), agent.said("quiet", "machine"))
        await loud.do("tone", hz=TONE_HZ, seconds=1.5)
        played_at = (await loud.expect("played"))["at"]
    for name in ("loud", "quiet"):
        await agent.event(e.CallEnded, name)

    def during_the_tone(name: str, channel: int) -> Floats:
        begun = json.loads((tmp_path / f"{name}.json").read_text())["started_at"]
        end = round((played_at - begun) * SAMPLE_RATE)
        return load_channels(tmp_path / f"{name}.wav")[channel][end - SAMPLE_RATE : end]

    sent, heard_by_other = during_the_tone("loud", 0), during_the_tone("quiet", 1)
    recording = agent.file.with_name("recordings") / f"{agent.call_of('loud')}.wav"
    assert strength(load_channels(recording)[0]) > 0.5 * strength(sent) > 0.01
    assert strength(heard_by_other) < 0.01 * strength(sent)


def strength(sound: Floats) -> float:
    """The most of `TONE_HZ` in any quarter of a second, relative to full scale."""
    size = SAMPLE_RATE // 4
    wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(size) / SAMPLE_RATE)
    parts = sound[: sound.size // size * size].reshape(-1, size)
    return float(np.abs(parts @ wave).max() / size)


async def test_the_record_holds_the_call_as_it_was_published(agent: Agent) -> None:
    async with a_call(agent, "erin"):
        await agent.said("erin", "machine")
    await agent.event(e.CallEnded, "erin")
    with Store(agent.settings.records.path) as store:
        stored = store.events(agent.call_of("erin"))
    assert [record.event.type for record in stored] == [
        "call.arrived",
        "call.answered",
        "agent.spoke",
        "call.ended",
    ]
    assert stored == agent.of("erin")
    times = [record.t_s for record in stored]
    assert times == sorted(times)


async def test_a_supervisor_sees_the_live_call_and_its_events(agent: Agent) -> None:
    watching = await command(agent, "watch", "--json")
    assert watching.stdout is not None
    try:
        async with a_call(agent, "frank"):
            await agent.said("frank", "machine")
            listing = await command(agent, "calls", "--json")
            out, _ = await asyncio.wait_for(listing.communicate(), 30)
            live = [json.loads(row) for row in out.splitlines()]
            assert [call["caller"] for call in live] == ["frank"]
            assert live[0]["call_id"] == agent.call_of("frank")
        await agent.event(e.CallEnded, "frank")
        last = agent.of("frank")[-1]
        seen: list[Record] = []
        async with asyncio.timeout(30):
            while last not in seen:
                seen.append(Record.model_validate_json(await watching.stdout.readline()))
        of_frank = [record for record in seen if record.call_id == last.call_id]
        assert of_frank == agent.of("frank")[-len(of_frank) :]
    finally:
        watching.terminate()
        await watching.wait()


async def test_options_is_answered_with_200(agent: Agent) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        probe.settimeout(10)
        here = f"{HOST}:{probe.getsockname()[1]}"
        there = (HOST, agent.settings.sip.port)
        request = (
            f"OPTIONS sip:{HOST}:{there[1]} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK-options;rport\r\n"
            f"From: <sip:probe@{here}>;tag=1\r\nTo: <sip:{HOST}>\r\nCall-ID: options@{here}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        probe.sendto(request.encode(), there)
        answer = await asyncio.to_thread(probe.recv, 65535)
    assert answer.startswith(b"SIP/2.0 200 ")


async def test_a_call_from_a_forbidden_network_gets_403() -> None:
    called = PhoneProcess(
        "called", Sip(address=HOST, port=0, rtp_port_min=23200, allow=("192.0.2.0/24",))
    )
    async with together(called, caller := phone("mallory")):
        await caller.do("call", to=called.uri)
        await caller.expect("ended", code=403)
        assert not any(event["event"] == "incoming" for event in called.events)


async def test_a_message_for_people_who_are_not_free_is_recorded_recognised_and_listed(
    agent: Agent,
) -> None:
    line = await agent.line("My heating is broken, please send somebody soon.")
    port = int(agent.settings.handover.targets["general"][0].rpartition(":")[2])
    async with phone("6001", port=port, answer="486"), a_call(agent, "ivan") as caller:
        await agent.event(e.CallAnswered, "ivan")
        await caller.do("digits", digits="0")
        await agent.event(e.HandoverFailed, "ivan")
        await caller.do("digits", digits="3")
        await agent.said("ivan", "after the tone")
        await asyncio.sleep(1.0)
        await say(caller, line)
        await caller.do("digits", digits="#")  # any key ends it
        await agent.said("ivan", "pass your message on")
        left = (await agent.event(e.CallbackRequested, "ivan")).callback
        assert (left.kind, left.number, left.group) == ("message", "ivan", "general")
        assert len(left.text.split()) > 3
        assert 1.0 < load_channels(Path(left.recording)).size / SAMPLE_RATE < 8.0
    process = await command(agent, "callbacks", "--json")
    listed, _ = await process.communicate()
    assert json.loads(listed)["callback_id"] == left.callback_id


async def test_a_lost_speech_service_brings_the_caller_to_a_person_and_is_back_for_the_next(
    agent: Agent,
) -> None:
    line = await agent.line("How much does delivery cost?")
    port = int(agent.settings.handover.targets["general"][0].rpartition(":")[2])
    lost = speech_service()
    async with phone("6001", port=port) as person, a_call(agent, "grace") as caller:
        await agent.said("grace", "machine")
        # An answer could be there sooner than the process is gone.
        os.kill(lost, signal.SIGKILL)
        await say(caller, line)
        await agent.event(e.SpeechLost, "grace")
        assert "technical problem" in (await agent.said("grace", "technical problem")).heard
        await agent.event(e.HandoverCompleted, "grace")
        await person.expect("confirmed")
        # Only when the agent has left is all that they hear the caller's.
        assert (await agent.event(e.CallEnded, "grace")).by == "transfer"
        await asyncio.sleep(1.5)
        seen = len(person.events)
        await caller.do("tone", hz=TONE_HZ, seconds=1.0)
        await person.expect("voice", after=seen, on=True)
    await back(agent)
    assert speech_service() != lost
    async with a_call(agent, "heidi"):
        await agent.said("heidi", "machine")
    assert (await agent.event(e.CallEnded, "heidi")).by == "caller"


async def back(agent: Agent) -> None:
    """Wait until the speech service answers again."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await agent.speech.ping()
            except SpeechError:
                await asyncio.sleep(0.2)
