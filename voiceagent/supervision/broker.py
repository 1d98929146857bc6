"""The embedded broker: MQTT 3.1.1 (amqtt) in a process of its own, for one machine.

``python -m voiceagent.supervision.broker --address 127.0.0.1:1883`` prints one line of JSON,
``{"url": "mqtt://127.0.0.1:1883", "port": 1883}``, when it is ready, and ends on SIGTERM
or when its parent dies: `voiceagent.children.Child` runs it. Ctrl-C is its parent's business,
whose last events it still passes on. It knows no users: leave it on loopback, and name a broker
of your own in ``mqtt.url`` for more than one machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys

import click
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.session import Session

from voiceagent import children
from voiceagent.config import ConfigError
from voiceagent.supervision.address import split_address
from voiceagent.urls import in_url

_STUCK_MS = 60_000


class _Broker(Broker):  # type: ignore[misc]
    """amqtt, without a leak: it sends every new connection all that others have subscribed to."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        holders = self._subscriptions.get(subscription[0], [])
        if any(holder.client_id == session.client_id for holder, _ in holders):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class _Reader(StreamReaderAdapter):  # type: ignore[misc]
    """A reader whose connection can time out: amqtt takes that for a pause and spins for ever."""

    async def read(self, n: int = -1) -> bytes:
        try:
            data: bytes = await super().read(n)
        except TimeoutError as error:
            raise ConnectionResetError("the other side takes nothing any more") from error
        return data


async def serve(host: str, port: int) -> None:
    """Serve for ever; prints the ready line."""
    config = BrokerConfig(
        listeners={"default": ListenerConfig(type=ListenerType.EXTERNAL)},
        plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    )
    broker = _Broker(config)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if sys.platform == "linux":
            # A subscriber that stands still would have the broker collect messages for ever.
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STUCK_MS)
        await broker.external_connected(_Reader(reader), StreamWriterAdapter(writer), "default")

    server = await asyncio.start_server(connected, host, port, start_serving=False)
    await broker.start()
    await server.start_serving()
    real = server.sockets[0].getsockname()[1]
    print(json.dumps({"url": f"mqtt://{in_url(host)}:{real}", "port": real}), flush=True)
    # Nothing is kept on disk, so SIGTERM needs no handler; amqtt's own shutdown can hang.
    await asyncio.Event().wait()


def _quiet() -> None:
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    # Somebody who only looks whether the port is open, or who takes no messages, is no error.
    no_errors = ("No data from", "Task failed and will be skipped")
    logging.getLogger("amqtt.broker").addFilter(
        lambda record: not record.getMessage().startswith(no_errors)
    )


@click.command()
@click.option("--address", default="127.0.0.1:1883", show_default=True, help="host:port; 0 = any.")
def main(address: str) -> None:
    """Run the embedded MQTT broker."""
    children.end_with_parent()
    _quiet()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        host, port = split_address(address)
        asyncio.run(serve(host, port))
    except (ConfigError, OSError) as error:
        raise click.ClickException(f"the broker cannot listen on {address}: {error}") from error


if __name__ == "__main__":
    main()
