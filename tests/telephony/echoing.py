"""A user agent without speech that gives each caller back what it hears.

The SIP library allows one endpoint a process, so this is a process of its own. Its argument is
JSON: ``{"sip": …}``. It answers every call but those to `sip:ring@…`, which only ring. Lines on
standard input: ``{"do": "call", "to": "sip:…"}``, ``{"do": "hang up", "call": "<Call-ID>"}`` and
``{"do": "refer", "call": …, "to": …}``, ``{"do": "count"}``, ``{"do": "hang up all but",
"name": …}``. Each event, and each line of the log, is a line of JSON on standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Coroutine, MutableMapping
from dataclasses import asdict
from typing import Any, NoReturn

import structlog

from voiceagent import tasks
from voiceagent.config import Sip
from voiceagent.telephony.call import Ended, Leg
from voiceagent.telephony.useragent import TelephonyError, UserAgent


def say(event: str, **details: object) -> None:
    with _one_at_a_time:  # the log has lines of the SIP thread too
        print(json.dumps({"event": event, **details}), flush=True)


_one_at_a_time = threading.Lock()


def say_log(logger: object, level: str, entry: MutableMapping[str, Any]) -> NoReturn:
    """A processor of structlog: the line leaves as an event."""
    say("log", level=level, line=str(entry.pop("event")), **{k: str(v) for k, v in entry.items()})
    raise structlog.DropEvent


class Echo:
    """All calls of this process, by the user that they called."""

    def __init__(self, settings: Sip) -> None:
        self._agent = UserAgent(settings, self._incoming)
        self._agent.on_page = lambda page: say("page", text=page.text)
        self._legs: dict[str, Leg] = {}
        self._alive: dict[Leg, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._agent.start()
        say("ready", port=self._agent.port)
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            if command["do"] == "quit":
                break
            try:
                await self._obey(command)
            except TelephonyError as error:
                say("failed", why=str(error))
        await self._agent.stop()

    async def _obey(self, command: dict[str, str]) -> None:
        leg = self._legs.get(command.get("call", ""))
        match command["do"]:
            case "call":
                self._take(await self._agent.call(command["to"]), command["name"])
            case "count":
                say("legs", count=self._agent.legs_in_use)
            case "hang up" if leg:
                await leg.hang_up()
            case "hang up all but":
                for other in [o for o, name in self._alive.items() if name != command["name"]]:
                    await other.hang_up()
            case "answer" if leg:
                await leg.answer()
            case "hold" if leg:
                await leg.hold()
            case "resume" if leg:
                await leg.resume()
            case "digits" if leg:
                await leg.send_digits(command["digits"])
            case "refer" if leg:
                say("referred", sent=await leg.refer(command["to"]))

    def _incoming(self, leg: Leg) -> None:
        name = leg.facts.dialled
        self._take(leg, name)
        say("incoming", call=name, facts=leg.facts.model_dump(mode="json"))
        self._spawn(leg.ring() if name.startswith("ring") else leg.answer())

    def _take(self, leg: Leg, name: str) -> None:
        self._legs[name] = leg
        self._alive[leg] = name
        echo = leg.audio.play()
        leg.audio.received = echo.feed
        self._spawn(self._follow(leg, name))

    async def _follow(self, leg: Leg, name: str) -> None:
        while True:
            event = await leg.events.get()
            say(type(event).__name__, call=name, **asdict(event))
            if isinstance(event, Ended):
                del self._alive[leg]
                return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        tasks.start(work, self._tasks)


async def main(settings: Sip) -> None:
    await Echo(settings).run()


if __name__ == "__main__":
    structlog.configure(processors=[say_log])
    asyncio.run(main(Sip.model_validate(json.loads(sys.argv[1])["sip"])))
