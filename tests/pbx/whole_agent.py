"""The whole agent as users run it, with settings of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from voiceagent.config import Sip

DIALPLANS = Path(__file__).resolve().parent.parent.parent / "dialplans"
_START_S = 90.0
_LEAVE_S = 60.0


def write_settings(folder: Path, sip: Sip, drain_s: float = 60.0) -> Path:
    """A settings file for the shop's front desk with everything else on free ports."""
    path = folder / "voiceagent.toml"
    text = [f'dialplan = "{DIALPLANS}/shop.yaml"', f"drain_s = {drain_s}", "[sip]"]
    text += [f"{name} = {value!r}" for name, value in sip.model_dump(exclude_unset=True).items()]
    text += ["[mqtt]", 'embedded_address = "127.0.0.1:0"', "[log]", 'format = "json"']
    path.write_text("\n".join(text))
    return path


class WholeAgent:
    """`voiceagent run`, from the moment it answers until it has left."""

    def __init__(self, sip: Sip, drain_s: float = 60.0) -> None:
        self._sip, self._drain_s = sip, drain_s

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # The run folder holds a socket, whose path must be short.
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="va-", dir="/tmp"))
            settings = write_settings(Path(name), self._sip, self._drain_s)
            self._log = Path(name, "log")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "voiceagent", "run", "-c", str(settings)],
                stderr=stack.enter_context(self._log.open("wb")),
            )
            stack.callback(self._end)
            self.port = int(self._logged("line.started")["port"])
            self.broker_port = int(self._logged("bus.connected")["broker"].rpartition(":")[2])
            self._left = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def terminate(self) -> None:
        """Send SIGTERM and wait until it has been heeded."""
        self._process.terminate()
        self._logged("line.draining")

    def leave(self) -> None:
        """Wait until it has left.

        Raises:
            RuntimeError: it did not leave in peace; the text is its log.
        """
        code = self._process.wait(_LEAVE_S)
        if code != 0:
            raise RuntimeError(f"the agent ended with {code}:\n{self._log.read_text()}")

    def children(self) -> dict[int, str]:
        """The processes it has started, and those that they have: command lines by id."""
        return dict(_descendants(self._process.pid))

    def _logged(self, event: str) -> dict[str, Any]:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self._log.read_text().splitlines():
                if line.startswith("{") and (entry := json.loads(line))["event"] == event:
                    return dict(entry)
            time.sleep(0.05)
        raise RuntimeError(f"the agent did not log {event}:\n{self._log.read_text()}")

    def _end(self) -> None:
        for _ in range(2):  # the second time it does not wait for calls
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self._process.kill()
        self._process.wait()


def running(processes: Iterable[int]) -> list[int]:
    """Those process ids that there still are."""
    return [pid for pid in processes if Path(f"/proc/{pid}").exists()]


def _descendants(pid: int) -> Iterator[tuple[int, str]]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            command = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            yield child, command
            yield from _descendants(child)
