"""Requests within a call that the library leaves unanswered, or reads wrongly.

Keys come by INFO in two forms that no RFC describes: ``application/dtmf-relay``, a line such as
``Signal=5`` and one with the duration, and ``application/dtmf``, the key alone. The library knows
the first only; it ends the process where the duration is missing, and takes 11, which is #, for 1.
Probes by OPTIONS or an empty INFO, by which some PBXs see whether a call is still there, it
refuses. So it is helped here, by what its C interface offers, on the SIP thread.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass

from voiceagent.telephony.headers import body_of, parse_headers
from voiceagent.telephony.pjsip import SUCCESS, library, message_at

_RELAY, _PLAIN = "application/dtmf-relay", "application/dtmf"
_ANSWERED = {"application/media_control+xml", "application/trickle-ice-sdpfrag"}
"""Kinds of INFO that the library answers itself."""
_SIGNAL = re.compile(r"^\s*signal\s*=\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_KEYS = {str(number): key for number, key in enumerate("0123456789*#ABCD")}
_OK, _BAD, _UNSUPPORTED = 200, 400, 415
_HEAD = re.compile(rb"\r?\n\r?\n")
_ROOM = 2000
"""Octets that the library has at least for a message; 4000 where nobody has changed it."""


@dataclass(frozen=True)
class Answer:
    """What becomes of a request."""

    code: int = 0
    """The answer to be sent; 0 where the library sends it."""
    key: str = ""
    """The key that was pressed, where the library does not tell."""
    body: bytes | None = None
    """What the library shall read in place of the body; None for the body itself."""
    why: str = ""
    """Why it cannot be read, for the log."""


def answer(method: str, message: str) -> Answer:
    """What to answer to a request within a call."""
    if method == "OPTIONS":
        return Answer(_OK)
    if method != "INFO":
        return Answer()
    kinds = [
        "".join(value.partition(";")[0].split()).lower()
        for name, value in parse_headers(message)
        if name == "content-type"
    ]
    key = key_of(body_of(message))
    if _RELAY in kinds:
        relayed = f"Signal={key}\r\n".encode() if key else b""
        return Answer(body=relayed, why="" if key else f"no key in {_RELAY}")
    if not kinds:
        return Answer(_OK)
    if not _ANSWERED.isdisjoint(kinds):
        return Answer()
    if kinds[0] != _PLAIN:
        return Answer(_UNSUPPORTED, why=kinds[0])
    return Answer(_OK, key) if key else Answer(_BAD, why=f"no key in {_PLAIN}")


def key_of(body: str) -> str:
    """The key that the body of an INFO tells of; empty when there is none, as for a hook flash."""
    found = _SIGNAL.search(body)
    signal = (found[1] if found else body.strip()).upper()
    return _KEYS.get(signal, signal if signal in _KEYS.values() else "")


def respond(request: int, code: int) -> None:
    """Answer a request; `request` is where the library keeps it."""
    response = ctypes.c_void_p()
    received = ctypes.c_void_p(request)
    sip = library()
    transaction = sip.pjsip_rdata_get_tsx(received)
    endpoint = ctypes.c_void_p(sip.pjsua_get_pjsip_endpt())
    made = sip.pjsip_endpt_create_response(endpoint, received, code, None, ctypes.byref(response))
    if made == SUCCESS:
        sip.pjsip_tsx_send_msg(ctypes.c_void_p(transaction), response)


def rewrite(request: int, body: bytes) -> None:
    """Have the library read another body, which ends with an octet of 0."""
    begin, message = message_at(request)
    raw = message.encode("utf-8", "surrogateescape")
    if (head := _HEAD.search(raw)) is None:
        return
    fits = head.end() + len(body) < max(len(raw), _ROOM)
    written = (body if fits else b"") + b"\0"
    ctypes.memmove(begin + head.end(), written, len(written))
