"""People over the bus: who sets themselves away, and how a line sees everybody.

``people/<person>/availability`` is retained and written by people's screens, by a supervisor, or
by `voiceagent people set`; every line follows it. ``lines/<line>/people`` is retained and
written by the line whenever it sees somebody otherwise than before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt
import structlog
from pydantic import ValidationError

from voiceagent import tasks
from voiceagent.handoff.staff import Staff
from voiceagent.supervision.address import Address
from voiceagent.supervision.states import Availability, PersonState, StaffState
from voiceagent.supervision.topics import Topics, person

RETRY_S = 5.0
SETTLE_S = 0.2
"""Changes within this time are told at once."""

_log = structlog.get_logger()


@asynccontextmanager
async def staffing(address: Address, root: str, staff: Staff, line: str) -> AsyncIterator[None]:
    """Follow who is away, and tell how the line sees everybody, until the end of the block."""
    changed = asyncio.Event()
    staff.on_change.add(changed.set)
    task = asyncio.create_task(_stay_connected(address, Topics(root), staff, line, changed))
    try:
        yield
    finally:
        staff.on_change.discard(changed.set)
        await tasks.end(task)


def staff_state(staff: Staff, line: str) -> StaffState:
    """How a line sees everybody now."""
    states = staff.states
    people = []
    for member in staff.roster.everybody():
        state = states.get(member.target, staff.state(member.target))
        people.append(
            PersonState(
                person=member.name,
                target=member.target,
                at_work=member.timetable.open_at(staff.now()),
                presence=state.presence,
                told=state.told,
                away=state.away,
                away_by=state.away_by,
                calls=state.calls,
            )
        )
    return StaffState(line=line, people=tuple(people), waiting=len(staff.queue))


async def _stay_connected(
    address: Address, topics: Topics, staff: Staff, line: str, changed: asyncio.Event
) -> None:
    while True:
        try:
            async with address.client(f"{line}-people") as client:
                await client.subscribe(topics.availabilities(), qos=1)
                changed.set()
                telling = asyncio.create_task(_tell(client, topics, staff, line, changed))
                try:
                    async for message in client.messages:
                        _take(staff, message)
                finally:
                    await tasks.end(telling)
        except aiomqtt.MqttError:
            # The publishing side has said that the broker is away.
            await asyncio.sleep(RETRY_S)


async def _tell(
    client: aiomqtt.Client, topics: Topics, staff: Staff, line: str, changed: asyncio.Event
) -> None:
    told = None
    while True:
        await changed.wait()
        changed.clear()
        state = staff_state(staff, line)
        if state != told:
            payload = state.model_dump_json().encode()
            await client.publish(topics.staff(line), payload, qos=1, retain=True)
            told = state
        await asyncio.sleep(SETTLE_S)


def _take(staff: Staff, message: aiomqtt.Message) -> None:
    level = message.topic.value.split("/")[-2]
    targets = {person(member.target): member.target for member in staff.roster.everybody()}
    if level not in targets:
        return
    payload = message.payload if isinstance(message.payload, bytes) else b""
    if not payload:
        staff.set_away(targets[level], False, "")
        return
    try:
        found = Availability.model_validate_json(payload, extra="ignore")
    except ValidationError as error:
        _log.warning("availability.unreadable", person=level, problems=error.error_count())
        return
    staff.set_away(targets[level], found.state == "away", found.by)
