"""Logs: structlog for the project's own lines and for those of the libraries it uses.

Every line written while a call is bound carries its id. What a caller said never appears at
info or above: nobody logs it, and `withhold_words` takes it out should somebody forget.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from pydantic import BaseModel
from structlog.typing import EventDict, Processor, WrappedLogger

from voiceagent import config

WORDS = frozenset({"text", "heard", "words", "transcript", "context"})
"""Keys that hold what somebody said; left out of lines above debug."""

_TALKATIVE = (
    "aiomqtt",
    "amqtt",
    "asyncio",
    "faster_whisper",
    "httpcore",
    "httpx",
    "mqtt",
    "passlib",
    "piper",
    "transitions",
    "websockets",
)


def configure(log: config.Log) -> None:
    """Send all logging of this process to standard error, in the format and level of `log`.

    A crash in one of the libraries that are not Python leaves there where it happened.
    """
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)
    level = logging.getLevelNamesMapping()[log.level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        withhold_words,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: list[Processor]
    if log.format == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Where rich is installed, tracebacks would else tell every variable: callers' words and
        # keys; and to draw one takes seconds in which nothing else is done.
        plain = structlog.dev.plain_traceback
        last = [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


@contextmanager
def bind_call(call_id: str) -> Iterator[None]:
    """Put `call_id` on every line logged inside, also by tasks that are started inside."""
    with structlog.contextvars.bound_contextvars(call=call_id):
        yield


def withhold_words(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Processor: above debug, drop the keys in `WORDS` and name models instead of showing them."""
    if line.get("level") == "debug":
        return line
    return {
        key: type(value).__name__ if isinstance(value, BaseModel) else value
        for key, value in line.items()
        if key not in WORDS
    }
