"""The demonstration: one whole call on loopback, from hello to two people talking.

Three SIP user agents, each a process of its own: a caller, the agent (`voiceagent run`), and
a person at extension 6001. What they do is real, and what they did is proved afterwards from
their traces and recordings alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from voiceagent.config import Config
from voiceagent.events import (
    CallArrived,
    CallerInterrupted,
    Event,
    HandoverCompleted,
    LookupDone,
    Record,
    Verdict,
)
from voiceagent.simulation.acting import Actor
from voiceagent.simulation.evidence import Evidence, gather
from voiceagent.simulation.phone_process import PhoneFailed, PhoneProcess, together
from voiceagent.simulation.report import write_report
from voiceagent.simulation.stage import (
    HOST,
    Audience,
    phone_settings,
    running_agent,
    write_settings,
)
from voiceagent.speech.client import SpeechClient, SpeechError
from voiceagent.supervision.bus import BusError
from voiceagent.supervision.render import render
from voiceagent.supervision.states import Offer

_REPLY_S = 25.0
_HEAR_S = 1.6
"""How much of a reply the caller hears before interrupting it."""
_THINK_S = 0.5
_RING_S = 2.0

_CALLER = Actor(pitch=114, level_db=-24)
_ANGRY = Actor(pitch=119, level_db=-16)
_PERSON = Actor(pitch=88, level_db=-24)

_LINES = {
    "delivery": (_CALLER, "Hello! How much does delivery cost?"),
    "order": (_CALLER, "Okay, thanks. Where is my order?"),
    "number": (_CALLER, "It is four seven one, two two nine."),
    "angry": (
        _ANGRY,
        "This is ridiculous! You have charged me twice, and nobody cares. "
        "Let me speak to a real person, now!",
    ),
    "relieved": (_CALLER, "Oh good, a person. Yes, please have a look at that bill for me."),
    "person": (_PERSON, "Hello, this is Anna from billing. I can see it here. I will fix that."),
}


@dataclass
class Stage:
    """Where the call takes place: the folder, the settings, and what was seen so far."""

    folder: Path
    console: Console
    records: list[Record] = field(default_factory=list)
    offered_at: float | None = None
    """When the context arrived at the person's topic, Unix seconds."""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def say(self, text: str) -> None:
        """Tell whoever watches."""
        self.console.print(f"[dim]──[/] {text}")

    def audience(self) -> Audience:
        """Shows and keeps what the agent publishes."""

        def offered(offer: Offer, at: float) -> None:
            self.offered_at = self.offered_at or at

        return Audience(self._keep, offered, on_lost=self.say)

    async def _keep(self, record: Record) -> None:
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(record.model_dump_json() + "\n")
        self.console.print(render(record))
        async with self.news:
            self.records.append(record)
            self.news.notify_all()

    async def seen(self, kind: type[Event], timeout_s: float) -> None:
        """Wait until the agent has told of an event of this kind.

        Raises:
            TimeoutError: it did not come.
        """
        async with asyncio.timeout(timeout_s), self.news:
            await self.news.wait_for(lambda: self.has(kind))

    def has(self, kind: type[Event]) -> bool:
        """Whether there was such an event."""
        return any(isinstance(record.event, kind) for record in self.records)


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--dialplan", type=click.Path(path_type=Path), default=Path("dialplans/shop.yaml"))
def main(runs: Path, dialplan: Path) -> None:
    """Play one call with a handover, and prove it."""
    folder = runs / f"{datetime.now():%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True)
    (runs / "lines").mkdir(exist_ok=True)
    console = Console(highlight=False)
    stage = Stage(folder, console)
    trouble = ""
    try:
        asyncio.run(_play(stage, dialplan.resolve()))
    except (BusError, PhoneFailed, SpeechError, TimeoutError) as error:
        trouble = str(error) or "something did not happen in time"
    evidence = gather(folder)
    report = write_report(folder)
    complaints = [*([trouble] if trouble else []), *_own_complaints(stage), *evidence.complaints]
    _show(console, evidence)
    console.print(f"\nEverything is in [bold]{folder}[/]: open [bold]{report}[/]")
    for complaint in complaints:
        console.print(f"[red]✗ {complaint}[/]")
    if complaints:
        console.print(f"[red]The call was not seen whole.[/] The agent's log: {folder}/agent.log")
        sys.exit(1)
    console.print("[green]✓ Every step was seen on the wire, and each side hears the other.[/]")


# -- the scene ----------------------------------------------------------------------------------


async def _play(stage: Stage, dialplan: Path) -> None:
    folder = stage.folder
    started = time.monotonic()
    # A Unix socket's path is short, a folder's need not be.
    with tempfile.TemporaryDirectory(prefix="voiceagent-") as run_dir:
        settings, settings_file = write_settings(folder, Path(run_dir), dialplan)
        person_port = int(settings.handover.targets["general"][0].rpartition(":")[2])
        caller = PhoneProcess(
            "caller", phone_settings(folder, "caller"), record=folder / "caller.wav"
        )
        person = PhoneProcess(
            "person",
            phone_settings(folder, "person", user="6001", port=person_port),
            answer="ring",
            record=folder / "person.wav",
        )
        stage.say("starting the agent: speech service, broker, SIP; and two telephones")
        async with (
            running_agent(settings, settings_file, stage.audience()),
            together(caller, person),
        ):
            lines = await _rehearse(SpeechClient(settings), folder.parent / "lines")
            stage.say(f"ready after {time.monotonic() - started:.1f} s; the caller dials")
            await _call(stage, settings, caller, person, lines)
        _collect_recording(stage)


