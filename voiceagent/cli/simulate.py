"""`voiceagent simulate`: scripted callers over real SIP, judged by what they heard."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.markup import escape

from voiceagent.cli.options import json_option
from voiceagent.simulation.callers import Call, Callers, Result, SimulationError
from voiceagent.simulation.phone_process import PhoneFailed
from voiceagent.simulation.scenario import Scenario, ScenarioError, load
from voiceagent.speech.models import ModelError
from voiceagent.speech.piper import SynthesisError
from voiceagent.speech.recognizer import RecognitionError

_PATH = click.Path(path_type=Path)
_REASONS_TO_STOP = (
    ModelError,
    OSError,
    PhoneFailed,
    RecognitionError,
    SimulationError,
    SynthesisError,
)


@click.command()
@click.argument("scenarios", nargs=-1, required=True, type=_PATH, metavar="SCENARIO...")
@click.option("--to", required=True, help="The agent, such as sip:1000@127.0.0.1:5060.")
@click.option(
    "--calls", type=click.IntRange(1), default=1, show_default=True, help="Callers a scenario."
)
@click.option(
    "--at-once", type=click.IntRange(1), default=1, show_default=True, help="Callers at a time."
)
@json_option("A line of JSON a call, then the summary.")
@click.option("--keep", type=_PATH, help="Folder for the recordings; left out: none are kept.")
@click.option(
    "--person",
    "people",
    multiple=True,
    help="Answer here as a person handed over to, such as sip:6001@127.0.0.1:6001; repeatable.",
)
@click.option("--registrar", help="Register the caller with this PBX first.")
@click.option("--user", default="caller", show_default=True, help="The caller's user name.")
@click.option("--password", envvar="VOICEAGENT_SIP__PASSWORD", default="", help="Its password.")
@click.option(
    "--model",
    default="whisper-base",
    show_default=True,
    help="Whisper model that writes down what the agent says.",
)
def simulate(
    scenarios: tuple[Path, ...],
    to: str,
    calls: int,
    at_once: int,
    as_json: bool,
    keep: Path | None,
    people: tuple[str, ...],
    registrar: str | None,
    user: str,
    password: str,
    model: str,
) -> None:
    """Call an agent as scenarios say, and judge what it does.

    A call is judged by the recording of the caller's telephone: right after it, or, where
    several call at once, when all calls are over. The exit code is 1 when an expectation was
    not met.
    """
    loaded = _load(scenarios)
    report = _Lines() if as_json else _Text(len(loaded) * calls, at_once)

    async def run(folder: Path) -> None:
        callers = Callers(
            to, folder, user=user, registrar=registrar, password=password, model=model
        )
        async with AsyncExitStack() as stack:
            for number, uri in enumerate(people, 1):
                await stack.enter_async_context(callers.person(uri, number))
            async for result in callers.run(loaded, calls, at_once, report.ended):
                report.judged(result, kept=keep is not None)

    try:
        with _folder(keep) as folder:
            asyncio.run(run(folder))
    except _REASONS_TO_STOP as error:
        raise click.ClickException(str(error)) from error
    report.close()
    sys.exit(0 if report.holds else 1)


def _load(files: Sequence[Path]) -> list[Scenario]:
    """The scenarios, or every problem of all of them at once."""
    loaded, problems = [], []
    for file in files:
        try:
            loaded.append(load(file))
        except ScenarioError as error:
            problems.append(str(error))
    if problems:
        raise click.ClickException("\n".join(problems))
    return loaded


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="voiceagent-") as name:
            yield Path(name)
    else:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep


# -- what is shown ------------------------------------------------------------------------------


class _Report:
    """Counts what was judged."""

    def __init__(self) -> None:
        self._passed: list[bool] = []
        self._answers_s: list[float] = []

    @property
    def holds(self) -> bool:
        return all(self._passed)

    def ended(self, call: Call) -> None:
        """A call is over and waits to be judged."""

    def judged(self, result: Result, kept: bool) -> None:
        self._passed.append(result.judged.holds)
        self._answers_s += result.judged.answers_s

    def close(self) -> None:
        """Everything was judged."""

    def _summary(self) -> dict[str, float | int | None]:
        answers = self._answers_s
        return {
            "calls": len(self._passed),
            "passed": sum(self._passed),
            "answers": len(answers),
            "answer_median_s": round(float(np.median(answers)), 3) if answers else None,
            "answer_p95_s": round(float(np.percentile(answers, 95)), 3) if answers else None,
        }


class _Lines(_Report):
    """For machines."""

    def judged(self, result: Result, kept: bool) -> None:
        super().judged(result, kept)
        call, judged, recording = result
        told = {
            "scenario": str(call.scenario.file),
            "call": call.number,
            "passed": judged.holds,
            "answers_s": [round(each, 3) for each in judged.answers_s],
            "expectations": [asdict(judgement) for judgement in judged.judgements],
            "recording": str(recording) if kept else None,
        }
        click.echo(json.dumps(told, ensure_ascii=False))

    def close(self) -> None:
        click.echo(json.dumps({"summary": self._summary()}))


class _Text(_Report):
    """For people."""

    def __init__(self, calls: int, at_once: int) -> None:
        super().__init__()
        self._calls = calls
        self._at_once = at_once
        self._ended = 0
        self._console = Console(highlight=False, soft_wrap=True)

    def ended(self, call: Call) -> None:
        self._ended += 1
        if self._at_once > 1:
            self._console.print(f"[dim]{self._ended} of {self._calls} calls over: {call.name}[/]")

    def judged(self, result: Result, kept: bool) -> None:
        super().judged(result, kept)
        call, judged, recording = result
        where = f" [dim]{escape(str(recording))}[/]" if kept else ""
        title = f"{call.scenario.name} ({call.scenario.file}, caller {call.number})"
        self._console.print(f"[bold]{escape(title)}[/]{where}")
        for judgement in judged.judgements:
            mark = "[green]✓[/]" if judgement.holds else "[red]✗[/]"
            line = f"line {judgement.line}" if judgement.line else "the call"
            told = escape(f"{judgement.expected}: {judgement.measured}")
            self._console.print(f"  {mark} [dim]{line:>8}[/]  {told}")

    def close(self) -> None:
        summary = self._summary()
        text = f"{summary['passed']} of {summary['calls']} calls as expected"
        if summary["answers"]:
            median, p95 = summary["answer_median_s"], summary["answer_p95_s"]
            text += f"; {summary['answers']} answers, median {median:.2f} s, p95 {p95:.2f} s"
        self._console.print(f"[{'green' if self.holds else 'red'}]{text}[/]")
