"""The failure matrix: rows that each place real calls, several at a time, and what became of them.

A row is a coroutine that is given a `Scene`: a caller who has reached the agent, people it may
call, all SIP peers of this process. It does what the row is about; that the caller was not lost,
no phone rings for nobody, no leg is left and the record says what happened is looked at here.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.handoff.peer import Answering, Call, Peer, Referred
from voiceagent.config import Sip
from voiceagent.simulation.phone_process import Event, ScriptedProcess, together

BACK_HZ, BRIEFING_HZ, MUSIC_HZ = 600, 500, 1000
CALLER_HZ = 800
PEOPLE_HZ = (1300, 1700, 2100)

Fate = Literal["with a person", "with the agent", "gone"]
_CONCLUSIONS = {
    "transferred": "handover.completed",
    "bridged": "handover.bridged",
    "returned": "handover.returned",
    "nobody": "handover.failed",
    "unknown": "handover.failed",
    "caller gone": "handover.failed",
}


@dataclass(frozen=True)
class Row:
    """One row of the matrix."""

    name: str
    play: Callable[[Scene], Awaitable[None]]
    fate: Fate
    outcome: str
    people: Sequence[Answering | None] = (None,)
    referred: Referred | None = None
    long: bool = False
    """Whether it takes its time, and is therefore begun before the others."""


ROWS: dict[str, Row] = {}


def row(
    name: str,
    fate: Fate,
    outcome: str,
    *people: Answering | None,
    referred: Referred | None = None,
    long: bool = False,
) -> Callable[[Callable[[Scene], Awaitable[None]]], Callable[[Scene], Awaitable[None]]]:
    """Make a row of a coroutine; `people` say what each person's phone does with a call."""

    def take(play: Callable[[Scene], Awaitable[None]]) -> Callable[[Scene], Awaitable[None]]:
        assert name not in ROWS
        ROWS[name] = Row(name, play, fate, outcome, people or (None,), referred, long)
        return play

    return take


@dataclass
class Result:
    """What became of a row."""

    row: Row
    seconds: float | None = None
    """From the decision to hand over until the caller was where the row ends."""
    problem: BaseException | None = None
    events: list[Event] = field(default_factory=list)


