"""A call leg: one SIP dialog with its audio, as asyncio sees it.

`sipcall.SipCall` lives on the SIP thread and does what the library calls back for; `Leg` is its
handle in the event loop. A leg outlives its dialog: asking a finished leg for something is
answered by silence, since a caller may hang up at any instant.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pjsua2 as pj

from voiceagent.events import CallFacts
from voiceagent.telephony.headers import announces, call_facts, context_of, parse_headers
from voiceagent.telephony.media import LegAudio
from voiceagent.telephony.options import Headers, call_options
from voiceagent.telephony.refer import blind, replacing

if TYPE_CHECKING:
    from voiceagent.telephony.sipcall import SipCall
    from voiceagent.telephony.useragent import UserAgent

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


@dataclass(frozen=True)
class PutOnHold:
    """The far side has put us on hold by a re-INVITE of its own, or taken us off it."""

    on: bool


@dataclass(frozen=True)
class Written:
    """The far side has sent a text beside the call (MESSAGE within the dialog, RFC 3428)."""

    text: str


LegEvent = Progress | Confirmed | Ended | Digit | TransferStatus | PutOnHold | Written


class Leg:
    """One leg of a call, used in the event loop."""

    def __init__(self, agent: UserAgent, call_id: int, *, inbound: bool) -> None:
        self.id = call_id
        self.inbound = inbound
        self.events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self.facts = CallFacts()
        self.context: dict[str, str] = {}
        """Context headers of the INVITE that opened this leg (`headers.context_of`)."""
        self.replaces = True
        """False where the far side's INVITE did not announce that it knows Replaces (RFC 3891)."""
        self.audio = LegAudio(agent.loop)
        self.ended = asyncio.Event()
        self.confirmed = asyncio.Event()
        self._agent = agent
        self._wish: Callable[[SipCall], None] | None = None
        """The last re-INVITE."""
        self._wishing: asyncio.Task[bool] | None = None

    def set_invite(self, invite: str, source: str) -> None:
        self.facts = call_facts(invite, source, self._agent.settings.customer_header)
        headers = parse_headers(invite)
        self.context = context_of(headers)
        self.replaces = announces(headers, "replaces")

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

    async def part(self) -> None:
        """Part what `join` has joined."""
        await self._do(lambda call: call.part())

    async def refer_replacing(
        self, other: Leg, *, contact: bool = False, user_to_user: str = ""
    ) -> bool:
        """Send a REFER that has the far side take the place of our end of `other`.

        RFC 3515 with Replaces (RFC 3891), the attended transfer of RFC 5589. Answers come as
        `TransferStatus`. False when one of the two legs is gone or the REFER cannot be sent.

        Args:
            contact: refer to the Contact of the other side and not to the address called.
            user_to_user: value of a User-to-User header for the INVITE that follows.
        """

        def send(call: SipCall) -> None:
            consultation = self._agent.find(other.id)
            if consultation is None or consultation.leg is not other or not consultation.dialog:
                raise LegGone
            refer_to = replacing(consultation.dialog, contact=contact, user_to_user=user_to_user)
            call.xfer(refer_to, call_options())

        return await self._do(send)

    async def refer(self, uri: str, *, user_to_user: str = "") -> bool:
        """Send a REFER to a URI that has not been called: a blind transfer (RFC 5589, 6).

        As `refer_replacing`, which see.
        """
        refer_to = blind(uri, user_to_user=user_to_user)
        return await self._do(lambda call: call.xfer(refer_to, call_options()))

    async def send_digits(self, digits: str) -> None:
        """Send DTMF digits (RFC 4733)."""

        def send(call: SipCall) -> None:
            parameters = pj.CallSendDtmfParam()
            parameters.digits = digits
            call.sendDtmf(parameters)

        await self._do(send)

    def glared(self) -> None:
        """Our re-INVITE has met one of theirs (491): send it again, unless another followed."""
        wish = self._wish
        # Who did not begin the call tries sooner (RFC 3261, 14.1).
        wait = random.uniform(0, 2) if self.inbound else random.uniform(2.1, 4)

        async def again() -> bool:
            await asyncio.sleep(wait)
            return wish is not None and self._wish is wish and await self._insist(wish)

        self._wishing = asyncio.get_running_loop().create_task(again())

    async def _insist(self, work: Callable[[SipCall], None]) -> bool:
        """Send a re-INVITE once the dialog is confirmed and an earlier one is answered.

        Before that the library would end the process.
        """
        self._wish = work
        for _ in range(_REINVITE_TRIES):
            if self.ended.is_set() or (self.confirmed.is_set() and await self._do(work)):
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
