"""A user agent whose texts go to a web server; the SIP library allows one endpoint a process.

Its argument is JSON: ``{"sip": …, "url": …, "key": …, "broker": …, "store": …}``. Calls are
answered, and what is written beside them is told as ``{"event": "written", "text": …}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from voiceagent import logs
from voiceagent.config import Config, Log, Mqtt, Sip
from voiceagent.records.cases import root
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.topics import Topics
from voiceagent.telephony.call import Ended, Leg, Written
from voiceagent.telephony.useragent import UserAgent
from voiceagent.text.pager import Answers, paging


def say(event: str, **details: object) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


async def follow(leg: Leg) -> None:
    await leg.answer()
    while not isinstance(happened := await leg.events.get(), Ended):
        if isinstance(happened, Written):
            say("written", text=happened.text)


async def main(options: dict[str, Any]) -> None:
    settings = Sip.model_validate(options["sip"])
    config = Config(dialplan=Path("plan.yaml"), sip=settings)
    following: set[asyncio.Task[None]] = set()
    agent = UserAgent(settings, lambda leg: following.add(asyncio.create_task(follow(leg))))
    await agent.start()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    broker = Address.of(Mqtt(), options["broker"])
    with Store(Path(options["store"])) as store:
        answers = Answers(broker, Topics("t"), "l", lambda call_id: root(store.events(call_id)))
        async with paging(agent, config, lambda: options["url"], options["key"], answers):
            say("ready", port=agent.port)
            await reader.readline()
    await agent.stop()


if __name__ == "__main__":
    logs.configure(Log(level="warning"))
    asyncio.run(main(json.loads(sys.argv[1])))
