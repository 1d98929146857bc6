"""How many calls at once this machine holds, and what a call costs.

    python -m benchmarks.capacity [--calls 1 --calls 8 …]

Several lines share one speech service, as `deploy/kamailio` has it. Every caller asks the
questions of `benchmarks.voice_to_voice` one after the other and hears each answer to its end.
The callers are so thin that the machine is left to the agent; what they cost is told.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

from benchmarks.results import record
from benchmarks.voice_to_voice import DIALPLAN, WARM_S, callers, converse
from voiceagent.simulation.stage import (
    HOST,
    Audience,
    free_port,
    running_agent,
    write_settings,
)

CALLERS_A_LINE = 3
_TICK = os.sysconf("SC_CLK_TCK")


async def ignore(record: object) -> None:
    """Nobody looks at the events."""


async def measure(folder: Path, levels: tuple[int, ...]) -> dict[str, dict[str, float]]:
    """What is found at each number of calls at once."""
    voices = callers()
    lines = -(-max(levels) // CALLERS_A_LINE)
    found = {}
    with tempfile.TemporaryDirectory(prefix="voiceagent-") as run_dir:
        first, path = write_settings(folder, Path(run_dir), DIALPLAN)
        async with running_agent(first, path, Audience(ignore)):
            others = [_another(folder, n, path, run_dir) for n in range(1, lines)]
            ports = [first.sip.port, *(port for port, _ in others)]
            started = [await _line(settings) for _, settings in others]
            try:
                await asyncio.sleep(WARM_S)
                processes = _family(os.getpid())
                for level in levels:
                    found[str(level)] = await _at(level, ports, voices, processes)
                    print(level, found[str(level)], flush=True)
            finally:
                for process in started:
                    process.terminate()
                    await process.wait()
    return found


async def _at(
    level: int, ports: list[int], voices: list[list[bytes]], processes: list[int]
) -> dict[str, float]:
    before, own_before = sum(map(_cpu_s, processes)), _cpu_s(os.getpid())
    begun = asyncio.get_running_loop().time()
    heard = await asyncio.gather(
        *(
            converse(ports[n % len(ports)], voices[n % len(voices)], begin_s=1.7 * n)
            for n in range(level)
        )
    )
    took = asyncio.get_running_loop().time() - begun
    all_gaps = np.array([gap for one in heard for gap in one])
    used = sum(map(_cpu_s, processes)) - before
    return {
        "turns": all_gaps.size,
        "median_ms": round(1000 * float(np.median(all_gaps))),
        "p95_ms": round(1000 * float(np.percentile(all_gaps, 95))),
        "longest_ms": round(1000 * float(all_gaps.max())),
        "cores_used": round(used / took, 2),
        "core_share_per_call": round(used / took / level, 3),
        "callers_cores": round((_cpu_s(os.getpid()) - own_before) / took, 2),
        "memory_mb": round(sum(map(_memory_mb, processes))),
    }


def _another(folder: Path, number: int, first: Path, run_dir: str) -> tuple[int, Path]:
    """Settings of one more line that shares the first one's speech service and broker."""
    port = free_port(socket.SOCK_DGRAM)
    text = first.read_text()
    own_port = next(line for line in text.splitlines() if line.startswith("port = "))
    broker = next(line for line in text.splitlines() if line.startswith("embedded_address"))
    text = text.replace(own_port, f"port = {port}")
    text = text.replace("rtp_port_min = 20000", f"rtp_port_min = {20000 + 500 * number}")
    text = text.replace("sip-agent.log", f"sip-agent-{number}.log")
    text = text.replace('"voiceagent.db"', f'"voiceagent-{number}.db"')
    text = text.replace(broker, f'url = "mqtt://{broker.split(chr(34))[1]}"')
    text += f'\n[speech]\nstart = false\naddress = "unix:{run_dir}/speech.sock"\n'
    text = f'line = "line-{number}"\n' + text
    path = folder / f"agent-{number}.toml"
    path.write_text(text)
    return port, path


async def _line(settings: Path) -> asyncio.subprocess.Process:
    with settings.with_suffix(".log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "voiceagent", "run", "-c", str(settings)),
            stdout=log,
            stderr=log,
        )
    for _ in range(600):
        if b"line.started" in settings.with_suffix(".log").read_bytes():
            return process
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{settings.name} did not start within a minute")


def _family(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *_family(child)]
    return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _memory_mb(pid: int) -> float:
    """Memory of a process, what it shares counted by its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@click.command()
@click.option("--calls", multiple=True, type=int, default=(1, 4, 8, 12), show_default=True)
@click.option("--dry", is_flag=True, help="Do not write results.json.")
def main(calls: tuple[int, ...], dry: bool) -> None:
    """Measure voice to voice with so many calls at once."""
    print(f"on {HOST}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(measure(Path(name), calls))
    if not dry:
        record("capacity", {"calls at once": found})


if __name__ == "__main__":
    main()
