"""Voice to voice at the caller's ear: from their last sound to the agent's first.

A caller's telephone calls the whole agent on loopback and asks; both directions are recorded at
the telephone, and the gaps are measured in that recording alone. What the agent says of itself
shows where the time goes.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import click
import numpy as np

from benchmarks.results import record
from voiceagent.audio.wav import load_channels
from voiceagent.events import AgentSpoke, Record, TurnHeard
from voiceagent.simulation.acting import Actor
from voiceagent.simulation.moments import gaps
from voiceagent.simulation.phone_process import PhoneProcess
from voiceagent.simulation.stage import (
    HOST,
    Audience,
    phone_settings,
    running_agent,
    write_settings,
)
from voiceagent.speech.client import SpeechClient

QUESTIONS = (
    "Hello, when are you open?",
    "How much does delivery cost?",
    "I would like to send something back. How does that work?",
    "Can I pay by credit card?",
    "My voucher does not work.",
    "I have moved. How can I change my address?",
    "Where do I find my invoice?",
    "Where is my order?",
    "It is four seven one, two two nine.",
    "No, thank you. That is all.",
)
ACTORS = (Actor(114), Actor(100), Actor(90), Actor(121), Actor(107), Actor(95))
_LONGEST_GAP_S = 4.0


async def measure(folder: Path, dialplan: Path, calls: int) -> tuple[list[float], list[Record]]:
    """Gaps in seconds over all calls, and what the agent told."""
    records: list[Record] = []

    async def keep(record: Record) -> None:
        records.append(record)

    with tempfile.TemporaryDirectory(prefix="voiceagent-") as run_dir:
        settings, path = write_settings(folder, Path(run_dir), dialplan)
        async with running_agent(settings, path, Audience(keep)):
            speech = SpeechClient(settings)
            lines = [
                [
                    await actor.speak(q, speech, folder / f"{a}-{n}.wav")
                    for n, q in enumerate(QUESTIONS)
                ]
                for a, actor in enumerate(ACTORS[:calls])
            ]
            await asyncio.sleep(20.0)  # the fixed sentences are made in this time
            found: list[float] = []
            for number in range(calls):
                recording = folder / f"call-{number}.wav"
                sip = phone_settings(folder, "caller")
                async with PhoneProcess("caller", sip, record=recording) as caller:
                    await _converse(caller, settings.sip.port, lines[number % len(lines)])
                sent, received = load_channels(recording, 8000)
                found += [gap.gap_s for gap in gaps(sent, received, 8000)]
    return [gap for gap in found if gap < _LONGEST_GAP_S], records


async def _converse(caller: PhoneProcess, port: int, lines: list[Path]) -> None:
    await caller.do("call", to=f"sip:1000@{HOST}:{port}")
    await caller.expect("confirmed")
    await caller.expect("voice", on=False, timeout_s=30)
    for line in lines:
        await asyncio.sleep(0.4)
        seen = len(caller.events)
        await caller.do("play", file=str(line))
        await caller.expect("played", after=seen, timeout_s=20)
        seen = len(caller.events)
        await caller.expect("voice", after=seen, on=True, timeout_s=15)
        if line is lines[-1]:
            await caller.expect("ended", after=seen, timeout_s=40)
        else:
            await caller.expect("voice", after=seen, on=False, timeout_s=40)


@click.command()
@click.option("--calls", default=6, show_default=True)
@click.option("--dialplan", type=Path, default=Path("dialplans/shop.yaml"))
@click.option("--dry", is_flag=True, help="Do not write results.json.")
def main(calls: int, dialplan: Path, dry: bool) -> None:
    """Measure voice to voice over some calls of ten turns each."""
    with tempfile.TemporaryDirectory() as name:
        found, records = asyncio.run(measure(Path(name), dialplan.resolve(), calls))
    heard = [r.event for r in records if isinstance(r.event, TurnHeard)]
    spoke = [r.event.gap_s for r in records if isinstance(r.event, AgentSpoke) and r.event.gap_s]
    figures = {
        "turns": len(found),
        "median_ms": round(1000 * float(np.median(found))),
        "p95_ms": round(1000 * float(np.percentile(found, 95))),
        "agent_sees_median_ms": round(1000 * float(np.median(spoke))),
        "endpoint_median_ms": round(
            1000 * float(np.median([h.timings["endpoint"] for h in heard]))
        ),
        "recognition_after_endpoint_median_ms": round(
            1000 * float(np.median([h.timings["recognition"] for h in heard]))
        ),
    }
    for key, value in figures.items():
        print(f"{key:40} {value}")
    print("gaps, ms:", *sorted(round(1000 * gap) for gap in found))
    if not dry:
        record("voice_to_voice", figures)


if __name__ == "__main__":
    main()
