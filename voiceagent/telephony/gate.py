"""What the library shall not see, or does not answer: two modules of our own in its stack.

The first looks at each message before the library does. A MESSAGE that is no text is refused
there, which the library would take for received. Kept out is what makes the library end the
process: an ACK without a tag, early media that cannot be heard, and a Contact that cannot be
reached over UDP unless it can be mended. The last gets the requests that nobody wanted, which
would get no answer.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterable, Set as AbstractSet

import structlog

from voiceagent.telephony.headers import body_of, first_headers, name_addr, parameter
from voiceagent.telephony.paging import is_text
from voiceagent.telephony.pjsip import is_sdp, library, message_at

_FIRST, _LAST = 12, 99
"""Priorities: after the transport (8) and before transactions (16); after applications (64)."""
_OTHER_TRANSPORT = re.compile(r";\s*transport\s*=\s*(?!udp\b)(\w+)", re.IGNORECASE)
_CONTACT = re.compile(r"^(?:contact|m)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_SAME_LENGTH = ("tcp", "tls")
_MEND = "have the PBX put its own address there, or record its route"
_FORMATS = {"PCMU": "0", "PCMA": "8", "G722": "9"}
"""Their numbers in RTP (RFC 3551, 6)."""
_AUDIO = re.compile(r"^m=audio [1-9]\d*(?:/\d+)? RTP/AVPF? ([\d ]+)", re.MULTILINE)
_IPV4 = re.compile(r"^c=IN IP4 ", re.MULTILINE)
_UNSUPPORTED_MEDIA, _NO_CALL, _BAD_EVENT, _NOT_IMPLEMENTED = 415, 481, 489, 501

log = structlog.get_logger()
_Handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _Module(ctypes.Structure):
    """``pjsip_module`` (pjsip/sip_module.h)."""

    _fields_ = (
        ("prev", ctypes.c_void_p),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("name_length", ctypes.c_ssize_t),
        ("id", ctypes.c_int),
        ("priority", ctypes.c_int),
        ("load", ctypes.c_void_p),
        ("start", ctypes.c_void_p),
        ("stop", ctypes.c_void_p),
        ("unload", ctypes.c_void_p),
        ("on_rx_request", _Handler),
        ("on_rx_response", _Handler),
        ("on_tx_request", ctypes.c_void_p),
        ("on_tx_response", ctypes.c_void_p),
        ("on_tsx_state", ctypes.c_void_p),
    )


class Gate:
    """Both modules. To be kept for as long as the library runs; used on the SIP thread."""

    def __init__(self, codecs: Iterable[str]) -> None:
        self._formats = {_FORMATS[codec] for codec in codecs}
        self._endpoint = ctypes.c_void_p(library().pjsua_get_pjsip_endpt())
        self._modules = (
            _module(b"gate-first", _FIRST, self._first, self._first),
            _module(b"gate-last", _LAST, self._last, lambda received, message: False),
        )
        for module in self._modules:
            library().pjsip_endpt_register_module(self._endpoint, ctypes.byref(module))

    def _first(self, received: int, message: str) -> bool:
        """Whether a message goes no further."""
        if stray(message):
            return True
        early = early_answer(message)
        if early and not (can_be_heard(early, self._formats) and is_sdp(early)):
            # Another may follow: the call may be forked, or an announcement comes before the phone
            # answers. The library gives the call up, and at the other answer ends the process.
            log.warning("early_media.unheard", mend="answer with what was offered: see sip.codecs")
            return True
        if refused := refusal(message):
            log.warning("message.refused", code=refused, mend="only text/plain is read")
            self._respond(received, refused)
            return True
        contact = unreachable(message)
        if contact is None:
            return False
        log.warning("contact.not_udp", contact=contact, mend=_MEND)
        mended = mend(contact)
        begin, text = message_at(received)
        header = _CONTACT.search(text)
        place = text.find(contact, header.end()) if header and mended else -1
        if place >= 0:
            octets = mended.encode("utf-8", "surrogateescape")
            before = len(text[:place].encode("utf-8", "surrogateescape"))
            ctypes.memmove(begin + before, octets, len(octets))
            return False
        # Without an answer the call to a person ends as one that nobody takes.
        return message.startswith("SIP/2.0 ")

    def _last(self, received: int, message: str) -> bool:
        code = unwanted(message)
        if code:
            self._respond(received, code)
        return bool(code)

    def _respond(self, received: int, code: int) -> None:
        library().pjsip_endpt_respond_stateless(
            self._endpoint, ctypes.c_void_p(received), code, None, None, None
        )


def _module(
    name: bytes,
    priority: int,
    request: Callable[[int, str], bool],
    response: Callable[[int, str], bool],
) -> _Module:
    def handler(look: Callable[[int, str], bool]) -> Callable[[int], int]:
        def handle(received: int) -> int:
            try:
                return int(look(received, message_at(received)[1]))
            except Exception:
                log.exception("gate.failed")
                return 0

        return _Handler(handle)

    return _Module(
        name=name,
        name_length=len(name),
        id=-1,
        priority=priority,
        on_rx_request=handler(request),
        on_rx_response=handler(response),
    )


def method_of(message: str) -> str:
    """Method of a request; the library does not mind its case."""
    return message.partition(" ")[0].upper()


def stray(message: str) -> bool:
    """Whether it is an ACK without the tag of the answer that it acknowledges.

    The library takes it for the INVITE come by another way, answers it, and ends the process.
    """
    if method_of(message) != "ACK":
        return False
    return not parameter(first_headers(message).get("to", ""), "tag")


def early_answer(message: str) -> str:
    """The SDP of a provisional response; empty for everything else."""
    if not message.startswith("SIP/2.0 1"):
        return ""
    kind = first_headers(message).get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/sdp":
        return ""
    return body_of(message).strip(" ")


def can_be_heard(answer: str, formats: AbstractSet[str]) -> bool:
    """Whether an SDP has audio in one of these formats, over IPv4 and in the clear."""
    audio = _AUDIO.search(answer)
    heard = audio is not None and not formats.isdisjoint(audio[1].split())
    return heard and _IPV4.search(answer) is not None


def refusal(message: str) -> int:
    """What to answer to a MESSAGE that is no text; 0 to everything else."""
    if method_of(message) != "MESSAGE":
        return 0
    kind = first_headers(message).get("content-type", "")
    return 0 if not kind or is_text(kind) else _UNSUPPORTED_MEDIA


def unreachable(message: str) -> str | None:
    """URI of a Contact that requests of ours cannot go to by UDP, None when they can.

    Only where a dialog begins, and without a recorded route, which they would take.
    """
    if method_of(message) != "INVITE" and not message.startswith("SIP/2.0 2"):
        return None
    first = first_headers(message)
    if not first.get("cseq", "").upper().endswith("INVITE"):
        return None
    uri = name_addr(first.get("contact", ""))[1] if "contact" in first else "sip:"
    scheme = uri.partition(":")[0].lower()
    if "record-route" in first and scheme in ("sip", "sips"):
        return None
    return uri if scheme != "sip" or _OTHER_TRANSPORT.search(uri) else None


def mend(contact: str) -> str:
    """The URI with UDP for its transport, as long as it is; empty when that cannot be."""
    found = _OTHER_TRANSPORT.search(contact)
    if not contact.lower().startswith("sip:") or not found:
        return ""
    if found[1].lower() not in _SAME_LENGTH:
        return ""
    return f"{contact[: found.start(1)]}udp{contact[found.end(1) :]}"


def unwanted(message: str) -> int:
    """What to answer to a request that nobody took; 0 for an ACK."""
    method = method_of(message)
    if method == "ACK":
        return 0
    first = first_headers(message)
    if parameter(first.get("to", ""), "tag"):
        return _NO_CALL
    if method in ("BYE", "UPDATE", "PRACK", "INFO"):
        return _NO_CALL
    return _BAD_EVENT if method in ("NOTIFY", "SUBSCRIBE") else _NOT_IMPLEMENTED
