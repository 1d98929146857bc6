"""Parameters of what the SIP library is asked to do with a call."""

from __future__ import annotations

from collections.abc import Sequence

import pjsua2 as pj

Headers = Sequence[tuple[str, str]]


def call_options(
    *, code: int = 0, reason: str = "", headers: Headers = (), flag: int = 0
) -> pj.CallOpParam:
    """Parameters of a call operation: one audio stream, no video."""
    options = pj.CallOpParam(True)
    options.opt.audioCount = 1
    options.opt.videoCount = 0
    options.opt.flag |= flag
    options.statusCode = code
    options.reason = reason
    for name, value in headers:
        header = pj.SipHeader()
        header.hName = name
        header.hValue = value
        options.txOption.headers.append(header)
    return options
