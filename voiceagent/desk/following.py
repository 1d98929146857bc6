"""The desks of all people who have a key, kept up by the bus."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import unquote

import aiomqtt
import structlog
from pydantic import ValidationError

from voiceagent import tasks
from voiceagent.desk.offers import Offers
from voiceagent.desk.remembering import remembered
from voiceagent.dialogue.notes.teller import Teller
from voiceagent.records.store import Store
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import payload_of
from voiceagent.supervision.states import Offer
from voiceagent.supervision.topics import Topics, person as level_of

RETRY_S = 2.0

_log = structlog.get_logger()


class Desk:
    """One person's desk, and whoever waits for news of it."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        """In whose words it is written."""
        self.offers = Offers()
        self.live = False
        """Whether the bus is connected, so that what is shown is what is."""
        self._changed = asyncio.Event()
        self._run = secrets.token_hex(4)
        self._number = 0

    @property
    def version(self) -> str:
        """Another one after each change, and in each process."""
        return f"{self._run}-{self._number}"

    def changed(self) -> None:
        """Tell those who wait."""
        self._number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def news(self, version: str, wait_s: float) -> bool:
        """Wait until there is another version; False when there was none in time."""
        if version != self.version:
            return True
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def desks(
    address: Address, topics: Topics, people: Mapping[str, Teller], store: Store
) -> AsyncIterator[dict[str, Desk]]:
    """The desk of each person, followed until the end of the block.

    Args:
        people: each with who tells them of calls.
        store: what was on the desks before is in it.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    found = {name: Desk(teller) for name, teller in people.items()}
    for name, offers in (await asyncio.to_thread(remembered, store, found.keys())).items():
        for offer in offers:
            found[name].offers.remember(offer)
    task = asyncio.create_task(_follow(address, topics, found), name="desks")
    try:
        yield found
    finally:
        await tasks.end(task)


async def _follow(address: Address, topics: Topics, found: dict[str, Desk]) -> None:
    by_level = {level_of(name): desk for name, desk in found.items()}
    complained = False
    while True:
        try:
            async with address.client("desk") as client:
                for desk in found.values():
                    desk.offers.begin_anew()
                for name in found:
                    await client.subscribe(topics.offers(name), qos=1)
                _tell(found, live=True)
                complained = False
                async for message in client.messages:
                    _take(by_level, message)
        except aiomqtt.MqttError as error:
            if not complained:
                _log.warning("desk.bus_away", broker=str(address), error=str(error))
            complained = True
        _tell(found, live=False)
        await asyncio.sleep(RETRY_S)


def _tell(found: dict[str, Desk], *, live: bool) -> None:
    for desk in found.values():
        desk.live = live
        desk.changed()


def _take(by_level: dict[str, Desk], message: aiomqtt.Message) -> None:
    *_, whose, _, handover_id = message.topic.value.split("/")
    desk = by_level[whose]
    payload = payload_of(message)
    if not payload:
        desk.offers.take_back(unquote(handover_id))
    else:
        try:
            desk.offers.put(Offer.model_validate_json(payload, extra="ignore"))
        except ValidationError as error:
            _log.warning("offer.unreadable", person=whose, problems=error.error_count())
            return
    desk.changed()
