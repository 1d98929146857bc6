"""SIP implementations of other people, from Debian: SIPp, baresip, Linphone and Kamailio."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

from asterisk import CACHE
from unpack import loader, unpack

_PACKAGES = ("sip-tester", "baresip-core", "linphone-cli", "kamailio")
_NOT_RUN = (
    "adduser", "debconf", "dpkg", "fonts-dejavu-core", "host", "libdirectfb-1.7-7",
    "libgl1-mesa-dri", "libglx-mesa0", "lsb-base", "passwd", "perl-base", "python3", "tar",
    "tzdata",
)  # fmt: skip
_LEAVE_S = 3.0


def install() -> Path:
    """Unpack all of them into the cache, once; return the root of their tree.

    Raises:
        NotDebian: they cannot be had on this machine.
    """
    return unpack(CACHE / "equipment", "bookworm", _PACKAGES, without=_NOT_RUN)


class Program:
    """A program of the tree as a process. A context manager: it is ended on exit.

    Args:
        path: where it stands below the tree's `/usr`, its working directory.
        log: file for all it says.
    """

    def __init__(self, root: Path, path: str, *arguments: object, log: Path) -> None:
        self.root, self.log = root, log
        libraries = next(root.glob("usr/lib/*/ld-linux-*.so.*")).parent / Path(path).name
        start, option, places = loader(root)
        self._command = [start, option, f"{places}:{libraries}", str(root / "usr" / path)]
        self._command += [str(argument) for argument in arguments]
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "TERM", *self._command,
                stdin=PIPE, stdout=log, stderr=log, cwd=self.root / "usr",
                env={"HOME": str(self.log.parent), "TERM": "dumb"}, start_new_session=True,
            )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def say(self, line: str) -> None:
        """Type a line."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def ended(self, timeout_s: float = 20.0) -> int:
        """Wait until it has ended by itself; its exit code.

        Raises:
            AssertionError: it goes on; the text has what it said last.
        """
        assert self._process is not None
        try:
            async with asyncio.timeout(timeout_s):
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"{self.log.name} goes on: {self.said[-2000:]}") from None

    async def kill(self) -> None:
        """End it and its children as a crash would."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")
