"""The speech service: the models, once for all lines, in a process of its own.

It speaks Wyoming over a Unix socket or TCP. A connection is good for one request at a time;
closing it takes the request back, and its place in the queue is free.

    python -m voiceagent.speech.service --config FILE

When it is ready it writes one line of JSON to standard output: ``{"address": "unix:/…"}``. It
ends on SIGTERM, and when the process that started it dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import click
import structlog
from wyoming.server import AsyncServer

from voiceagent import children, logs
from voiceagent.config import Config, ConfigError, load
from voiceagent.config.wyoming import Address
from voiceagent.speech.engines import Engines
from voiceagent.speech.handler import Handler
from voiceagent.speech.languages import for_language
from voiceagent.speech.models import ModelError
from voiceagent.speech.wire import own_address
from voiceagent.speech.workers import Workers

log = structlog.get_logger()


class ServiceError(Exception):
    """The service cannot start; the text says why."""


def serve(config: Config, ready: Callable[[Address], None] | None = None) -> None:
    """Load the models, listen, and serve until SIGTERM or SIGINT.

    Args:
        ready: called once requests are answered.

    Raises:
        ModelError: a model cannot be used.
        ConfigError: the path of the run folder is too long for a socket in it.
        ServiceError: nothing can listen there.
    """
    address = own_address(config)
    _refuse_taken(address)
    engines = Engines(config)
    engines.warm()
    asyncio.run(_serve(engines, address, config.speech.workers, ready))


async def _serve(
    engines: Engines, address: Address, workers: int, ready: Callable[[Address], None] | None
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with listening(engines, address, workers):
        log.info("speech.ready", address=str(address))
        if ready is not None:
            ready(address)
        await stop.wait()
    log.info("speech.stopped")


@contextlib.asynccontextmanager
async def listening(engines: Engines, address: Address, workers: int) -> AsyncIterator[None]:
    """Serve at the address while the context lasts.

    Raises:
        ServiceError: nothing can listen there.
    """
    server = AsyncServer.from_uri(address.uri)
    pool = Workers(workers)
    try:
        if address.path:
            Path(address.path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        await server.start(lambda reader, writer: Handler(reader, writer, engines, pool))
    except OSError as error:
        raise ServiceError(f"{address}: cannot listen there: {error.strerror}") from error
    try:
        yield
    finally:
        await server.stop()
        pool.close()


def _refuse_taken(address: Address) -> None:
    """A socket left by a dead service may be taken over, one that answers may not."""
    if not address.path or not os.path.exists(address.path):
        return
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(address.path)
        raise ServiceError(f"{address}: another speech service is listening there: stop it first")


def _announce(address: Address) -> None:
    print(json.dumps({"address": str(address)}), flush=True)


@click.command()
@click.option("-c", "--config", "path", required=True, type=click.Path(path_type=Path))
@click.option("--language", default="en", show_default=True, help="What is spoken.")
def main(path: Path, language: str) -> None:
    """Recognise and speak for the lines of one machine."""
    children.end_with_parent()
    try:
        config = for_language(load(path), language)
        logs.configure(config.log)
        serve(config, _announce)
    except (ConfigError, ModelError, ServiceError) as error:
        sys.exit(f"voiceagent speech service: {error}")


if __name__ == "__main__":
    main()
