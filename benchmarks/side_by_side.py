"""The same audio through our agent and through pipecat, one after the other.

Both have Silero, the same Whisper base weights and the same Piper voice; pipecat has its Smart
Turn, and beside it a silence of 0.8 s for what depends on turns. A canned reply stands in for a
language model. Ours is called over SIP; pipecat's websocket server takes the frames that Twilio
would send. All times are taken at the caller's telephone.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import corpora
from benchmarks.pipecat import agents, measures, scenes, strangers
from benchmarks.pipecat.agents import Agent
from benchmarks.pipecat.material import NUMBERS, OPENING, Clip, Material
from benchmarks.results import record
from voiceagent.simulation.phone_process import PhoneFailed

ROWS = ("voice_to_voice", "cut_offs", "numbers", "barge_in")
_TURNS_A_CALL = 8
_LINES = {
    "voice to voice, median ms": ("voice_to_voice", "{median_ms}"),
    "voice to voice, p95 ms": ("voice_to_voice", "{p95_ms}"),
    "turns answered": ("voice_to_voice", "{answered} of {turns}"),
    "pauses: agent spoke inside": ("cut_offs", "{agent_spoke_inside} of {turns}"),
    "pauses: turn closed inside": ("cut_offs", "{turn_closed_inside} of {turns}"),
    "pauses: wait after the end, median ms": ("cut_offs", "{wait_median_ms}"),
    "numbers: exact in one turn": ("numbers", "{exact_in_one_turn} of {numbers}"),
    "numbers: exact when turns are joined": ("numbers", "{exact_when_joined} of {numbers}"),
    "numbers: agent spoke inside": ("numbers", "{agent_spoke_inside} of {numbers}"),
    "numbers: turn closed inside": ("numbers", "{turn_closed_inside} of {numbers}"),
    "interrupted: to silence, median ms": ("barge_in", "{median_ms}"),
    "interrupted: to silence, p95 ms": ("barge_in", "{p95_ms}"),
    "interrupted: missed": ("barge_in", "{missed} of {interruptions}"),
    "stopped by coughs": ("barge_in", "{stopped_by_coughs} of {coughs}"),
    "stopped by murmurs": ("barge_in", "{stopped_by_murmurs} of {murmurs}"),
}


class Run:
    """What is said to each agent, and how."""

    def __init__(self, folder: Path, material: Material, counts: dict[str, int]) -> None:
        self._folder = folder
        self.questions = material.questions(counts["turns"])
        self.hesitant = material.hesitant(counts["hesitant"])
        self.numbers = material.numbers(counts["numbers"])
        self.interruptions = material.interruptions(counts["barge_in"])
        self.noises = material.noises(counts["noises"])
        self.opening = material.says(OPENING)
        self.opening_numbers = material.says(NUMBERS)

    async def measure(self, agent: Agent, rows: Sequence[str]) -> dict[str, measures.Figures]:
        """The figures of one agent; a row that could not be measured says why."""
        parts = {
            "voice_to_voice": self._voice_to_voice,
            "cut_offs": self._cut_offs,
            "numbers": self._numbers,
            "barge_in": self._barge_in,
        }
        await self._calls(agent, [self.questions[:2]], scenes.questions)  # first uses are slow
        found: dict[str, measures.Figures] = {}
        for row in rows:
            begun = time.monotonic()
            try:
                found[row] = await parts[row](agent)
            except PhoneFailed as error:
                found[row] = {"failed": str(error)}
            print(
                f"{agent.name}, {row}, {time.monotonic() - begun:.0f} s: {found[row]}", flush=True
            )
        return found

    async def _voice_to_voice(self, agent: Agent) -> measures.Figures:
        takes = await self._calls(agent, _few(self.questions), scenes.questions)
        return measures.voice_to_voice(takes)

    async def _cut_offs(self, agent: Agent) -> measures.Figures:
        takes = await self._calls(agent, _few(self.hesitant), scenes.questions)
        return measures.cut_offs(takes, agent.turns)

    async def _numbers(self, agent: Agent) -> measures.Figures:
        takes = []
        for clips in self.numbers:
            await agent.meet(clips[0].speaker)
            takes += await self._calls(
                agent,
                _few(clips),
                lambda few: scenes.after(self.opening_numbers, scenes.questions(few)),
            )
        return measures.numbers(takes, agent.turns)

    async def _barge_in(self, agent: Agent) -> measures.Figures:
        def interrupting(clips: Sequence[Clip]) -> scenes.Part:
            return scenes.interruptions(self.opening, clips)

        def disturbing(clips: Sequence[Clip]) -> scenes.Part:
            return scenes.noises(self.opening, clips)

        interrupted = await self._calls(agent, _few(self.interruptions), interrupting, "long")
        disturbed = await self._calls(agent, _few(self.noises), disturbing, "long")
        return measures.barge_in(interrupted, disturbed)

    async def _calls(
        self,
        agent: Agent,
        groups: Sequence[Sequence[Clip]],
        part: Callable[[Sequence[Clip]], scenes.Part],
        reply: agents.Reply = "short",
    ) -> list[scenes.Take]:
        takes = []
        for group in groups:
            take = await scenes.call(agent, self._folder, part(group), reply)
            takes.append(take)
            if take.broken:
                print(f"{agent.name}: a call broke off: {take.broken}", flush=True)
        return takes


def _few(clips: Sequence[Clip]) -> list[Sequence[Clip]]:
    """As many as fit into one call: a caller who goes on for ever is not what an agent expects."""
    return [clips[at : at + _TURNS_A_CALL] for at in range(0, len(clips), _TURNS_A_CALL)]


async def run(
    folder: Path, run_dir: Path, counts: dict[str, int], rows: Sequence[str]
) -> dict[str, dict[str, measures.Figures]]:
    """All figures, by agent and row."""
    data = corpora.folder()
    rows = [row for row in rows if row != "numbers" or data is not None]
    if data is None:
        print("No numbers: set VOICEAGENT_DATA to the folder that has digits/ and emotale/.")
    readers = strangers.readers(data) if data and "numbers" in rows else None
    plan = Run(folder, Material(folder, data), counts)
    by_turns = [row for row in rows if row in ("cut_offs", "numbers")]
    stages = [
        (agents.ours(folder, run_dir, readers), rows),
        (agents.pipecat("smart"), rows),
        (agents.pipecat("silence"), by_turns),
    ]
    found = {}
    for stage, wanted in stages:
        if not wanted:
            continue
        try:
            async with stage as agent:
                found[agent.name] = await plan.measure(agent, wanted)
        except PhoneFailed as error:
            print(f"an agent failed: {error}", flush=True)
    return found


def table(found: dict[str, dict[str, measures.Figures]]) -> Table:
    """The figures side by side."""
    shown = Table("", *found)
    for title, (row, form) in _LINES.items():
        shown.add_row(title, *(_cell(figures.get(row), form) for figures in found.values()))
    return shown


def _cell(figures: dict[str, Any] | None, form: str) -> str:
    if figures is None:
        return ""
    return "failed" if "failed" in figures else form.format_map(figures)


@click.command()
@click.option("--turns", default=20, show_default=True, help="Questions, for voice to voice.")
@click.option("--hesitant", default=10, show_default=True, help="Sentences with a pause inside.")
@click.option("--numbers", default=4, show_default=True, help="Numbers of each of the speakers.")
@click.option("--barge-in", default=8, show_default=True, help="Interruptions.")
@click.option("--noises", default=8, show_default=True, help="Coughs and murmurs.")
@click.option("--row", "rows", multiple=True, type=click.Choice(ROWS), help="Only these rows.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep recordings and logs here.")
@click.option("--dry", is_flag=True, help="Do not write results.json.")
def main(rows: tuple[str, ...], keep: Path | None, dry: bool, **counts: int) -> None:
    """Measure our agent and pipecat side by side."""
    agents.install()
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory("-va") as run_dir:
        folder = keep.resolve() if keep else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(run(folder, Path(run_dir), counts, rows or ROWS))
    Console().print(table(found))
    if not dry:
        record("side_by_side", {"pipecat": agents.versions(), **found})


if __name__ == "__main__":
    main()
