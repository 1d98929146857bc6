"""The library's call, on the SIP thread: what it calls back for becomes events of a `Leg`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pjsua2 as pj
import structlog

from voiceagent.telephony import within
from voiceagent.telephony.call import (
    Confirmed,
    Digit,
    Ended,
    Leg,
    LegEvent,
    Progress,
    PutOnHold,
    TransferStatus,
    Written,
)
from voiceagent.telephony.callbacks import guarded
from voiceagent.telephony.headers import readable
from voiceagent.telephony.options import call_options
from voiceagent.telephony.paging import is_text
from voiceagent.telephony.ports import MediaPort
from voiceagent.telephony.refer import Dialog

if TYPE_CHECKING:
    from voiceagent.telephony.useragent import UserAgent

_DECLINED = 603
_ACCEPTED = 202
_REQUEST_PENDING = 491
_NOT_ACCEPTABLE = 488
_SUCCESS = 2
_KEYS = "0123456789*#ABCD"
_NO_AUDIO = "no audio was agreed on"

log = structlog.get_logger()


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
        self._joined: SipCall | None = None
        self._held = False
        """Whether the far side takes no audio from us."""
        self._ending: tuple[int, str] | None = None
        """What it ends for, where the library will say something else."""
        self.address = ""
        """The URI that it calls."""
        self.dialog: Dialog | None = None
        """Of a call of ours that was answered."""

    def attach(self, leg: Leg) -> None:
        self.leg = leg
        self._port = self._agent.ports.take(leg.audio)

    def detach(self) -> None:
        """Let go of the port, and of the call it was joined to."""
        if self._joined is not None:
            self._joined._joined = None
            self._joined = None
        if self._port is not None:
            self._agent.ports.give_back(self._port)
            self._port = None

    def try_hangup(self) -> None:
        try:
            self.hangup(call_options())
        except pj.Error:
            return  # it ended by itself in the meantime

    @guarded
    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        if self.leg is None:
            self._agent.born(self)
        if (leg := self.leg) is None:
            return
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.lastStatusCode > 100:
            self._tell(Progress(info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED and not any(map(_is_audio, info.media)):
            # Such as an ACK without an answer to our offer: nobody would ever hear anything.
            log.warning("call.without_audio", mend="its SDP must answer our offer (RFC 3264)")
            self._ending = (_NOT_ACCEPTABLE, _NO_AUDIO)
            self.hangup(call_options(headers=[("Reason", f'SIP;cause=488;text="{_NO_AUDIO}"')]))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._agent.post(leg.confirmed.set)
            self._tell(Confirmed())
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._agent.post(leg.audio.close)
            self._agent.post(leg.ended.set)
            code, reason = info.lastStatusCode, readable(info.lastReason)
            if self._ending is not None:
                code, reason = self._ending
            elif leg.inbound and code == _NOT_ACCEPTABLE:
                mend = "offer audio as RTP/AVP over IPv4, see sip.codecs"
                log.warning("call.without_audio", reason=reason, mend=mend)
            self._tell(Ended(code, reason))
            self._agent.finish(self)

    def join(self, other: SipCall) -> None:
        """Join the audio of two calls, now and whenever a re-INVITE renews it."""
        self._joined, other._joined = other, self
        self._connect_joined()

    def part(self) -> None:
        """Part what `join` has joined."""
        if (other := self._joined) is None:
            return
        self._joined = other._joined = None
        if self._audio_index is None or other._audio_index is None:
            return
        with contextlib.suppress(pj.Error):  # an end without media is parted by itself
            mine, theirs = self._media(), other._media()
            mine.stopTransmit(theirs)
            theirs.stopTransmit(mine)

    def _connect_joined(self) -> None:
        other = self._joined
        if other is None or self._audio_index is None or other._audio_index is None:
            return
        mine, theirs = self._media(), other._media()
        mine.startTransmit(theirs)
        theirs.startTransmit(mine)

    def _media(self) -> pj.AudioMedia:
        return self.getAudioMedia(self._audio_index)

    @guarded
    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        if self.leg is None:
            self._agent.born(self)
        if (port := self._port) is None:
            return
        self._audio_index = None
        info = self.getInfo()  # kept: its vector of media does not keep it alive
        for index, media in enumerate(info.media):
            if not _is_audio(media):
                continue
            self._agreed(media.dir)
            if media.audioConfSlot != pj.PJSUA_INVALID_ID:  # none while inactive from the start
                self._audio_index = index
                audio = self.getAudioMedia(index)
                audio.startTransmit(port)
                port.startTransmit(audio)
        self._connect_joined()

    def _agreed(self, direction: int) -> None:
        """What offer and answer have come to, whoever offered: hold is that we may not send."""
        was, self._held = self._held, not direction & pj.PJMEDIA_DIR_ENCODING
        if self._held or was:
            self._tell(PutOnHold(on=self._held))

    @guarded
    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:
        state = prm.e.body.tsxState
        if state.type != pj.PJSIP_EVENT_RX_MSG:
            return
        if state.tsx.role == pj.PJSIP_ROLE_UAS:
            if state.tsx.state == pj.PJSIP_TSX_STATE_TRYING:
                self._asked(state.tsx.method, state.src.rdata)
        elif state.tsx.method != "INVITE":
            return
        elif state.tsx.statusCode == _REQUEST_PENDING and self.leg is not None:
            self._agent.post(self.leg.glared)
        elif state.tsx.statusCode // 100 == _SUCCESS and self.dialog is None:
            # The only place that shows the tags of the dialog, which Replaces is made of.
            self.dialog = Dialog.of_answer(state.src.rdata.wholeMsg, self.address)

    def onCallRedirected(self, prm: pj.OnCallRedirectedParam) -> int:
        """Go nowhere but where the settings say: a redirection is a refusal."""
        transaction = prm.e.body.tsxState.tsx
        self._ending = (transaction.statusCode, readable(transaction.statusText))
        return int(pj.PJSIP_REDIRECT_STOP)

    def _asked(self, method: str, request: pj.SipRxData) -> None:
        """A request within the call, before the library looks at it."""
        answer = within.answer(method, request.wholeMsg)
        if answer.why:
            log.warning("info.unread", why=answer.why, source=request.srcAddress)
        if answer.body is not None:
            within.rewrite(int(request.pjRxData), answer.body)
        if answer.code:
            within.respond(int(request.pjRxData), answer.code)
        if answer.key:
            self._tell(Digit(answer.key))

    @guarded
    def onInstantMessage(self, prm: pj.OnInstantMessageParam) -> None:
        if is_text(prm.contentType) and prm.msgBody.strip():
            self._tell(Written(readable(prm.msgBody.strip())))

    @guarded
    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        if prm.digit in _KEYS:  # a hook flash is a key for the library
            self._tell(Digit(prm.digit))

    @guarded
    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:
        self._tell(TransferStatus(prm.statusCode, readable(prm.reason), prm.finalNotify))
        prm.cont = not prm.finalNotify

    @guarded
    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:
        if not self._agent.accept_refer:
            prm.statusCode = _DECLINED
            return
        prm.statusCode = _ACCEPTED
        prm.newCall = self._agent.successor()

    @guarded
    def onCallReplaced(self, prm: pj.OnCallReplacedParam) -> None:
        prm.newCall = self._agent.successor(prm.newCallId)

    def _tell(self, event: LegEvent) -> None:
        if self.leg is not None:
            self._agent.post(self.leg.events.put_nowait, event)


def _is_audio(media: pj.CallMediaInfo) -> bool:
    """Whether it is audio that both sides have agreed on, be it held."""
    return media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in _AGREED


_AGREED = (
    pj.PJSUA_CALL_MEDIA_ACTIVE,
    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD,
    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD,
)