class Scene:
    """A caller who talks to the agent, and the people it may call."""

    def __init__(
        self, name: str, agent: ScriptedProcess, caller: Peer, people: Sequence[Peer]
    ) -> None:
        self.name, self.agent, self.caller, self.people = name, agent, caller, people
        self.began_at = 0.0

    @property
    def call(self) -> Call:
        """The caller's call that goes on: the last, where they have followed a REFER."""
        return self.caller.calls[-1]

    @property
    def events(self) -> list[Event]:
        return [event for event in self.agent.events if event.get("call") == self.name]

    async def hand_over(self, *, briefing_s: float = 0.4, **settings: Any) -> None:
        self.began_at = time.monotonic()
        await self.agent.do(
            "hand over",
            call=self.name,
            targets=[person.uri for person in self.people],
            handover={"ring_s": 2, "refer_s": 3, "accept_s": 1, **settings},
            briefing_s=briefing_s,
        )

    async def event(self, kind: str, timeout_s: float = 20.0, **details: Any) -> Event:
        return await self.agent.expect(kind, timeout_s=timeout_s, call=self.name, **details)

    async def outcome(self) -> str:
        return str((await self.event("outcome"))["outcome"])

    async def talk(self) -> None:
        """Wait until the caller and a person hear each other."""

        async def with_person(person: Peer) -> None:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                with contextlib.suppress(AssertionError, IndexError):
                    await becomes(lambda: any(c.up.is_set() for c in person.present), "answered")
                    call, other = self.call, person.present[-1]
                    await asyncio.gather(
                        call.line.hears(person.hertz, 1.0), other.line.hears(CALLER_HZ, 1.0)
                    )
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(f"the caller and {person.name} do not hear each other")

        talks = [asyncio.ensure_future(with_person(person)) for person in self.people]
        done, pending = await asyncio.wait(talks, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        assert done, "the caller talks to nobody"
        for task in done:
            task.result()


async def becomes(true: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it was not so in time.
    """
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        await asyncio.sleep(0.02)


async def play(row: Row, agent: ScriptedProcess, slot: str) -> Result:
    """Play a row and look at what is left of it."""
    result = Result(row)
    name = f"{slot}-{random.randrange(10**9)}"
    async with AsyncExitStack() as stack:
        caller = Peer("caller", CALLER_HZ, referred=row.referred)
        people = [
            Peer(f"person{n}", hertz, answering=answering)
            for n, (hertz, answering) in enumerate(zip(PEOPLE_HZ, row.people, strict=False), 1)
        ]
        for peer in (caller, *people):
            await stack.enter_async_context(peer)
        scene = Scene(name, agent, caller, people)
        try:
            async with asyncio.timeout(45):
                port = agent.events[0]["port"]
                call = await caller.call(f"sip:{name}@127.0.0.1:{port}", ("127.0.0.1", port))
                assert call.up.is_set(), f"the agent did not answer but {call.code}"
                await row.play(scene)
                await _fate(scene, row)
                result.seconds = time.monotonic() - scene.began_at
                await _leaves_nothing(scene, row)
        except Exception as problem:
            result.problem = problem
            for peer in (caller, *people):
                for left in peer.present:
                    left.hang_up()
            await asyncio.sleep(0.5)
        result.events = scene.events
    return result


async def _fate(scene: Scene, row: Row) -> None:
    match row.fate:
        case "with a person":
            await scene.talk()
        case "with the agent":
            await scene.call.line.hears(BACK_HZ)
        case "gone":
            assert scene.call.ended.is_set()


async def _leaves_nothing(scene: Scene, row: Row) -> None:
    """The caller hangs up: then nobody has a call any more, and the record is complete."""
    for call in scene.caller.present:
        call.hang_up()
    outcome = await scene.outcome()
    assert outcome == row.outcome, f"{outcome}, not {row.outcome}"
    told = [event["event"] for event in scene.events]
    assert _CONCLUSIONS[outcome] in told, f"the record does not say so: {told}"
    await scene.event("left")
    for peer in (scene.caller, *scene.people):
        await becomes(lambda peer=peer: not peer.present, f"no call left at {peer.name}", 5.0)


@asynccontextmanager
async def agents(count: int, trace: Path | None = None) -> AsyncIterator[list[ScriptedProcess]]:
    """So many agents without speech, each a process of its own.

    Args:
        trace: folder for what they see on the wire.
    """
    ports = random.randrange(20000, 28000, 2)
    processes = []
    for n in range(count):
        sip = Sip(
            address="127.0.0.1",
            port=0,
            user="agent",
            password="secret",
            rtp_port_min=ports + 100 * n,
            rtp_port_count=100,
            trace=trace / f"agent{n}.log" if trace else None,
        )
        options = {"sip": sip.model_dump(mode="json"), "handover": {}, "targets": []}
        processes.append(ScriptedProcess(f"agent{n}", "tests.handoff.transferor", options))
    async with together(*processes):
        yield processes


async def play_all(
    rows: Sequence[Row], count: int, at_once: int = 2, trace: Path | None = None
) -> tuple[dict[str, Result], list[int]]:
    """Play rows, so many at once with each of so many agents.

    Args:
        trace: folder for what the agents saw on the wire.

    Returns:
        Results by the rows' names, and the legs that each agent had left after all.
    """
    waiting = sorted(rows, key=lambda each: not each.long)
    results: dict[str, Result] = {}
    left: list[int] = []

    async def work(process: ScriptedProcess, slot: int) -> None:
        while waiting:
            chosen = waiting.pop(0)
            results[chosen.name] = await play(chosen, process, f"row{slot}")

    async with agents(count, trace) as processes:
        await asyncio.gather(*(work(p, n) for p in processes for n in range(at_once)))
        for process in processes:
            await process.do("count")
            left.append((await process.expect("legs"))["count"])
    return results, left


def table(results: Sequence[Result]) -> str:
    """The matrix as a table in Markdown."""
    lines = ["| what happens | the caller is | outcome in the record | seconds |"]
    lines += ["| --- | --- | --- | --- |"]
    for result in results:
        seconds = "" if result.seconds is None else f"{result.seconds:.1f}"
        fate = result.row.fate if result.problem is None else f"**lost**: {result.problem}"
        lines.append(f"| {result.row.name} | {fate} | {result.row.outcome} | {seconds} |")
    return "\n".join(lines)
