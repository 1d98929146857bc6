"""Waiting for what other tasks and machines do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool]) -> None:
    """Return when it holds; fail when it does not within a minute: machines are busy."""
    for _ in range(6000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not within a minute")
