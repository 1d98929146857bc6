"""Who is away, over a real broker, and how a line tells how it sees everybody."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import until
from voiceagent import config
from voiceagent.config.people import Person, Routing
from voiceagent.events import ConsultationCalling
from voiceagent.handoff.roster import Roster
from voiceagent.handoff.routing import Request, State
from voiceagent.handoff.staff import Staff
from voiceagent.supervision.address import Address
from voiceagent.supervision.staffing import staffing
from voiceagent.supervision.states import StaffState

Listen = Callable[..., AbstractAsyncContextManager[Any]]

PEOPLE = (
    Person(name="anna", target="sip:anna@pbx;transport=udp"),
    Person(name="ben", target="6002"),
)


@pytest.fixture
def staff() -> Staff:
    return Staff(Roster(PEOPLE, (), {}, {"general": ("6009",)}), Routing())


@asynccontextmanager
async def line(url: str, staff: Staff, name: str = "line-1") -> AsyncIterator[Address]:
    address = Address.of(config.Mqtt(), url)
    async with staffing(address, config.Mqtt().topic_root, staff, name):
        yield address


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from voiceagent.cli import main; main()", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_who_is_set_away_is_away_for_lines_that_run_and_that_start_later(
    embedded: str, staff: Staff
) -> None:
    topic = "voiceagent/v1/people/anna@pbx/availability"
    away = '{"person": "anna", "state": "away", "by": "anna", "at": "2026-07-01T12:00:00Z"}'
    anna = PEOPLE[0].target
    async with line(embedded, staff) as address, address.client("desk") as desk:
        await desk.publish(topic, away, qos=1, retain=True)
        await until(lambda: staff.state(anna).away)
        assert staff.state(anna).away_by == "anna"
        later = Staff(staff.roster, Routing())
        async with line(embedded, later, "line-2"):
            await until(lambda: later.state(anna).away)
            await desk.publish(topic, b"", qos=1, retain=True)
            await until(lambda: not later.state(anna).away)
            await until(lambda: not staff.state(anna).away)


async def test_what_cannot_be_read_or_is_for_nobody_changes_nothing(
    embedded: str, staff: Staff
) -> None:
    root = "voiceagent/v1/people"
    async with line(embedded, staff) as address, address.client("desk") as desk:
        await desk.publish(f"{root}/6002/availability", "gone fishing", qos=1)
        await desk.publish(f"{root}/nobody/availability", '{"state": "away"}', qos=1)
        away = '{"person": "6009", "state": "away", "at": "2026-07-01T12:00:00Z"}'
        await desk.publish(f"{root}/6009/availability", away, qos=1)
        await until(lambda: staff.state("6009").away)
        assert not staff.state("6002").away


async def test_a_line_tells_how_it_sees_everybody_whenever_that_changes(
    embedded: str, staff: Staff, listen: Listen
) -> None:
    address = Address.of(config.Mqtt(), embedded)
    async with (
        listen(address, "voiceagent/v1/lines/+/people") as listener,
        line(embedded, staff),
    ):
        await listener.until(lambda got: len(got) == 1)
        staff.queue.join("call-1", 3, 0.0, {"6002"})
        staff.seen("6002", "busy", "486 Busy Here")
        await listener.until(lambda got: len(got) == 2)
        staff.changed()  # nothing is otherwise
        messages = await listener.all()
    first, second = (StaffState.model_validate_json(m.payload) for m in messages)
    assert [entry.person for entry in first.people] == ["anna", "ben", "6009"]
    assert (second.people[1].presence, second.people[1].told) == ("busy", "486 Busy Here")
    assert (first.waiting, second.waiting) == (0, 1)


async def test_a_call_that_somebody_has_with_another_line_counts_while_that_line_is_up(
    embedded: str, staff: Staff
) -> None:
    other = Staff(staff.roster, Routing())
    calling = ConsultationCalling(handover_id="h1", target="6002", attempt=1)

    def calls() -> int:
        return staff.states.get("6002", State()).calls

    def state(what: str) -> str:
        return f'{{"line": "line/2", "state": "{what}"}}'

    topic = "voiceagent/v1/lines/line%2F2/state"
    async with line(embedded, staff) as address, address.client("test") as client:
        async with line(embedded, other, "line/2"):
            other.take(calling)
            await client.publish(topic, state("up"), qos=1, retain=True)
            await until(lambda: calls() == 1)
            assert staff.route(Request()).to[0].person == "anna"
            assert [left.person for left in staff.route(Request()).left_out] == ["ben"]
            assert staff.own_calls["6002"] == 0
            other.over("h1")
            await until(lambda: calls() == 0)
            other.take(calling)
            await until(lambda: calls() == 1)
        await client.publish(topic, state("lost"), qos=1, retain=True)
        await until(lambda: calls() == 0)


async def test_callers_of_several_lines_wait_in_one_queue_while_their_lines_are_up(
    embedded: str, staff: Staff
) -> None:
    other = Staff(staff.roster, Routing())

    def before() -> int:
        return staff.queue.before_newcomer("c", 3, {"6002"})

    async def tell(name: str, state: str) -> None:
        topic = f"voiceagent/v1/lines/{name}/state"
        told = json.dumps({"line": name, "state": state})
        await client.publish(topic, told, qos=1, retain=True)

    async with line(embedded, staff) as address, address.client("test") as client:
        async with line(embedded, other, "line-2"):
            for name in ("line-1", "line-2"):
                await tell(name, "up")
            staff.queue.join("b", 3, 2000.0, {"6002"})
            other.queue.join("a", 3, 1000.0, {"6002"})
            staff.changed()
            other.changed()
            await until(lambda: (staff.queue.ahead("b"), before()) == (1, 2))
            await until(lambda: other.queue.before_newcomer("c", 3, {"6002"}) == 2)
            assert other.queue.ahead("a") == 0
            assert [to.person for to in staff.route(Request(), "b").to] == ["anna"]
            other.queue.trying("a", True)  # whoever is called for one is no more kept for them
            other.changed()
            await until(lambda: len(staff.route(Request(), "b").to) == 2)
        await tell("line-2", "lost")
        await until(lambda: (staff.queue.ahead("b"), before()) == (0, 1))


async def test_the_command_sets_people_away_and_lists_them(
    embedded: str, staff: Staff, tmp_path: Path
) -> None:
    settings = tmp_path / "agent.toml"
    people = "".join(
        f"[[people]]\nname = '{person.name}'\ntarget = '{person.target}'\n" for person in PEOPLE
    )
    settings.write_text(f"dialplan = 'x.yaml'\n{people}")
    options = ("-c", str(settings), "--url", embedded)
    async with line(embedded, staff):
        done = await run("people", "set", "anna", "away", "--by", "boss", *options)
        assert done == (0, "anna: away\n", "")
        await until(lambda: staff.state(PEOPLE[0].target).away)
        await asyncio.sleep(0.5)
        code, out, _ = await run("people", *options)
        assert code == 0
        assert "away, says boss" in out
        assert "ready" in out
        code, out, _ = await run("people", "--json", *options)
        assert json.loads(out)["people"][0]["away"] is True
        code, _, err = await run("people", "set", "anne", "away", *options)
        assert code == 1
        assert "anne: is no person" in err
        await run("people", "set", "sip:anna@pbx;transport=udp", "ready", *options)
        await until(lambda: not staff.state(PEOPLE[0].target).away)
