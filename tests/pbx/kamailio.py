"""A real Kamailio with the configuration that users get, deploy/kamailio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from asterisk import Asterisk, copy
from equipment import Program

from tests.handoff.matrix import becomes

_DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "kamailio"


class Kamailio(Program):
    """The edge between a PBX and lines of the agent. A context manager; it can be restarted.

    Args:
        lines: their ports at the PBX's `trunk_host`.
        folder: for what is written; it must be there.
    """

    def __init__(self, root: Path, pbx: Asterisk, lines: Iterable[int], folder: Path) -> None:
        self.address = (pbx.trunk_host, pbx.trunk_port)
        values = {
            "EDGE_ADDRESS!192.0.2.5": f"EDGE_ADDRESS!{pbx.trunk_host}",
            "EDGE_PORT!5060": f"EDGE_PORT!{pbx.trunk_port}",
            "192.0.2.1|192.0.2.2": pbx.sip_host,
            "/etc/kamailio": folder,
            "/run/kamailio": folder,
        }
        copy(_DEPLOY, folder, values, "kamailio.cfg")
        rows = (f"1 sip:{pbx.trunk_host}:{port} 0 0 weight=50\n" for port in lines)
        (folder / "dispatcher.list").write_text("".join(rows))
        modules = next(root.glob("usr/lib/*/kamailio/modules"))
        super().__init__(
            root, "sbin/kamailio", "-f", folder / "kamailio.cfg", "-L", modules,
            "-DD", "-E", "-Y", folder, "-P", folder / "pid", "-w", folder, "-n", 2, "-m", 16,
            "-M", 4, log=folder / "kamailio.log",
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await becomes(self._listens, f"Kamailio at {self.address}")
        return self

    async def restart(self, after_s: float = 0.0) -> None:
        """Kill it, and start it anew after a while."""
        await self.kill()
        await asyncio.sleep(after_s)
        await self.__aenter__()

    def _listens(self) -> bool:
        host, port = self.address
        place = bytes(reversed(bytes(map(int, host.split("."))))).hex().upper()
        return f" {place}:{port:04X} " in Path("/proc/net/udp").read_text()
