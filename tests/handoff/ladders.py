"""Ladders of the ways of handing over, drawn from what an agent really sent and received.

``python -m tests.handoff.ladders`` plays a row of the failure matrix for each way, and one with
Linphone, and prints its ladder as it stands in docs/handover.md.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.handoff import rows  # noqa: F401
from tests.handoff.matrix import ROWS, play_all
from voiceagent.simulation.ladder import Arrow, build
from voiceagent.telephony.trace import SipMessage, read_trace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pbx"))

import equipment
import phone_rows  # noqa: F401
import strangers

WAYS = {
    "Attended": "nothing goes wrong",
    "Attended, and the REFER is refused": "the REFER is refused (603)",
    "Bridged, and given back": "the bridged person gives the caller back",
    "Conference": "conference: the agent introduces both and leaves",
    "Blind": "blind, and the person answers",
}
LINPHONE = "Linphone is the caller: it calls the person itself, with Replaces"
_LANE = 30


def _party(message: SipMessage) -> str:
    ends = f"{message.header('From')} {message.header('To')}"
    return "person" if "sip:person" in ends else "caller"


def draw(trace: Path, started_at: float) -> Iterator[str]:
    """A ladder as lines of text: the caller on the left, the agent, the person on the right."""
    messages = [m for m in read_trace(trace, started_at) if m.status != 100]
    yield f"{'caller':<{_LANE}}{'agent':^7}{'person':>{_LANE}}"
    for arrow in build({"agent": messages}).arrows:
        yield _line(arrow)


def _line(arrow: Arrow) -> str:
    left = _party(arrow.message) == "caller"
    away = arrow.message.sent
    label = f" {arrow.label} "
    bar = label.center(_LANE - 1, "─")
    bar = f"{bar}▶" if left != away else f"◀{bar}"
    return f"{bar}   │" if left else f"{'':{_LANE}}   │   {bar}"


async def main() -> None:
    for title, name in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            began = time.time()
            results, _ = await play_all([ROWS[name]], 1, trace=Path(folder))
            if (problem := results[name].problem) is not None:
                raise problem
            show(title, Path(folder), began)
    with tempfile.TemporaryDirectory() as folder:
        began = time.time()
        found = await strangers.play_all(
            [strangers.ROWS[LINPHONE]], equipment.install(), Path(folder)
        )
        if (problem := found[LINPHONE].problem) is not None:
            raise problem
        show("Attended, and the caller's phone follows the REFER itself", Path(folder), began)


def show(title: str, folder: Path, began: float) -> None:
    print(f"### {title}\n\n```")
    print("\n".join(draw(folder / "agent0.log", began)) + "\n```\n")


if __name__ == "__main__":
    asyncio.run(main())