async def _call(
    stage: Stage,
    settings: Config,
    caller: PhoneProcess,
    person: PhoneProcess,
    lines: dict[str, Path],
) -> None:
    await caller.do("call", to=f"sip:1000@{HOST}:{settings.sip.port}")
    await caller.expect("confirmed")
    await _listen(caller, after=0)
    await _ask(caller, lines["delivery"])
    await asyncio.sleep(_HEAR_S)
    stage.say("the caller interrupts")
    await _ask(caller, lines["order"])
    await _listen(caller)
    await _ask(caller, lines["number"])
    await _listen(caller)
    await _say(caller, lines["angry"])
    await person.expect("incoming", timeout_s=_REPLY_S)
    await asyncio.sleep(_RING_S)
    stage.say("the person picks up and hears the briefing")
    await person.do("answer")
    await stage.seen(HandoverCompleted, 2 * _REPLY_S)
    stage.say("caller and person talk to each other; the agent has left")
    await asyncio.sleep(1.0)
    await _say(person, lines["person"])
    await _say(caller, lines["relieved"])
    await asyncio.sleep(0.5)
    await caller.do("hang_up")
    await person.expect("ended", leg=1)


async def _ask(phone: PhoneProcess, line: Path) -> None:
    """Say a line and wait until the answer begins."""
    seen = await _say(phone, line)
    await phone.expect("voice", after=seen, on=True, timeout_s=_REPLY_S)


async def _say(phone: PhoneProcess, line: Path) -> int:
    """Say a line; returns how many events the phone had told by its end."""
    seen = len(phone.events)
    await phone.do("play", file=str(line))
    await phone.expect("played", after=seen, timeout_s=_REPLY_S)
    return len(phone.events)


async def _listen(phone: PhoneProcess, after: int | None = None) -> None:
    """Wait until the other side has finished, then think for a moment."""
    seen = len(phone.events) if after is None else after
    await phone.expect("voice", after=seen, on=False, timeout_s=_REPLY_S)
    await asyncio.sleep(_THINK_S)


async def _rehearse(speech: SpeechClient, folder: Path) -> dict[str, Path]:
    """What caller and person will say, as sound files that later runs find again."""
    lines = {}
    for name, (actor, text) in _LINES.items():
        version = hashlib.sha256(f"{actor} {text}".encode()).hexdigest()[:8]
        lines[name] = folder / f"{name}-{version}.wav"
        if not lines[name].exists():
            await actor.speak(text, speech, lines[name])
    return lines


# -- what was seen ------------------------------------------------------------------------------


def _collect_recording(stage: Stage) -> None:
    """Put the agent's recording beside the phones', with the moment it begins."""
    arrived = next(r for r in stage.records if isinstance(r.event, CallArrived))
    folder = stage.folder
    shutil.move(folder / "recordings" / f"{arrived.call_id}.wav", folder / "call.wav")
    (folder / "recordings").rmdir()
    begun = arrived.at.timestamp() - (arrived.t_s or 0.0)
    (folder / "call.json").write_text(json.dumps({"started_at": begun}) + "\n", encoding="utf-8")


def _own_complaints(stage: Stage) -> list[str]:
    """What this scene in particular should have shown."""
    verdicts = [record.event for record in stage.records if isinstance(record.event, Verdict)]
    looked_up = [record.event for record in stage.records if isinstance(record.event, LookupDone)]
    return [
        complaint
        for complaint, seen in (
            ("the caller did not interrupt the agent", stage.has(CallerInterrupted)),
            ("no order was looked up and found", any(done.found for done in looked_up)),
            ("the angry turn was not noticed", any(v.anger >= 0.5 for v in verdicts)),
            ("the context did not reach the person's topic", stage.offered_at is not None),
        )
        if not seen
    ]


def _show(console: Console, evidence: Evidence) -> None:
    table = Table(title="Moments of the call", title_justify="left")
    table.add_column("moment")
    table.add_column("s from INVITE", justify="right")
    table.add_column("gap ms", justify="right")
    table.add_column("seen by")
    for moment in evidence.moments:
        at = "[red]not seen[/]" if moment.at_s is None else f"{moment.at_s:.3f}"
        gap = "" if moment.gap_s is None else f"{moment.gap_s * 1000:.0f}"
        table.add_row(moment.name, at, gap, moment.seen)
    console.print(table)
    for proof in evidence.proofs:
        mark = "[green]✓[/]" if proof.holds else "[red]✗[/]"
        console.print(f"{mark} {proof.claim} (correlation {proof.measured.correlation:.2f})")


if __name__ == "__main__":
    main()
