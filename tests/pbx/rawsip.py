"""The least of SIP over UDP, to test the PBX kit without the project's own phones."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import time
from types import TracebackType
from typing import Self


class Message:
    """A SIP message as text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.head, _, self.body = text.partition("\r\n\r\n")
        self.start = self.head.split("\r\n", 1)[0]
        self.source = ("", 0)
        """Where it came from."""

    @property
    def code(self) -> int:
        """Status code of a response, 0 of a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Method of a request, or of the one that a response answers."""
        return self.one("CSeq").split()[1]

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return re.findall(rf"(?im)^{re.escape(name)}\s*:\s*(.*?)\r?$", self.head)

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


class Phone:
    """A socket that sends requests and answers them by hand."""

    def __init__(self, user: str, server: tuple[str, int], host: str = "127.0.0.1", port: int = 0):
        self.user, self.server = user, server
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.host, self.port = self._socket.getsockname()
        self._call_id = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._socket.close()

    def request(
        self,
        method: str,
        to: str,
        headers: dict[str, str] | None = None,
        body: str = "",
        cseq: int = 1,
        call_id: str = "",
    ) -> Message:
        """Send a request to the server and return it as it was sent."""
        lines = [
            f"{method} {to} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            f"From: <sip:{self.user}@{self.server[0]}>;tag={secrets.token_hex(4)}",
            f"To: <sip:{self.user}@{self.server[0]}>" if method == "REGISTER" else f"To: <{to}>",
            f"Call-ID: {call_id or secrets.token_hex(8)}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.user}@{self.host}:{self.port}>",
            "Max-Forwards: 70",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        message = Message("\r\n".join(lines) + "\r\n\r\n" + body)
        self._call_id = message.one("Call-ID")
        self._socket.sendto(message.text.encode(), self.server)
        return message

    def answer(self, request: Message, code: int, reason: str) -> None:
        """Respond to a request."""
        lines = [f"SIP/2.0 {code} {reason}"]
        lines += [f"Via: {value}" for value in request.all("Via")]
        lines += [f"{name}: {request.one(name)}" for name in ("From", "Call-ID", "CSeq")]
        lines += [f"To: {request.one('To')};tag=raw", "Content-Length: 0"]
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), self.server)

    def expect(self, *wanted: int | str, timeout_s: float = 5.0) -> Message:
        """The next response to the last request with one of these codes, or request with one of
        these methods.

        Raises:
            TimeoutError: none came in time.
        """
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                message = Message(self._socket.recv(65536).decode())
            except TimeoutError:
                break
            if message.code and message.one("Call-ID") != self._call_id:
                continue
            if (message.code or message.start.split()[0]) in wanted:
                return message
        raise TimeoutError(f"{self.user}: none of {wanted} within {timeout_s} s")

    def register(self, password: str) -> Message:
        """Register with a digest (RFC 2617, MD5) and return the final response."""
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        call_id = secrets.token_hex(8)
        self.request("REGISTER", uri, {"Expires": "60"}, call_id=call_id)
        answer = self.expect(401)
        given = credentials(answer, "REGISTER", uri, self.user, password)
        self.request(
            "REGISTER",
            uri,
            {"Expires": "60", "Authorization": given},
            cseq=2,
            call_id=call_id,
        )
        return self.expect(200, 401, 403)


def credentials(challenge: Message, method: str, uri: str, user: str, password: str) -> str:
    """The answer to a 401 or 407 (RFC 2617, MD5, with qop)."""
    (asked,) = challenge.all("WWW-Authenticate") or challenge.all("Proxy-Authenticate")
    values = dict(re.findall(r'(\w+)="?([^",]+)', asked))
    realm, nonce = values["realm"], values["nonce"]
    nc, cnonce = "00000001", secrets.token_hex(4)
    response = proof(user, realm, password, method, uri, f"{nonce}:{nc}:{cnonce}:auth")
    given = (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc={nc}, cnonce="{cnonce}"'
    )
    return given + (f', opaque="{values["opaque"]}"' if "opaque" in values else "")


def proof(user: str, realm: str, password: str, method: str, uri: str, middle: str) -> str:
    """The response of a digest (RFC 2617, 3.2.2.1); `middle` is what stands between the hashes."""
    return _md5(f"{_md5(f'{user}:{realm}:{password}')}:{middle}:{_md5(f'{method}:{uri}')}")


def sdp(host: str, port: int = 40000) -> str:
    """An offer of mu-law audio."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
