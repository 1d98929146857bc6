"""Ending tasks for certain, and waiting for whatever happens first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

AGAIN_S = 6.0
"""How long a cancelled task may take to clean up before it is cancelled again."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and return when all have ended; what they raise is not raised here.

    Once is not always enough: `asyncio.wait_for`, which the MQTT library uses, loses a
    cancellation that comes in the same moment as what it waits for (cpython gh-86296, mended
    in 3.12). This project itself uses `asyncio.timeout`, which loses none.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(*events: asyncio.Event) -> None:
    """Return when one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*waiting)


def look_at(task: asyncio.Task[Any]) -> None:
    """For `add_done_callback`: what was given up must not leave an error nobody looked at."""
    if not task.cancelled():
        task.exception()


def start(work: Coroutine[Any, Any, T], among: set[asyncio.Task[T]]) -> asyncio.Task[T]:
    """Start what is not waited for here; it is in the set until it has ended.

    The event loop alone would not keep it (`asyncio.create_task`).
    """
    task = asyncio.create_task(work)
    among.add(task)
    task.add_done_callback(among.discard)
    return task
