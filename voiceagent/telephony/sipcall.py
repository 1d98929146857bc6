"""The library's call, on the SIP thread: what it calls back for becomes events of a `Leg`."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pjsua2 as pj

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
from voiceagent.telephony.options import call_options
from voiceagent.telephony.paging import is_text
from voiceagent.telephony.ports import MediaPort
from voiceagent.telephony.refer import Dialog

if TYPE_CHECKING:
    from voiceagent.telephony.useragent import UserAgent

_DECLINED = 603
_ACCEPTED = 202
_REQUEST_PENDING = 491
_SUCCESS = 2
_HOLDS = re.compile(r"^a=(sendonly|inactive)\b", re.MULTILINE)
"""An offer that holds (RFC 3264, 8.4)."""


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

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:
        state = prm.e.body.tsxState
        if state.type != pj.PJSIP_EVENT_RX_MSG or state.tsx.method != "INVITE":
            return
        if state.tsx.role == pj.PJSIP_ROLE_UAS:
            self._offered(state.src.rdata.wholeMsg)
        elif state.tsx.statusCode == _REQUEST_PENDING and self.leg is not None:
            self._agent.post(self.leg.glared)
        elif state.tsx.statusCode // 100 == _SUCCESS and self.dialog is None:
            # The only place that shows the tags of the dialog, which Replaces is made of.
            self.dialog = Dialog.of_answer(state.src.rdata.wholeMsg, self.address)

    def _offered(self, message: str) -> None:
        """The far side has sent an INVITE of its own, or the ACK to one."""
        if message.startswith("INVITE ") and "m=audio" in message:
            self._tell(PutOnHold(on=_HOLDS.search(message) is not None))

    def onInstantMessage(self, prm: pj.OnInstantMessageParam) -> None:
        if is_text(prm.contentType) and prm.msgBody.strip():
            self._tell(Written(prm.msgBody.strip()))

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
