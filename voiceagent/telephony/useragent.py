"""The SIP user agent: one PJSUA2 endpoint on a thread of its own, seen from asyncio.

The library is used from one thread only: it polls for SIP events, runs what the event loop
asks of it, and lets go of finished calls there and nowhere else. Whatever the library reports
goes to the event loop by `call_soon_threadsafe`. The cyclic garbage collector, which would
delete the library's objects on whichever thread it happens to run, is run here too.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import pjsua2 as pj
import structlog

from voiceagent.config import Sip
from voiceagent.telephony import digest
from voiceagent.telephony.call import Leg
from voiceagent.telephony.callbacks import guarded
from voiceagent.telephony.endpoint import (
    account_config,
    create_endpoint,
    max_calls,
    open_transport,
    order_codecs,
)
from voiceagent.telephony.gate import Gate
from voiceagent.telephony.headers import parse_headers, readable
from voiceagent.telephony.options import call_options
from voiceagent.telephony.paging import Page
from voiceagent.telephony.ports import MediaPorts
from voiceagent.telephony.sipcall import SipCall

T = TypeVar("T")
log = structlog.get_logger()

_POLL_MS = 5
_COLLECT_EVERY_S = 5.0
_FORBIDDEN = 403
_CHALLENGES = ("www-authenticate", "proxy-authenticate")
_MEND = "see sip.registrar, sip.user and sip.password"
_REGISTER_AGAIN_S = 60.0
_LEAVING_S = 1.0
_TOO_MANY = 70010
"""PJ_ETOOMANY, which pjsua2 does not name."""


class TelephonyError(Exception):
    """The SIP library refused; the text says what, and what to do."""


class UserAgent:
    """A SIP user agent for one address of record.

    `on_incoming` is called in the event loop with each new inbound `Leg`, which it answers
    or refuses. With `accept_refer` the agent follows a REFER, as a phone does; without, it
    declines it.
    """

    def __init__(
        self,
        settings: Sip,
        on_incoming: Callable[[Leg], None],
        *,
        accept_refer: bool = False,
    ) -> None:
        self.settings = settings
        self.accept_refer = accept_refer
        self.registered = asyncio.Event()
        self.registrar_answered = asyncio.Event()
        self.registration = ""
        """The last answer of the registrar, such as "200 OK"; empty before the first."""
        self.port = 0
        self.max_legs = 0
        self.on_page: Callable[[Page], None] = lambda page: None
        """Called in the event loop with each text that arrives outside a call."""
        self._on_incoming = on_incoming
        self.loop = asyncio.get_running_loop()
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.ports = MediaPorts()
        self._calls: dict[int, SipCall] = {}
        self._unborn: list[SipCall] = []
        self._finished: list[SipCall] = []
        self._allowed = [ipaddress.ip_network(net, strict=False) for net in settings.allow]
        self._register_again_at: float | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sip", daemon=True)
        self._ready: asyncio.Future[None] = self.loop.create_future()

    # -- seen from the event loop ---------------------------------------------------------------

    async def start(self) -> None:
        """Open the port and begin to register.

        Raises:
            TelephonyError: the port is taken or the address is not this machine's.
        """
        # A Python thread that computes makes audio late until the interpreter switches.
        sys.setswitchinterval(0.0005)
        gc.disable()
        self._thread.start()
        await self._ready

    async def stop(self) -> None:
        """Hang up what is left, unregister, and end the thread."""
        self._stopping = True
        await asyncio.to_thread(self._thread.join)
        gc.enable()

    @property
    def legs_in_use(self) -> int:
        return len(self._calls)

    def uri(self, target: str) -> str:
        """SIP URI of a target that may be a plain extension.

        Raises:
            TelephonyError: an extension, but no domain is configured to dial it in.
        """
        if target.startswith(("sip:", "sips:")):
            return target
        domain = self.settings.dial_domain or (self.settings.registrar or "").removeprefix("sip:")
        if not domain:
            raise TelephonyError(
                f"extension {target}: set sip.dial_domain, or write a whole SIP URI"
            )
        return f"sip:{target}@{domain}"

    async def call(self, target: str, headers: Sequence[tuple[str, str]] = ()) -> Leg:
        """Send an INVITE to an extension or SIP URI, with extra headers; returns at once.

        Raises:
            TelephonyError: the URI is invalid or no leg is free.
        """
        uri = self.uri(target)

        def dial() -> Leg | None:
            if self.legs_in_use >= self.max_legs:
                return None
            call = SipCall(self, self._account)
            call.address = uri
            try:
                call.makeCall(uri, call_options(headers=headers))
            except pj.Error as error:
                if error.status == _TOO_MANY:
                    return None
                raise TelephonyError(f"{uri}: {error.reason}") from error
            return self._admit(call, inbound=False)

        # The leg of a phone that was just given up takes a moment to end.
        until = time.monotonic() + _LEAVING_S
        while (leg := await self.do(dial)) is None:
            if time.monotonic() >= until:
                raise TelephonyError(f"no leg is free: all {self.max_legs} are in use")
            await asyncio.sleep(_LEAVING_S / 50)
        return leg

    async def do(self, work: Callable[[], T]) -> T:
        """Run `work` on the SIP thread and return its result."""
        future: asyncio.Future[T] = self.loop.create_future()

        def run() -> None:
            try:
                result = work()
            except BaseException as error:
                # A traceback holds frames, and with them library objects, on a foreign thread.
                self.post(_fail, future, error.with_traceback(None))
            else:
                self.post(_resolve, future, result)

        self._commands.put(run)
        return await future

    # -- on the SIP thread ----------------------------------------------------------------------

    def post(self, function: Callable[..., None], *args: object) -> None:
        """Call `function` in the event loop, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody is left to tell
            self.loop.call_soon_threadsafe(function, *args)

    def find(self, call_id: int) -> SipCall | None:
        return self._calls.get(call_id)

    def register_again(self) -> None:
        """The registrar refused for good, as the library sees it: a PBX that restarts may not."""
        self._register_again_at = time.monotonic() + _REGISTER_AGAIN_S

    def finish(self, call: SipCall) -> None:
        """Forget a disconnected call, after the library's callback has returned."""
        call.detach()
        self._calls.pop(call.getId(), None)
        self._finished.append(call)

    def incoming(self, call_id: int, invite: str, source: str) -> None:
        call = SipCall(self, self._account, call_id)
        if not self._may_call(source):
            log.warning("invite.forbidden", source=source, mend="add its network to sip.allow")
            call.hangup(call_options(code=_FORBIDDEN))
            self._finished.append(call)
            return
        leg = self._admit(call, inbound=True)
        leg.set_invite(invite, source)
        self.post(self._on_incoming, leg)

    def paged(self, text: str, message: str, source: str) -> None:
        """A MESSAGE outside a call has arrived; the library has answered it."""
        if not self._may_call(source):
            log.warning("message.forbidden", source=source, mend="add its network to sip.allow")
        elif text.strip():
            self.post(self.on_page, Page.read(message, source, readable(text.strip())))

    def successor(self, call_id: int = pj.PJSUA_INVALID_ID) -> SipCall:
        """A call that the library makes by itself, following a REFER or an INVITE with Replaces.

        Following a REFER, the library knows its id only when its state changes first.
        """
        call = SipCall(self, self._account, call_id)
        self._unborn.append(call)
        return call

    def born(self, call: SipCall) -> None:
        """A call of `successor` has its id: announce it like an incoming one."""
        if call not in self._unborn:
            return  # our own INVITE: `call` gives it its leg as soon as it is sent
        self._unborn.remove(call)
        self.post(self._on_incoming, self._admit(call, inbound=False))

    def _admit(self, call: SipCall, *, inbound: bool) -> Leg:
        leg = Leg(self, call.getId(), inbound=inbound)
        call.attach(leg)
        self._calls[leg.id] = call
        return leg

    def _may_call(self, source: str) -> bool:
        address = ipaddress.ip_address(source.rpartition(":")[0].strip("[]"))
        registrar = (self.settings.registrar or "").removeprefix("sip:").split(":")[0]
        return str(address) == registrar or any(address in network for network in self._allowed)

    def _run(self) -> None:
        endpoint: pj.Endpoint | None = None
        try:
            endpoint = self._open()
        except Exception as error:
            reason = error.reason if isinstance(error, pj.Error) else str(error)
            where = f"{self.settings.address}:{self.settings.port}"
            self.post(
                _fail,
                self._ready,
                TelephonyError(f"SIP on {where}: {reason}: see sip.address and sip.port"),
            )
            return
        self.post(_resolve, self._ready, None)
        collect_at = time.monotonic()
        while not self._stopping:
            self._pump(endpoint, _POLL_MS)
            if self._register_again_at is not None and time.monotonic() >= self._register_again_at:
                self._register_again_at = None
                with contextlib.suppress(pj.Error):  # the library is at it by itself
                    self._account.setRegistration(True)
            if time.monotonic() >= collect_at:
                gc.collect(1)
                collect_at = time.monotonic() + _COLLECT_EVERY_S
        self._close(endpoint)

    def _pump(self, endpoint: pj.Endpoint, milliseconds: int) -> None:
        endpoint.libHandleEvents(milliseconds)
        while not self._commands.empty():
            self._commands.get()()
        self._let_go()

    def _let_go(self) -> None:
        """Drop the calls that have ended.

        The library gives a call's number to the next one at once, and a call that is dropped
        hangs up whatever has its number: so it is kept until nobody has.
        """
        taken = {*self._calls, *(call.getId() for call in self._unborn)}
        self._finished = [call for call in self._finished if call.getId() in taken]

    def _open(self) -> pj.Endpoint:
        endpoint = create_endpoint(self.settings)
        self.max_legs = max_calls()
        self._gate = Gate(self.settings.codecs)
        transport, local = open_transport(endpoint, self.settings)
        self.port = int(local.rpartition(":")[2])
        endpoint.libStart()
        order_codecs(endpoint, self.settings.codecs)
        self._account = _Account(self)
        self._account.create(account_config(self.settings, local, transport))
        return endpoint

    def _close(self, endpoint: pj.Endpoint) -> None:
        for call in list(self._calls.values()):
            call.try_hangup()
            del call
        if self.settings.registrar:
            with contextlib.suppress(pj.Error):  # never registered: nothing to take back
                self._account.setRegistration(False)
        until = time.monotonic() + 0.4
        while time.monotonic() < until or (self._calls and time.monotonic() < until + 1.0):
            self._pump(endpoint, 10)
        for left in (*self._calls.values(), *self._unborn):
            left.detach()
            del left
        self._calls.clear()
        self._unborn.clear()
        self._finished.clear()
        endpoint.audDevManager().setNoDev()  # stops the clock that calls into the ports
        self.ports.clear()
        gc.collect()
        self._account.shutdown()
        del self._account
        endpoint.libDestroy()


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, agent: UserAgent) -> None:
        super().__init__()
        self._agent = agent

    @guarded
    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        self._agent.incoming(prm.callId, prm.rdata.wholeMsg, prm.rdata.srcAddress)

    @guarded
    def onInstantMessage(self, prm: pj.OnInstantMessageParam) -> None:
        rdata = prm.rdata
        self._agent.paged(prm.msgBody, rdata.wholeMsg, rdata.srcAddress)

    @guarded
    def onRegState(self, prm: pj.OnRegStateParam) -> None:
        agent = self._agent
        agent.registration = readable(f"{prm.code} {prm.reason}".strip())
        agent.post(agent.registrar_answered.set)
        good = prm.code // 100 == 2 and prm.expiration > 0
        agent.post(agent.registered.set if good else agent.registered.clear)
        if prm.code // 100 != 2:
            headers = parse_headers(prm.rdata.wholeMsg)
            asked = digest.unknown(value for name, value in headers if name in _CHALLENGES)
            mend = (
                f"it asks for {asked}: have it ask for MD5 or SHA-256, qop auth" if asked else _MEND
            )
            log.warning("registration.failed", code=prm.code, reason=prm.reason, mend=mend)
            agent.register_again()


def _resolve(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
