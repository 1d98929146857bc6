"""Requests outside calls, such as OPTIONS and SUBSCRIBE, over a UDP socket of their own.

The SIP library sends none of its own that can be taken back, knows no other event package than
presence, and looks up names while calls wait. So these go another way, by asyncio alone.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import structlog

from voiceagent.config import Sip
from voiceagent.telephony import digest
from voiceagent.telephony.headers import name_addr, parameter, parse_headers

_FIRST_RETRY_S = 0.5
"""T1 of RFC 3261: the wait until a request is sent again; it doubles."""
_PORT = 5060

log = structlog.get_logger()


class NoAnswer(Exception):
    """Nobody has answered, or the address cannot be reached; the text says which."""


@dataclass(frozen=True)
class Message:
    """A SIP message that has arrived."""

    start: str
    headers: dict[str, str]
    """The first of each name, in lower case."""
    body: str
    lines: tuple[tuple[str, str], ...] = ()
    """All headers in order."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        text = data.decode(errors="replace")
        head, _, body = text.partition("\r\n\r\n")
        lines = tuple(parse_headers(head))
        return cls(head.split("\r\n", 1)[0], dict(reversed(lines)), body, lines)

    @property
    def code(self) -> int:
        """Status code of a response; 0 of a request."""
        words = self.start.split()
        response = len(words) > 1 and words[0] == "SIP/2.0" and words[1].isdecimal()
        return int(words[1]) if response else 0

    @property
    def reason(self) -> str:
        """A response's code and reason, such as "486 Busy Here"."""
        return self.start.partition(" ")[2]


@dataclass
class Dialog:
    """What requests that belong together have alike (RFC 3261, 12)."""

    uri: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    local_tag: str = field(default_factory=lambda: secrets.token_hex(6))
    remote: str = ""
    """Value of To once the other side has put its tag there."""
    sequence: int = 0

    def answered(self, response: Message) -> None:
        """Take in what a 2xx says of the dialog."""
        self.remote = response.headers.get("to", "")
        self.uri = name_addr(response.headers.get("contact", ""))[1] or self.uri


class Requests(asyncio.DatagramProtocol):
    """``async with Requests(settings) as requests``; `settings` as for the user agent.

    Args:
        on_notify: given each NOTIFY; returns the code that answers it.
    """

    def __init__(
        self, settings: Sip, on_notify: Callable[[Message], int] = lambda message: 481
    ) -> None:
        self.settings = settings
        self._on_notify = on_notify
        self._transport: asyncio.DatagramTransport | None = None
        self._awaited: dict[str, asyncio.Future[Message]] = {}

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self.settings.address, 0), family=socket.AF_INET
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.close()

    async def send(
        self,
        method: str,
        dialog: Dialog,
        headers: Sequence[tuple[str, str]] = (),
        timeout_s: float = 4.0,
        body: str = "",
    ) -> Message:
        """Send a request and return its final response; a challenge is answered.

        Args:
            body: its kind stands in `headers`.

        Raises:
            NoAnswer: there was none in time, or the name is not known.
        """
        response = await self._try(method, dialog, headers, timeout_s, body)
        for name, reply in (("www", "Authorization"), ("proxy", "Proxy-Authorization")):
            challenge = response.headers.get(f"{name}-authenticate")
            if response.code in (401, 407) and challenge and self.settings.password:
                user = self.settings.auth_user or self.settings.user
                try:
                    given = digest.answer(
                        challenge, method, dialog.uri, user, self.settings.password
                    )
                except digest.CannotAnswer as error:
                    log.warning("challenge.unknown", asks_for=str(error), uri=dialog.uri)
                    return response
                again = [*headers, (reply, given)]
                return await self._try(method, dialog, again, timeout_s, body)
        return response

    async def _try(
        self,
        method: str,
        dialog: Dialog,
        headers: Sequence[tuple[str, str]],
        timeout_s: float,
        body: str,
    ) -> Message:
        assert self._transport is not None
        branch = f"z9hG4bK{secrets.token_hex(10)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._awaited[branch] = answer
        try:
            async with asyncio.timeout(timeout_s):
                where = await self._address(self.settings.proxy or dialog.uri)
                request = self._text(method, dialog, headers, branch, where, body)
                wait = _FIRST_RETRY_S
                while not answer.done():
                    self._transport.sendto(request, where)
                    await asyncio.wait({answer}, timeout=wait)
                    wait *= 2
                return answer.result()
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {timeout_s:.0f} s") from error
        except OSError as error:
            raise NoAnswer(f"{dialog.uri} cannot be reached: {error.strerror}") from error
        finally:
            del self._awaited[branch]

    async def _address(self, uri: str) -> tuple[str, int]:
        host, port = _host_and_port(uri)
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM
        )
        return str(found[0][4][0]), port

    def _text(
        self,
        method: str,
        dialog: Dialog,
        headers: Sequence[tuple[str, str]],
        branch: str,
        where: tuple[str, int],
        body: str,
    ) -> bytes:
        settings = self.settings
        assert self._transport is not None
        port = self._transport.get_extra_info("sockname")[1]
        here = f"{settings.public_address or _own_address(where)}:{port}"
        domain = _domain(settings) or here
        dialog.sequence += 1
        lines = [
            f"{method} {dialog.uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};rport;branch={branch}",
            "Max-Forwards: 70",
            f"From: <sip:{settings.user}@{domain}>;tag={dialog.local_tag}",
            f"To: {dialog.remote or f'<{dialog.uri}>'}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {dialog.sequence} {method}",
            f"Contact: <sip:{settings.user}@{here}>",
            "User-Agent: voiceagent",
            *(f"{name}: {value}" for name, value in headers),
            f"Content-Length: {len(body.encode())}",
        ]
        # A MESSAGE has no Contact (RFC 3428, 4).
        kept = [line for line in lines if method != "MESSAGE" or not line.startswith("Contact:")]
        return "\r\n".join([*kept, "", body]).encode()

    # -- asyncio.DatagramProtocol ---------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        message = Message.read(data)
        if message.code >= 200:
            branch = parameter(f">{message.headers.get('via', '')}", "branch")
            awaited = self._awaited.get(branch)
            if awaited is not None and not awaited.done():
                awaited.set_result(message)
        elif message.start.startswith("NOTIFY "):
            self._answer(message, self._on_notify(message), addr)

    def _answer(self, request: Message, code: int, addr: tuple[str | Any, int]) -> None:
        assert self._transport is not None
        kept = ("via", "from", "to", "call-id", "cseq")
        lines = [f"{name}: {value}" for name, value in request.lines if name in kept]
        text = [f"SIP/2.0 {code} {'OK' if code == 200 else 'Unknown'}", *lines]
        self._transport.sendto("\r\n".join([*text, "Content-Length: 0", "", ""]).encode(), addr)

    def error_received(self, exc: Exception) -> None:
        """A refused datagram is as one that is not answered."""


def _domain(settings: Sip) -> str:
    return (settings.registrar or "").removeprefix("sips:").removeprefix("sip:")


def _host_and_port(uri: str) -> tuple[str, int]:
    bare = uri.partition(":")[2].partition(";")[0].partition("?")[0].rpartition("@")[2]
    host, _, port = bare.partition(":")
    return host, int(port) if port.isdecimal() else _PORT


def _own_address(where: tuple[str, int]) -> str:
    """The address of this machine that the other side sees."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(where)
        return str(probe.getsockname()[0])
