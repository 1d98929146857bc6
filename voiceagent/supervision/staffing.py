"""People over the bus: who sets themselves away, and how a line sees everybody.

``people/<person>/availability`` is retained and written by people's screens, by a supervisor, or
by `voiceagent people set`; every line follows it. ``lines/<line>/people`` is retained and
written by the line whenever it sees somebody otherwise than before.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt
import structlog
from pydantic import ValidationError

from voiceagent import tasks
from voiceagent.handoff.queueing import Ticket
from voiceagent.handoff.staff import Staff
from voiceagent.supervision.address import Address, Refused
from voiceagent.supervision.asked import payload_of
from voiceagent.supervision.states import Availability, LineState, PersonState, StaffState, Waits
from voiceagent.supervision.topics import Topics, level, person

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
    calls = staff.own_calls
    people = []
    for member in staff.roster.everybody():
        state = staff.state(member.target)
        people.append(
            PersonState(
                person=member.name,
                target=member.target,
                at_work=member.timetable.open_at(staff.now()),
                presence=state.presence,
                told=state.told,
                away=state.away,
                away_by=state.away_by,
                calls=calls[member.target],
            )
        )
    queue = tuple(
        Waits(
            call_id=call_id,
            rank=ticket.rank,
            since=ticket.since,
            targets=tuple(sorted(ticket.targets)),
            trying=ticket.trying,
        )
        for call_id, ticket in staff.queue.own.items()
    )
    return StaffState(line=line, people=tuple(people), waiting=len(queue), queue=queue)


async def _stay_connected(
    address: Address, topics: Topics, staff: Staff, line: str, changed: asyncio.Event
) -> None:
    complained = False
    while True:
        try:
            async with address.client(f"{line}-people") as client:
                others = _OtherLines(level(line))
                for followed in (topics.availabilities(), topics.line_states(), topics.staffs()):
                    await client.subscribe(followed, qos=1)
                complained = False
                changed.set()
                telling = asyncio.create_task(_tell(client, topics, staff, line, changed))
                try:
                    async for message in client.messages:
                        if message.topic.matches(topics.availabilities()):
                            _take(staff, message)
                        else:
                            others.take(message)
                            staff.elsewhere(others.calls, others.queue)
                finally:
                    await tasks.end(telling)
        except Refused as error:
            if not complained:
                _log.error("bus.refused", broker=str(address), error=str(error))
            complained = True
        except aiomqtt.MqttError:
            pass  # the publishing side has said that the broker is away
        await asyncio.sleep(RETRY_S)


class _OtherLines:
    """What other lines tell, while they are up."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._up: dict[str, bool] = {}
        self._seen: dict[str, StaffState] = {}

    def take(self, message: aiomqtt.Message) -> None:
        """Take in a line's state or its people."""
        *_, line, kind = message.topic.value.split("/")
        try:
            if kind == "state":
                state = LineState.model_validate_json(payload_of(message), extra="ignore")
                self._up[line] = state.state in ("up", "draining")
            else:
                seen = StaffState.model_validate_json(payload_of(message), extra="ignore")
                self._seen[line] = seen
        except ValidationError as error:
            _log.warning("line.unreadable", line=line, problems=error.error_count())

    @property
    def calls(self) -> Counter[str]:
        """Calls that people have with them, by target."""
        return sum(
            (Counter({p.target: p.calls for p in line.people if p.calls}) for line in self._others),
            Counter(),
        )

    @property
    def queue(self) -> dict[str, Ticket]:
        """Who waits there, by call."""
        return {
            waits.call_id: Ticket(waits.rank, waits.since, frozenset(waits.targets), waits.trying)
            for line in self._others
            for waits in line.queue
        }

    @property
    def _others(self) -> list[StaffState]:
        return [
            seen for name, seen in self._seen.items() if self._up.get(name) and name != self._own
        ]


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
    whose = message.topic.value.split("/")[-2]
    targets = {person(member.target): member.target for member in staff.roster.everybody()}
    if whose not in targets:
        return
    payload = payload_of(message)
    if not payload:
        staff.set_away(targets[whose], False, "")
        return
    try:
        found = Availability.model_validate_json(payload, extra="ignore")
    except ValidationError as error:
        _log.warning("availability.unreadable", person=whose, problems=error.error_count())
        return
    staff.set_away(targets[whose], found.state == "away", found.by)
