"""Where a Wyoming service is, as the settings write it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import AfterValidator

_LONGEST_SOCKET_PATH = 100


class Address(NamedTuple):
    """Where a Wyoming service listens: a path, or a host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"tcp:{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """As the wyoming library wants it."""
        return f"unix://{self.path}" if self.path else f"tcp://{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read "unix:/path" or "tcp:host:port"; two slashes after the scheme are allowed.

    Raises:
        ValueError: it is neither.
    """
    scheme, _, rest = text.partition(":")
    rest = rest.removeprefix("//")
    if scheme == "unix" and rest.startswith("/"):
        if len(rest.encode()) > _LONGEST_SOCKET_PATH:
            raise ValueError(
                f"{text}: a socket's path has at most {_LONGEST_SOCKET_PATH} bytes: "
                "give a shorter one"
            )
        return Address(path=rest)
    host, _, port = rest.rpartition(":")
    if scheme == "tcp" and host and port.isdecimal() and 0 < int(port) < 65536:
        return Address(host=host.strip("[]"), port=int(port))
    raise ValueError(f"{text}: is not an address: write unix:/path or tcp:host:port")


def _checked(value: str) -> str:
    if value:
        parse_address(value)
    return value


ServiceAddress = Annotated[str, AfterValidator(_checked)]
"""Address of a Wyoming service; empty for the own one."""
