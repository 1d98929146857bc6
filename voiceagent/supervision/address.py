"""Where the broker is and how to connect to it."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import aiomqtt

from voiceagent import config
from voiceagent.urls import in_url

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_REFUSED = 0x80
"""Return code of a subscription that failed (MQTT 3.1.1, section 3.9.3)."""


class Refused(aiomqtt.MqttError):
    """The broker takes the connection, but not a subscription."""


class Client(aiomqtt.Client):
    """A client that says so when a subscription is refused, where others would wait for ever."""

    async def subscribe(self, /, topic: Any, *args: Any, **kwargs: Any) -> Any:
        """Subscribe to a topic filter.

        Raises:
            Refused: the broker does not allow it.
            aiomqtt.MqttError: the connection is lost.
        """
        codes: Sequence[Any] = await super().subscribe(topic, *args, **kwargs)
        if any(code >= _REFUSED for code in codes):
            raise Refused(f"{topic} may not be read here: allow it to the user of mqtt.url")
        return codes


@dataclass(frozen=True)
class Address:
    """A broker's address, with what is needed to be let in."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, mqtt: config.Mqtt, url: str = "") -> Self:
        """The broker of the settings: `url`, else ``mqtt.url``, else the embedded one.

        Raises:
            ConfigError: it is not an address, or the CA file cannot be read.
        """
        url = url or mqtt.url or f"mqtt://{mqtt.embedded_address}"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise config.ConfigError(f"mqtt.url: {error}: write mqtt://host:1883") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise config.ConfigError(
                "mqtt.url: is not an address of a broker: "
                "write mqtt://user:password@host:1883 or mqtts://host:8883"
            )
        if port == 0:
            raise config.ConfigError(
                "mqtt.embedded_address: port 0 is another one at each start: "
                "give a port, or the broker's URL"
            )
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=_tls_context(mqtt.ca_file) if parts.scheme == "mqtts" else None,
        )

    def __str__(self) -> str:
        """The address without its password."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{in_url(self.host)}:{self.port}"

    def client(self, name: str, will: aiomqtt.Will | None = None) -> Client:
        """A client that is not connected yet; `name` begins its client id."""
        return Client(
            self.host,
            self.port,
            username=self.user,
            password=self.password,
            identifier=f"voiceagent-{name}-{uuid.uuid4().hex[:8]}",
            tls_context=self.tls,
            will=will,
            timeout=5.0,
            keepalive=15,
        )


def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[v6]:port``.

    Raises:
        ConfigError: it is not such an address.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise config.ConfigError(
            f"mqtt.embedded_address: {address!r} is not host:port, such as 127.0.0.1:1883"
        )
    return host, int(port)


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise config.ConfigError(
            f"mqtt.ca_file: {ca_file} is not a readable certificate in PEM: {error}"
        ) from error
