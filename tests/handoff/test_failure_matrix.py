"""Every row of the failure matrix, each with real calls; all are played at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from tests.handoff import rows  # noqa: F401
from tests.handoff.matrix import (
    CALLER_HZ,
    PEOPLE_HZ,
    ROWS,
    Result,
    agents,
    becomes,
    play_all,
    table,
)
from tests.handoff.peer import Peer

pytestmark = [
    pytest.mark.call,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]

_AGENTS = 3

Played = tuple[dict[str, Result], list[int]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Played:
    """What became of the rows that were asked for."""
    names = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    folder: Path = tmp_path_factory.mktemp("traces")
    results, left = await play_all([ROWS[name] for name in names], _AGENTS, trace=folder)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + table([results[name] for name in names]))
    return results, left


@pytest.mark.parametrize("name", ROWS)
async def test_no_caller_is_lost_when(played: Played, name: str) -> None:
    result = played[0][name]
    if result.problem is not None:
        told = "\n".join(str(event) for event in result.events)
        raise AssertionError(f"{result.problem!r}\n{told}") from result.problem


async def test_after_all_that_no_agent_has_a_leg_left(played: Played) -> None:
    assert played[1] == [0] * _AGENTS


async def test_the_last_free_leg_serves_one_person_after_the_other() -> None:
    """The library gives the number of a call that has ended to the next one at once."""
    refuses = Peer("busy", PEOPLE_HZ[0], answering=lambda call: call.answer(486))
    answers = Peer("person", PEOPLE_HZ[1])
    async with agents(1) as (agent,), Peer("caller", CALLER_HZ) as caller, refuses, answers:
        at = ("127.0.0.1", agent.events[0]["port"])
        calls = [await caller.call(f"sip:{name}@127.0.0.1:{at[1]}", at) for name in "abc"]
        targets = [refuses.uri] * 5 + [answers.uri]
        await agent.do("hand over", call="c", targets=targets, handover={"way": "bridged"})
        await calls[2].line.hears(answers.hertz)
        for call in calls:
            call.hang_up()
        await becomes(lambda: not answers.present, "the person's call ended")
        assert len(refuses.calls) == 5
