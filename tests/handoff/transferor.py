"""An agent without speech: answers calls and hands each over when told to.

The SIP library allows one endpoint a process, so this is a process of its own. Its argument is
JSON: ``{"sip": …, "handover": …, "targets": […]}``. A line on standard input such as
``{"do": "hand over", "call": "row-1", "handover": {…}, "targets": […], "briefing_s": 0.6}`` hands
over the call to `sip:row-1@…`; what is left out is the last call, and as in the argument. Each
event is a line of JSON on standard output. Where the agent would speak there are tones; whom it
keeps after the handover hears `BACK_HZ`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from voiceagent import logs
from voiceagent.audio.frames import SILENCE, level_db
from voiceagent.audio.tones import tone
from voiceagent.config import Handover as HandoverSettings, Log, Sip
from voiceagent.events import CallFacts, Event, HandoverContext
from voiceagent.handoff.handover import Handover, Surroundings
from voiceagent.handoff.talk import Words
from voiceagent.telephony.call import Ended, Leg
from voiceagent.telephony.headers import new_handover_id
from voiceagent.telephony.useragent import UserAgent

BRIEFING_HZ, MUSIC_HZ, BACK_HZ = 500.0, 1000.0, 600.0
_YES_FRAMES = 15


def say(event: str, **details: object) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


async def speak(leg: Leg, hertz: float, seconds: float = 0.6) -> None:
    playback = leg.audio.play()
    playback.feed(tone(hertz, seconds=seconds))
    playback.close()
    await playback.finished.wait()


async def hear(person: Leg) -> bool:
    """Take any sound that goes on for a while for a yes."""
    yes = asyncio.Event()
    loud: deque[bool] = deque(maxlen=_YES_FRAMES)

    def listen(pcm: bytes) -> None:
        loud.append(level_db(pcm) > -40)
        if sum(loud) == _YES_FRAMES:
            yes.set()

    person.audio.received = listen
    await yes.wait()
    return True


async def note(person: Leg) -> str:
    """Take whatever is said for a note."""
    await speak(person, BRIEFING_HZ)
    return "a tone"


class Call:
    """A caller, from when they were answered on."""

    def __init__(self, agent: UserAgent, leg: Leg, name: str) -> None:
        self._agent, self._leg, self._name = agent, leg, name
        self._handover: Handover | None = None
        self._following = asyncio.create_task(self._follow())

    async def hand_over(
        self, settings: HandoverSettings, targets: tuple[str, ...], briefing_s: float
    ) -> None:
        async def brief(person: Leg) -> str:
            await speak(person, BRIEFING_HZ, briefing_s)
            return "a tone"

        self._handover = Handover(
            Surroundings(
                agent=self._agent,
                caller=self._leg,
                settings=settings,
                emit=self._emit,
                words=lambda target: Words(
                    brief=brief,
                    hear=hear,
                    introduce=lambda person: speak(person, BRIEFING_HZ),
                    note=note,
                ),
                joined=lambda person: None,
                music=tone(MUSIC_HZ, seconds=1.0),
                quiet=SILENCE,
            ),
            HandoverContext(
                handover_id=new_handover_id(),
                call_id="call-1",
                created_at=datetime.now(UTC),
                facts=CallFacts(),
                reason="asked for a person",
                topic="billing",
                anger=0.8,
            ),
            targets,
        )
        outcome = await self._handover.run()
        self._handover = None
        self._leg.audio.background(tone(BACK_HZ, seconds=1.0))
        await speak(self._leg, BACK_HZ)
        say("outcome", call=self._name, outcome=str(outcome))

    async def _follow(self) -> None:
        while True:
            event = await self._leg.events.get()
            if self._handover is not None:
                self._handover.caller_reported(event)
            if isinstance(event, Ended):
                say("left", call=self._name)
                return

    def _emit(self, event: Event) -> None:
        details = event.model_dump(mode="json")
        say(details.pop("type"), call=self._name, **details)


class Agent:
    """All calls of this process."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._agent = UserAgent(Sip.model_validate(options["sip"]), self._incoming)
        self._calls: dict[str, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._agent.start()
        if self._agent.settings.registrar:
            await self._agent.registered.wait()
        say("ready", port=self._agent.port)
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            match command["do"]:
                case "hand over":
                    self._spawn(self._hand_over(command))
                case "count":
                    say("legs", count=self._agent.legs_in_use)
                case _:
                    break
        await self._agent.stop()

    async def _hand_over(self, command: Mapping[str, Any]) -> None:
        call = self._calls[command["call"] if "call" in command else next(reversed(self._calls))]
        settings = self._options["handover"] | command.get("handover", {})
        targets = command.get("targets", self._options["targets"])
        briefing_s = command.get("briefing_s", 0.6)
        await call.hand_over(HandoverSettings.model_validate(settings), tuple(targets), briefing_s)

    def _incoming(self, leg: Leg) -> None:
        self._spawn(self._answer(leg))

    async def _answer(self, leg: Leg) -> None:
        self._calls[leg.facts.dialled] = Call(self._agent, leg, leg.facts.dialled)
        await leg.answer()
        say("answered", call=leg.facts.dialled)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            say("broke", why=repr(error))


async def main(options: Mapping[str, Any]) -> None:
    await Agent(options).run()


if __name__ == "__main__":
    logs.configure(Log(level="warning"))  # standard output is for events alone
    asyncio.run(main(json.loads(sys.argv[1])))
