"""The SIP library made ready: endpoint, transport and account from the settings."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence

import pjsua2 as pj
import structlog

from voiceagent.config import Sip
from voiceagent.telephony.callbacks import guarded
from voiceagent.telephony.headers import readable
from voiceagent.telephony.pjsip import library

log = structlog.get_logger()

_MORE_THAN_ANY_BUILD = 256
_COMPLAINTS = 2
"""Level at which the library tells of errors."""
_TRANSACTION_MS = 12_000
"""Until a request without any answer has failed, for the 32 s of RFC 3261 (17.1.1.2, timer B): a
phone that is not there keeps a caller waiting, and takes up one of few legs."""


def create_endpoint(settings: Sip) -> pj.Endpoint:
    """An endpoint without threads of its own; its sound goes nowhere."""
    config = pj.EpConfig()
    complaints = _Complaints()
    complaints.__disown__()  # the endpoint deletes it
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.userAgent = "voiceagent"
    config.uaConfig.maxCalls = _MORE_THAN_ANY_BUILD
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    config.medConfig.audioFramePtime = 20
    config.medConfig.ecTailLen = 0
    config.medConfig.noVad = True
    config.medConfig.sndAutoCloseTime = -1
    config.logConfig.consoleLevel = config.logConfig.level = _COMPLAINTS
    config.logConfig.writer = complaints
    if settings.trace is not None:
        settings.trace.parent.mkdir(parents=True, exist_ok=True)
        config.logConfig.level = 4
        config.logConfig.msgLogging = True
        config.logConfig.filename = str(settings.trace)
    else:
        config.logConfig.msgLogging = False

    endpoint = _Endpoint()
    with _quiet_stdout():
        endpoint.libCreate()
        endpoint.libInit(config)
    library().pjsip_tsx_set_timers(0, 0, 0, _TRANSACTION_MS)
    endpoint.audDevManager().setNullDev()
    return endpoint


def open_transport(endpoint: pj.Endpoint, settings: Sip) -> tuple[int, str]:
    """Open the UDP port; its id, and its address as ``host:port``."""
    transport = pj.TransportConfig()
    transport.port = settings.port
    transport.boundAddress = settings.address
    if settings.public_address:
        transport.publicAddress = settings.public_address
    identifier = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    local = str(endpoint.transportGetInfo(identifier).localName)
    return identifier, local


def account_config(settings: Sip, local: str, transport: int) -> pj.AccountConfig:
    """The agent's address of record, reached at `local` by this transport."""
    account = pj.AccountConfig()
    domain = (settings.registrar or "").removeprefix("sip:").removeprefix("sips:") or local
    account.idUri = f"sip:{settings.user}@{domain}"
    account.sipConfig.transportId = transport
    if settings.proxy:
        account.sipConfig.proxies.append(f"{settings.proxy};lr")
    if settings.registrar:
        account.regConfig.registrarUri = settings.registrar
        account.regConfig.timeoutSec = settings.expires_s
        account.regConfig.retryIntervalSec = 5
    if settings.password:
        user = settings.auth_user or settings.user
        credentials = pj.AuthCredInfo("digest", "*", user, 0, settings.password)
        account.sipConfig.authCreds.append(credentials)
    account.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    account.callConfig.timerSessExpiresSec = settings.session_expires_s
    media = account.mediaConfig
    media.transportConfig.port = settings.rtp_port_min
    media.transportConfig.portRange = settings.rtp_port_count
    media.transportConfig.boundAddress = settings.address
    if settings.public_address:
        media.transportConfig.publicAddress = settings.public_address
    return account


def order_codecs(endpoint: pj.Endpoint, wanted: Sequence[str]) -> None:
    """Offer these codecs, best first, and no others."""
    for codec in endpoint.codecEnum2():
        name = codec.codecId.split("/")[0]
        priority = 200 - wanted.index(name) if name in wanted else 0
        endpoint.codecSetPriority(codec.codecId, priority)


def max_calls() -> int:
    """How many calls the library was built for (PJSUA_MAX_CALLS), to which it cuts the wish."""
    return int(library().pjsua_call_get_max_count())


@contextlib.contextmanager
def _quiet_stdout() -> Iterator[None]:
    """The library prints to file descriptor 1 until its log settings apply."""
    sys.stdout.flush()
    kept = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(null)
        os.close(kept)


class _Endpoint(pj.Endpoint):  # type: ignore[misc]
    """Tells of calls that the library has refused before anybody was asked."""

    @guarded
    def onRejectedIncomingCall(self, prm: pj.OnRejectedIncomingCallParam) -> None:
        mend = _MENDS.get(prm.statusCode, "see the Warning of the answer, with sip.trace")
        source = prm.rdata.srcAddress
        log.warning(
            "invite.refused", code=prm.statusCode, reason=prm.reason, source=source, mend=mend
        )


class _Complaints(pj.LogWriter):  # type: ignore[misc]
    """Passes on what the library says of messages that it cannot read."""

    @guarded
    def write(self, entry: pj.LogEntry) -> None:
        if found := _DROPPED.search(entry.msg):
            mend = "the sender's header is broken; for the message set sip.trace"
            log.warning(
                "message.unreadable", source=found[1], why=readable(found[2].strip()), mend=mend
            )


_DROPPED = re.compile(r"Dropping \d+ bytes packet from \w+ (\S+) : ([^\r\n]*)")
_MENDS = {
    400: "the header or SDP line that the answer's Warning names is broken",
    415: "the INVITE's body must be application/sdp, or hold one",
    420: "what its Require asks for is unknown here: switch it off on the PBX",
    422: "its Session-Expires must be at least 90 s",
    480: "sips: is not spoken here: send sip:",
    481: "the call that its Replaces names is not here, or no more",
    482: "the same INVITE came by two ways: let the proxy fork to this address once",
    486: "all legs are in use: run more lines, or send fewer calls at once",
    488: "offer PCMU or PCMA as in sip.codecs, as RTP/AVP, not SRTP, over IPv4",
    500: "its Contact must be a sip: URI at an IPv4 address",
}
