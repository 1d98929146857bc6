"""Rows of the failure matrix with SIP implementations of other people, all played at once.

Each is a coroutine that is given a `Stage`: an agent without speech, and a folder of its own. It
brings its own caller and person and looks at what became of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.handoff.matrix import agents
from voiceagent.simulation.phone_process import Event, ScriptedProcess

Play = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    name: str
    outcome: str
    play: Play


ROWS: dict[str, Row] = {}


def row(name: str, outcome: str) -> Callable[[Play], Play]:
    """Make a row of a coroutine, that ends with this outcome in the record."""

    def take(play: Play) -> Play:
        assert name not in ROWS
        ROWS[name] = Row(name, outcome, play)
        return play

    return take


@dataclass
class Result:
    row: Row
    seconds: float = 0.0
    problem: BaseException | None = None


class Stage:
    """One agent, for one caller at a time."""

    def __init__(self, agent: ScriptedProcess, name: str, root: Path, folder: Path) -> None:
        self.agent, self.name, self.root, self.folder = agent, name, root, folder
        self.began_at = 0.0

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.agent.events[0]["port"])

    @property
    def uri(self) -> str:
        """Where the agent is called."""
        return f"sip:{self.name}@127.0.0.1:{self.address[1]}"

    @property
    def told(self) -> list[str]:
        """The events of this call."""
        return [e["event"] for e in self.agent.events if e.get("call") == self.name]

    async def hand_over(self, *targets: str, **settings: Any) -> None:
        self.began_at = time.monotonic()
        await self.agent.do(
            "hand over",
            call=self.name,
            targets=targets,
            handover={"ring_s": 4, "refer_s": 4, **settings},
            briefing_s=0.4,
        )

    async def event(self, kind: str, **details: Any) -> Event:
        return await self.agent.expect(kind, timeout_s=20, call=self.name, **details)


async def _play(row: Row, agent: ScriptedProcess, place: int, root: Path, folder: Path) -> Result:
    result = Result(row)
    stage = Stage(agent, f"stranger{place}", root, folder)
    try:
        async with asyncio.timeout(40):
            await row.play(stage)
            outcome = (await stage.event("outcome"))["outcome"]
            assert outcome == row.outcome, f"{outcome}, not {row.outcome}: {stage.told}"
            await stage.event("left")
    except Exception as problem:
        result.problem = problem
    result.seconds = time.monotonic() - stage.began_at
    return result


async def play_all(rows: Sequence[Row], root: Path, folder: Path) -> dict[str, Result]:
    """Play rows at once, two with each agent.

    Raises:
        AssertionError: an agent has a leg left after all.
    """
    async with agents((len(rows) + 1) // 2, folder) as processes:
        places = []
        for place, chosen in enumerate(rows):
            own = folder / f"row{place}"
            own.mkdir()
            places.append(_play(chosen, processes[place // 2], place, root, own))
        results = await asyncio.gather(*places)
        for process in processes:
            await process.do("count")
            left = (await process.expect("legs"))["count"]
            assert left == 0 or any(r.problem for r in results), f"{left} legs left"
    return {result.row.name: result for result in results}
