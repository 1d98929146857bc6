"""A call leg: one SIP dialog with its audio, as asyncio sees it.

`SipCall` lives on the SIP thread and does what the library calls back for; `Leg` is its
handle in the event loop. A leg outlives its dialog: asking a finished leg for something is
answered by silence, since a caller may hang up at any instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pjsua2 as pj

from voiceagent.events import CallFacts
from voiceagent.telephony.headers import call_facts, context_of, parse_headers
from voiceagent.telephony.media import LegAudio
from voiceagent.telephony.ports import MediaPort

if TYPE_CHECKING:
    from voiceagent.telephony.useragent import UserAgent

Headers = Sequence[tuple[str, str]]

_DECLINED = 603
_ACCEPTED = 202
_REINVITE_TRIES = 40
_REINVITE_PAUSE_S = 0.1


@dataclass(frozen=True)
class Progress:
    """A provisional response to our INVITE, 180 or 183 for a phone that rings."""

    code: int


@dataclass(frozen=True)
class Confirmed:
    """The dialog is confirmed: our INVITE got its 2xx, or our 2xx its ACK."""


@dataclass(frozen=True)
class Ended:
    """The dialog is over, or was never confirmed."""

    code: int
    """SIP status code that ended it; 200 for a BYE."""
    reason: str


@dataclass(frozen=True)
class Digit:
    """A DTMF digit (RFC 4733 or INFO)."""

    digit: str


@dataclass(frozen=True)
class TransferStatus:
    """The answer to our REFER, or the sipfrag of a NOTIFY (RFC 3515, 2.4.5)."""

    code: int
    reason: str
    final: bool


LegEvent = Progress | Confirmed | Ended | Digit | TransferStatus


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


class Leg:
    """One leg of a call, used in the event loop."""

    def __init__(self, agent: UserAgent, call_id: int, *, inbound: bool) -> None:
        self.id = call_id
        self.inbound = inbound
        self.events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self.facts = CallFacts()
        self.context: dict[str, str] = {}
        """Context headers of the INVITE that opened this leg (`headers.context_of`)."""
        self.audio = LegAudio(agent.loop)
        self.ended = asyncio.Event()
        self.confirmed = asyncio.Event()
        self._agent = agent

    def set_invite(self, invite: str, source: str) -> None:
        self.facts = call_facts(invite, source)
        self.context = context_of(parse_headers(invite))

    # -- signalling -----------------------------------------------------------------------------

    async def ring(self) -> None:
        """Send 180 Ringing."""
        await self._do(lambda call: call.answer(call_options(code=180)))

    async def answer(self) -> None:
        """Send 200 OK."""
        await self._do(lambda call: call.answer(call_options(code=200)))

    async def refuse(self, code: int, reason: str = "", headers: Headers = ()) -> None:
        """Send a final error response."""
        await self._do(
            lambda call: call.hangup(call_options(code=code, reason=reason, headers=headers))
        )

    async def hang_up(self, reason: str = "") -> None:
        """BYE, CANCEL or a final error response, whichever the dialog's state asks for."""
        headers = [("Reason", f'SIP;cause=200;text="{reason}"')] if reason else []
        await self._do(lambda call: call.hangup(call_options(headers=headers)))

    async def hold(self) -> bool:
        """Re-INVITE with ``a=sendonly`` (RFC 6337, 5.3): our music still flows."""
        return await self._insist(lambda call: call.setHold(call_options()))

    async def resume(self) -> bool:
        """Re-INVITE with ``a=sendrecv``."""
        flag = pj.PJSUA_CALL_UNHOLD
        return await self._insist(lambda call: call.reinvite(call_options(flag=flag)))

    async def join(self, other: Leg) -> bool:
        """Join the audio of two legs, so that both sides hear each other through us."""

        def connect(call: SipCall) -> None:
            peer = self._agent.find(other.id)
            if peer is None or peer.leg is not other:
                raise LegGone
            call.join(peer)

        return await self._do(connect)

    async def refer_replacing(self, other: Leg) -> bool:
        """Send a REFER that has the far side take the place of our end of `other`.

        RFC 3515 with Replaces (RFC 3891), the attended transfer of RFC 5589. Answers come as
        `TransferStatus`. False when one of the two legs is gone or the REFER cannot be sent.
        """

        def send(call: SipCall) -> None:
            consultation = self._agent.find(other.id)
            if consultation is None or consultation.leg is not other:
                raise LegGone
            call.xferReplaces(consultation, call_options())

        return await self._do(send)

    async def send_digits(self, digits: str) -> None:
        """Send DTMF digits (RFC 4733)."""

        def send(call: SipCall) -> None:
            parameters = pj.CallSendDtmfParam()
            parameters.digits = digits
            call.sendDtmf(parameters)

        await self._do(send)

    async def _insist(self, work: Callable[[SipCall], None]) -> bool:
        """Send a re-INVITE, waiting for an earlier one to be answered first."""
        for _ in range(_REINVITE_TRIES):
            if self.ended.is_set() or await self._do(work):
                return not self.ended.is_set()
            await asyncio.sleep(_REINVITE_PAUSE_S)
        return False

    async def _do(self, work: Callable[[SipCall], None]) -> bool:
        def run() -> bool:
            call = self._agent.find(self.id)
            if call is None or call.leg is not self:
                return False
            try:
                work(call)
            except (pj.Error, LegGone):
                return False
            return True

        return await self._agent.do(run)


