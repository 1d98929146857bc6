"""Voice to voice at the caller's ear: from their last sound to the agent's first.

    python -m benchmarks.voice_to_voice [--calls 6]

One caller at a time calls the whole agent on loopback by SIP and asks ten things, in a voice of
their own; both directions are kept at the caller's socket, and the gaps are measured there. What
the agent says of itself shows where the time goes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.results import record
from benchmarks.thin_phone import ThinPhone, mulaw
from voiceagent.events import AgentSpoke, Record, TurnHeard
from voiceagent.simulation.acting import Actor, Cast
from voiceagent.simulation.moments import gaps
from voiceagent.simulation.stage import Audience, running_agent, write_settings

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
DIALPLAN = Path("dialplans/shop.yaml").resolve()
WARM_S = 25.0
"""The fixed sentences are made in this time after the start."""


def callers() -> list[list[bytes]]:
    """What each caller says, in mu-law."""
    cast = Cast()
    return [[mulaw(cast.speak(question, actor)) for question in QUESTIONS] for actor in ACTORS]


async def converse(port: int, lines: Sequence[bytes], begin_s: float = 0.0) -> list[float]:
    """One caller's whole call, in which each answer is heard to its end; the gaps, in seconds."""
    await asyncio.sleep(begin_s)
    async with ThinPhone() as phone:
        await phone.call(port)
        await phone.spoken_to(10)
        await phone.quiet(0.8)
        for line in lines:
            await asyncio.sleep(0.4)
            if phone.ended.is_set():
                break
            await phone.say(line)
            await phone.spoken_to(15)
            await phone.quiet(0.8)
        sent, received = phone.channels()
    return [gap.gap_s for gap in gaps(sent, received, 8000)]


async def measure(folder: Path, dialplan: Path, calls: int) -> tuple[list[float], list[Record]]:
    """Gaps in seconds over all calls, and what the agent told."""
    records: list[Record] = []

    async def keep(record: Record) -> None:
        records.append(record)

    said = callers()
    found: list[float] = []
    with tempfile.TemporaryDirectory(prefix="voiceagent-") as run_dir:
        settings, path = write_settings(folder, Path(run_dir), dialplan)
        async with running_agent(settings, path, Audience(keep)):
            await asyncio.sleep(WARM_S)
            for number in range(calls):
                found += await converse(settings.sip.port, said[number % len(said)])
                await asyncio.sleep(0.5)
    return found, records


def figures(found: list[float], records: list[Record]) -> dict[str, Any]:
    """The gaps, and what they are made of."""
    heard = [one.event for one in records if isinstance(one.event, TurnHeard)]
    after = {
        (one.call_id, one.event.turn): one.event.gap_s
        for one in records
        if isinstance(one.event, AgentSpoke) and one.event.gap_s
    }
    answered = [
        (one.event.timings, after[one.call_id, one.event.turn])
        for one in records
        if isinstance(one.event, TurnHeard) and (one.call_id, one.event.turn) in after
    ]
    own = [gap - sum(timings.values()) for timings, gap in answered]
    seen = _ms([gap for _, gap in answered])
    return {
        "turns": len(found),
        "median_ms": _ms(found),
        "p95_ms": round(1000 * float(np.percentile(found, 95))),
        "of this, medians": {
            "wait until the turn was over, ms": _ms([one.timings["endpoint"] for one in heard]),
            "recognition left over, ms": _ms([one.timings["recognition"] for one in heard]),
            "dialogue and synthesis, ms": _ms(own),
            "media, and sound too soft to count, ms": _ms(found) - seen,
        },
    }


def _ms(seconds: Sequence[float]) -> int:
    return round(1000 * float(np.median(seconds)))


@click.command()
@click.option("--calls", default=6, show_default=True)
@click.option("--dialplan", type=Path, default=DIALPLAN, show_default="the shop's")
@click.option("--dry", is_flag=True, help="Do not write results.json.")
def main(calls: int, dialplan: Path, dry: bool) -> None:
    """Measure voice to voice over some calls of ten turns each."""
    with tempfile.TemporaryDirectory() as name:
        found, records = asyncio.run(measure(Path(name), dialplan.resolve(), calls))
    measured = figures(found, records)
    for key, value in measured.items():
        print(f"{key:20} {value}")
    print("gaps, ms:", *sorted(round(1000 * gap) for gap in found))
    if not dry:
        record("voice_to_voice", measured)


if __name__ == "__main__":
    main()
