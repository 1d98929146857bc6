"""Time that passes only when nobody has anything to do: minutes of a call in a second.

Only for what waits by the event loop: threads and sockets live in another time.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec
from unittest import mock

P = ParamSpec("P")


_STEP_S = 1e-6
"""What a turn of the loop takes: time moves on also where nobody waits."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Skips the waits for time, and adds them up."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.skipped += _STEP_S
        if timeout is not None and timeout > 0:
            self.skipped += timeout
            timeout = 0
        return super().select(timeout)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock is the sum of the waits that it has skipped."""

    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        return 1000.0 + self._waits.skipped


def in_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Decorator: run an async test so, `time.monotonic` following the event loop."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            with mock.patch.object(time, "monotonic", asyncio.get_running_loop().time):
                await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(main())

    return run
