"""Where every measurement leaves its figures: ``benchmarks/results.json``."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


def record(name: str, figures: dict[str, Any]) -> None:
    """Put the figures under their name, with the date, the machine and the command."""
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    found[name] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "command": command(),
        "figures": figures,
    }
    text = json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=False) + "\n"
    RESULTS.write_text(text, encoding="utf-8")


def machine() -> str:
    """Processor, cores and memory."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB"


def command() -> str:
    """The command as one would type it in the repository."""
    script = Path(sys.argv[0]).stem
    return " ".join(["python -m", f"benchmarks.{script}", *sys.argv[1:]])
