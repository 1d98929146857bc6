"""An agent without speech: answers one call and hands it over when told to.

The SIP library allows one endpoint a process, so this is a process of its own. Its argument is
JSON: ``{"sip": …, "handover": …, "targets": […]}``. It hands over as soon as the call is up and
a line comes on standard input, and prints each event as a line of JSON. Where the agent would
speak there are tones; whom it keeps after the handover hears `BACK_HZ`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from datetime import UTC, datetime

from voiceagent import logs
from voiceagent.audio.frames import SILENCE, level_db
from voiceagent.audio.tones import tone
from voiceagent.config import Handover as HandoverSettings
from voiceagent.config import Log, Sip
from voiceagent.events import CallFacts, Event, HandoverContext
from voiceagent.handoff.handover import Handover, Surroundings
from voiceagent.telephony.call import Ended, Leg
from voiceagent.telephony.headers import new_handover_id
from voiceagent.telephony.useragent import UserAgent

BRIEFING_HZ, MUSIC_HZ, BACK_HZ = 500.0, 440.0, 600.0


def say(event: str, **details: object) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


def emit(event: Event) -> None:
    details = event.model_dump(mode="json")
    say(details.pop("type"), **details)


async def speak(leg: Leg, hertz: float) -> None:
    playback = leg.audio.play()
    playback.feed(tone(hertz, seconds=0.6))
    playback.close()
    await playback.finished.wait()


async def brief(person: Leg) -> str:
    await speak(person, BRIEFING_HZ)
    return "a tone"


async def hear(person: Leg) -> bool:
    """Take any sound that goes on for a while for a yes."""
    loud = asyncio.Event()
    frames: deque[bool] = deque(maxlen=15)

    def listen(pcm: bytes) -> None:
        frames.append(level_db(pcm) > -40)
        if sum(frames) == 15:
            loud.set()

    person.audio.received = listen
    await loud.wait()
    return True


async def introduce(person: Leg) -> None:
    await speak(person, BRIEFING_HZ)


async def main() -> None:
    logs.configure(Log(level="warning"))  # standard output is for events alone
    options = json.loads(sys.argv[1])
    calls: asyncio.Queue[Leg] = asyncio.Queue()
    agent = UserAgent(Sip.model_validate(options["sip"]), calls.put_nowait)
    await agent.start()
    if agent.settings.registrar:
        await agent.registered.wait()
    say("ready", port=agent.port)
    caller = await calls.get()
    await caller.answer()
    await caller.confirmed.wait()
    await asyncio.to_thread(sys.stdin.readline)
    handover = Handover(
        Surroundings(
            agent=agent,
            caller=caller,
            settings=HandoverSettings.model_validate(options["handover"]),
            emit=emit,
            brief=brief,
            hear=hear,
            introduce=introduce,
            joined=lambda leg: None,
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
        tuple(options["targets"]),
    )

    async def follow() -> None:
        while True:
            event = await caller.events.get()
            handover.caller_reported(event)
            if isinstance(event, Ended):
                return

    following = asyncio.create_task(follow())
    outcome = await handover.run()
    await speak(caller, BACK_HZ)
    say("outcome", outcome=str(outcome))
    await asyncio.to_thread(sys.stdin.readline)
    say("legs", count=agent.legs_in_use)
    following.cancel()
    await agent.stop()


if __name__ == "__main__":
    asyncio.run(main())
