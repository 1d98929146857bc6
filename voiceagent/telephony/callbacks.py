"""Callbacks of the SIP library: what goes wrong in one is logged, and ends there.

The library can do nothing with an exception but print it, and Python then keeps the traceback and
with it the library's objects, which abort the process when it ends.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

import structlog

P = ParamSpec("P")
log = structlog.get_logger()


def guarded(callback: Callable[P, None]) -> Callable[P, None]:
    """A callback that raises nothing."""

    @functools.wraps(callback)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except Exception:
            log.exception("callback.failed", callback=callback.__name__)

    return call
