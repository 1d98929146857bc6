"""The web server as a process: the routes of every room that has some.

``python -m voiceagent.webserver --config FILE --broker URL`` prints one line of JSON,
``{"url": "http://127.0.0.1:8080", "port": 8080}``, when it is ready, and ends on SIGTERM or when
its parent dies: `voiceagent.children.Child` runs it. It is no part of the line's process, for a
page must never make audio late.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import structlog
import uvicorn

from voiceagent import children, logs
from voiceagent.config import Config, ConfigError, load
from voiceagent.desk.pages import desk
from voiceagent.dialogue.loader import DialplanError
from voiceagent.learning.policies import PolicyError
from voiceagent.learning.versions import VersionError, in_force
from voiceagent.records.store import StoreError
from voiceagent.speech.client import SpeechError
from voiceagent.speech.languages import for_language
from voiceagent.supervision.address import Address
from voiceagent.text.room import texting
from voiceagent.urls import in_url
from voiceagent.web.patience import Connection
from voiceagent.web.site import Room, Site, application

ROOMS: tuple[Room, ...] = (desk, texting)
"""Whoever has pages or an HTTP API."""

_CONCURRENT = 256
_LEAVE_S = 2
_REASONS_NOT_TO_START = (
    ConfigError,
    DialplanError,
    OSError,
    PolicyError,
    SpeechError,
    StoreError,
    VersionError,
)

log = structlog.get_logger()


def listening(config: Config) -> socket.socket:
    """The socket of the settings.

    Raises:
        ConfigError: the address cannot be used.
    """
    host, port = config.web.host, config.web.port or 0
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"web.host, web.port: cannot listen on {host}:{port}: {error.strerror}: give others"
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of the server."""
    host, port = listener.getsockname()[:2]
    return f"http://{in_url(host)}:{port}"


async def serve(site: Site, listener: socket.socket, rooms: tuple[Room, ...] = ROOMS) -> None:
    """Serve until SIGTERM; prints the ready line."""
    async with AsyncExitStack() as stack:
        routes = [route for room in rooms for route in await stack.enter_async_context(room(site))]
        server = uvicorn.Server(
            uvicorn.Config(
                application(site.config.web, routes),
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,  # addresses hold tokens
                server_header=False,
                limit_concurrency=_CONCURRENT,
                timeout_graceful_shutdown=_LEAVE_S,
            )
        )
        # uvicorn sends itself the signal that has ended it once more: rooms are still to be left.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        listener.listen()  # who connects from now on is served
        log.info("web.started", url=site.url)
        port = listener.getsockname()[1]
        print(json.dumps({"url": site.url, "port": port}), flush=True)
        await server.serve(sockets=[listener])


@click.command()
@click.option("-c", "--config", "path", required=True, type=click.Path(path_type=Path))
@click.option("--broker", default="", help="URL of an embedded broker on a free port.")
def main(path: Path, broker: str) -> None:
    """Serve pages and the HTTP API of one machine."""
    children.end_with_parent()
    try:
        config = load(path)
        logs.configure(config.log)
        plan = in_force(config)
        config = for_language(config, plan.language)
        with listening(config) as listener:
            broker_at = Address.of(config.mqtt, broker)
            site = Site(config, plan, broker_at, broker, url_of(listener))
            asyncio.run(serve(site, listener))
    except _REASONS_NOT_TO_START as error:
        sys.exit(f"voiceagent web server: {error}")


if __name__ == "__main__":
    main()
