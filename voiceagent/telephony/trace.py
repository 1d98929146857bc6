"""SIP messages read back from PJSIP's own log.

The log is what the library wrote of every message it sent and received, so it shows the wire
and not what the program believes to have done. It holds personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

logger = structlog.get_logger()

COMPACT_FORMS = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
"""One-letter header names (RFC 3261, 7.3.3, and IANA's registry of header fields)."""

_REQUEST = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+) (\S+) SIP/2\.0")
_RESPONSE = re.compile(r"SIP/2\.0 (\d{3})(?: (.*))?")
_LINE_END = re.compile(r"\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_BLANK_LINE = re.compile(r"\r?\n\r?\n")
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;,\s]+)", re.IGNORECASE)

_HEADING = re.compile(
    rb"^(?:.* )?(?P<clock>\d\d:\d\d:\d\d\.\d{3}) +pjsua_core\.c [ !]?\.*"
    rb"(?P<way>TX|RX) (?P<size>\d+) bytes .+? (?:to|from) (?P<transport>\w+) (?P<peer>\S+):\r?\n",
    re.MULTILINE,
)
_END = re.compile(rb"\r?\n--end msg--")
_CLOCK_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class SipMessage:
    """One SIP message and where it was seen."""

    at: float
    """When it was sent or received, Unix seconds."""
    sent: bool
    """Sent by the party whose log this is; received otherwise."""
    peer: str
    """The other side, ``host:port``."""
    transport: str
    """``UDP``, ``TCP``, ``TLS`` and so on."""
    start_line: str
    method: str
    """The request's method; of a response, the method it answers (from CSeq)."""
    status: int | None
    """Status code of a response, None for a request."""
    cseq: int | None
    call_id: str
    headers: tuple[tuple[str, str], ...]
    """Names (compact forms written out) and unfolded values, in order."""
    body: str
    text: str
    """The message as it was, with its line ends made plain."""
    whole: bool = True
    """False when the log ends or was cut within the message."""

    @property
    def is_request(self) -> bool:
        return self.status is None

    @property
    def branch(self) -> str:
        """Branch of the topmost Via, empty when there is none (RFC 3261, 8.1.1.7)."""
        found = _BRANCH.search(self.header("Via") or "")
        return found[1] if found else ""

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, or None."""
        return next(iter(self.header_values(name)), None)

    def header_values(self, name: str) -> list[str]:
        """Values of all headers of that name, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def parse_message(
    text: str,
    *,
    at: float = 0.0,
    sent: bool = False,
    peer: str = "",
    transport: str = "",
    whole: bool = True,
) -> SipMessage:
    """Take a SIP message apart (RFC 3261, 7). Lines may end in CRLF or LF.

    A header line without a colon is passed over, so that a cut message can still be shown.

    Raises:
        ValueError: the first line is neither a request line nor a status line.
    """
    text = text.lstrip("\r\n")
    head, *rest = _BLANK_LINE.split(text, maxsplit=1)
    start_line, *lines = _LINE_END.split(_FOLD.sub(" ", head))
    headers = tuple(_header(line) for line in lines if ":" in line)
    cseq, _, cseq_method = _first(headers, "CSeq").partition(" ")
    if request := _REQUEST.fullmatch(start_line):
        method, status = request[1], None
    elif response := _RESPONSE.fullmatch(start_line):
        method, status = cseq_method.strip(), int(response[1])
    else:
        raise ValueError(f"not the first line of a SIP message: {start_line[:80]!r}")
    return SipMessage(
        at=at,
        sent=sent,
        peer=peer,
        transport=transport,
        start_line=start_line,
        method=method,
        status=status,
        cseq=int(cseq) if cseq.isascii() and cseq.isdigit() else None,
        call_id=_first(headers, "Call-ID"),
        headers=headers,
        body="".join(rest),
        text=text.replace("\r\n", "\n"),
        whole=whole,
    )


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    name = name.strip()
    return COMPACT_FORMS.get(name.lower(), name), value.strip()


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name.lower()), "")


def read_trace(path: Path, started_at: float) -> list[SipMessage]:
    """Read the messages of a PJSIP log file; see `parse_trace`.

    Raises:
        OSError: the file cannot be read.
    """
    return parse_trace(path.read_bytes(), started_at)


def parse_trace(log: bytes, started_at: float) -> list[SipMessage]:
    """Find the messages in a PJSIP log (`msgLogging` on, level 4 or more), oldest first.

    The log gives the local time of day only. `started_at` (Unix seconds) supplies the date: a
    time at most an hour after the first message and less than 23 hours before it.
    """
    messages = []
    now = datetime.fromtimestamp(started_at)
    for heading, text, whole in _blocks(log):
        now = _next_time(now, heading["clock"].decode("ascii"))
        try:
            message = parse_message(
                text,
                at=now.timestamp(),
                sent=heading["way"] == b"TX",
                peer=heading["peer"].decode("utf-8", "replace"),
                transport=heading["transport"].decode("ascii", "replace"),
                whole=whole,
            )
        except ValueError:
            logger.warning("sip_trace_unreadable_message", at=now.isoformat(), octets=len(text))
            continue
        messages.append(message)
    return messages


def _blocks(log: bytes) -> Iterator[tuple[re.Match[bytes], str, bool]]:
    """Headings with their messages; the length in the heading says where a message ends, so a
    body that looks like a log does no harm."""
    position = 0
    while heading := _HEADING.search(log, position):
        start = heading.end()
        stop = start + int(heading["size"])
        whole = _END.match(log, stop) is not None
        if not whole:
            stop = min(
                (found.start() for p in (_END, _HEADING) if (found := p.search(log, start))),
                default=len(log),
            )
        yield heading, log[start:stop].decode("utf-8", "replace"), whole
        position = stop


def _next_time(previous: datetime, clock: str) -> datetime:
    time_of_day = datetime.strptime(clock, "%H:%M:%S.%f").time()
    moment = datetime.combine((previous - _CLOCK_SLACK).date(), time_of_day)
    if moment < previous - _CLOCK_SLACK:
        moment += timedelta(days=1)
    return moment
