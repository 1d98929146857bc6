"""The C interface behind pjsua2, for what pjsua2 does not offer. Used on the SIP thread only."""

from __future__ import annotations

import ctypes
import functools
import re
from pathlib import Path

import pjsua2 as pj

_START = re.compile(rb"SIP/2\.0 \d{3}\b|[\w.!%*+`'~-]+ [A-Za-z]+:\S")
SUCCESS = 0
_POOL = 4000
_NEAR = 1024
"""Octets from the beginning of the library's structure within which the message begins."""


@functools.cache
def library() -> ctypes.CDLL:
    """PJSIP."""
    sip = ctypes.CDLL(str(next(Path(pj.__file__).parent.glob("_pjsua2*.so"))))
    for name in ("pjsua_get_pjsip_endpt", "pjsip_rdata_get_tsx", "pjsua_pool_create"):
        getattr(sip, name).restype = ctypes.c_void_p  # an int, as is assumed, is half of it
    return sip


def message_at(received: int) -> tuple[int, str]:
    """Where the text of a message begins, and the text.

    Args:
        received: where the library keeps the message with what it knows of it
            (``pjsip_rx_data``); the text stands near the beginning and ends with an octet of 0.

    Raises:
        LookupError: no message is there.
    """
    found = _START.search(ctypes.string_at(received, 2 * _NEAR))
    if found is None or found.start() > _NEAR:
        raise LookupError("the library keeps its messages elsewhere")
    begin = received + found.start()
    return begin, ctypes.string_at(begin).decode("utf-8", "surrogateescape")


def is_sdp(body: str) -> bool:
    """Whether the library can read an SDP."""
    sip = library()
    octets = body.encode("utf-8", "surrogateescape")
    text, session = ctypes.create_string_buffer(octets), ctypes.c_void_p()
    pool = ctypes.c_void_p(
        sip.pjsua_pool_create(b"sdp", ctypes.c_size_t(_POOL), ctypes.c_size_t(_POOL))
    )
    try:
        length = ctypes.c_size_t(len(octets))
        if sip.pjmedia_sdp_parse(pool, text, length, ctypes.byref(session)) != SUCCESS:
            return False
        return bool(sip.pjmedia_sdp_validate(session) == SUCCESS)
    finally:
        sip.pj_pool_release(pool)