class LegGone(Exception):
    """The other leg of an operation has ended."""


class SipCall(pj.Call):  # type: ignore[misc]
    """The library's call. Created, used and dropped on the SIP thread only."""

    def __init__(
        self, agent: UserAgent, account: pj.Account, call_id: int = pj.PJSUA_INVALID_ID
    ) -> None:
        super().__init__(account, call_id)
        self._agent = agent
        self.leg: Leg | None = None
        self._port: MediaPort | None = None
        self._audio_index: int | None = None
        self._joined: int | None = None

    def attach(self, leg: Leg) -> None:
        self.leg = leg
        self._port = self._agent.ports.take(leg.audio)

    def detach(self) -> None:
        """Let go of the port."""
        if self._port is not None:
            self._agent.ports.give_back(self._port)
            self._port = None

    def try_hangup(self) -> None:
        try:
            self.hangup(call_options())
        except pj.Error:
            return  # it ended by itself in the meantime

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        if self.leg is None:
            self._agent.born(self)
        if (leg := self.leg) is None:
            return
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.lastStatusCode > 100:
            self._tell(Progress(info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._agent.post(leg.confirmed.set)
            self._tell(Confirmed())
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._agent.post(leg.audio.close)
            self._agent.post(leg.ended.set)
            self._tell(Ended(info.lastStatusCode, info.lastReason))
            self._agent.finish(self)

    def join(self, other: SipCall) -> None:
        """Join the audio of two calls, now and whenever a re-INVITE renews it."""
        self._joined, other._joined = other.getId(), self.getId()
        self._connect_joined()

    def _connect_joined(self) -> None:
        other = self._agent.find(self._joined) if self._joined is not None else None
        if other is None or self._audio_index is None or other._audio_index is None:
            return
        mine, theirs = (
            self.getAudioMedia(self._audio_index),
            other.getAudioMedia(other._audio_index),
        )
        mine.startTransmit(theirs)
        theirs.startTransmit(mine)

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        if self.leg is None:
            self._agent.born(self)
        if (port := self._port) is None:
            return
        self._audio_index = None
        info = self.getInfo()  # kept: its vector of media does not keep it alive
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in _MEDIA_RUNS:
                self._audio_index = index
                audio = self.getAudioMedia(index)
                audio.startTransmit(port)
                port.startTransmit(audio)
        self._connect_joined()

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        self._tell(Digit(prm.digit))

    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:
        self._tell(TransferStatus(prm.statusCode, prm.reason, prm.finalNotify))
        prm.cont = not prm.finalNotify

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:
        if not self._agent.accept_refer:
            prm.statusCode = _DECLINED
            return
        prm.statusCode = _ACCEPTED
        prm.newCall = self._agent.successor()

    def onCallReplaced(self, prm: pj.OnCallReplacedParam) -> None:
        prm.newCall = self._agent.successor(prm.newCallId)

    def _tell(self, event: LegEvent) -> None:
        if self.leg is not None:
            self._agent.post(self.leg.events.put_nowait, event)


_MEDIA_RUNS = (
    pj.PJSUA_CALL_MEDIA_ACTIVE,
    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD,
    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD,
)
