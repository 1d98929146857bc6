"""Where measurements are kept: one file, a key a benchmark, with date, machine and command."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("results.json")


def record(name: str, figures: Mapping[str, Any]) -> None:
    """Put the figures of a benchmark in the place of its earlier ones."""
    kept = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.exists() else {}
    kept[name] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "command": " ".join(["python -m", f"benchmarks.{Path(sys.argv[0]).stem}", *sys.argv[1:]]),
        "figures": dict(figures),
    }
    _FILE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
