"""Watches whether people are there: by asking their phones, or by what the PBX tells of them.

With ``presence = "options"`` a phone is asked by OPTIONS, which it answers as it would answer a
call (RFC 3261, 11.2). With ``presence = "dialog"`` the PBX is subscribed to for the phone's
calls (RFC 4235).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from voiceagent import tasks
from voiceagent.config import Sip
from voiceagent.handoff.roster import Member
from voiceagent.handoff.routing import Presence
from voiceagent.handoff.staff import Staff
from voiceagent.telephony.dialoginfo import Dialogs, NoDialogInfo
from voiceagent.telephony.headers import parameter
from voiceagent.telephony.requests import Dialog, Message, NoAnswer, Requests
from voiceagent.telephony.useragent import TelephonyError

_SUBSCRIBED_S = 300
_AGAIN_S = 20.0
"""How long a subscription that was refused or has ended is left alone."""
_BUSY = (486, 600, 603)
_SILENT_ON_IT = (401, 403, 405, 407, 415, 420, 489, 501)
"""Answers that say nothing about whether a call would be answered."""

log = structlog.get_logger()


def presence_by(code: int) -> Presence:
    """What an answer to OPTIONS says of who gave it."""
    if 200 <= code < 300:
        return "available"
    if code in _BUSY:
        return "busy"
    return "unknown" if code in _SILENT_ON_IT else "unreachable"


class Watch:
    """``async with Watch(staff, sip, uri)`` watches all people whose presence is configured.

    Args:
        sip: as for the user agent.
        uri: the SIP URI of a target.
    """

    def __init__(self, staff: Staff, sip: Sip, uri: Callable[[str], str]) -> None:
        self._staff = staff
        self._uri = uri
        self._requests = Requests(sip, self._notified)
        self._subscriptions: dict[str, Callable[[Message], int]] = {}
        """By Call-ID."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> None:
        members = self._staff.roster.members
        if any(member.presence != "none" for member in members):
            await self._requests.__aenter__()
        asked = [member for member in members if member.presence == "options"]
        self._tasks = [
            asyncio.create_task(self._subscribe(member))
            for member in members
            if member.presence == "dialog"
        ]
        if asked:
            self._tasks.append(asyncio.create_task(self._ask_all(asked)))

    async def __aexit__(self, *_: object) -> None:
        await tasks.end(*self._tasks)
        await self._requests.__aexit__()

    # -- by OPTIONS -----------------------------------------------------------------------------

    async def _ask_all(self, members: list[Member]) -> None:
        settings = self._staff.settings
        fastest = 1 / settings.presence_per_s
        pause = fastest  # the first round goes as fast as it may
        async with asyncio.TaskGroup() as asking:
            while True:
                for member in members:
                    asking.create_task(self._ask(member.target))
                    await asyncio.sleep(pause)
                pause = max(fastest, settings.presence_every_s / len(members))

    async def _ask(self, target: str) -> None:
        try:
            dialog = Dialog(self._uri(target))
            answer = await self._requests.send("OPTIONS", dialog, [("Accept", "application/sdp")])
        except NoAnswer as error:
            self._staff.seen(target, "unreachable", str(error))
        except TelephonyError as error:
            self._staff.seen(target, "unknown", str(error))
        else:
            self._staff.seen(target, presence_by(answer.code), answer.reason)

    # -- by SUBSCRIBE ---------------------------------------------------------------------------

    async def _subscribe(self, member: Member) -> None:
        while True:
            ended = asyncio.Event()
            try:
                dialog = Dialog(self._uri(member.target))
                self._subscriptions[dialog.call_id] = self._reader(member.target, dialog, ended)
                try:
                    await self._stay_subscribed(dialog, ended)
                finally:
                    del self._subscriptions[dialog.call_id]
            except (NoAnswer, TelephonyError) as error:
                self._staff.seen(member.target, "unknown", str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _stay_subscribed(self, dialog: Dialog, ended: asyncio.Event) -> None:
        """Subscribe, and again before it runs out, until the other side ends it."""
        while not ended.is_set():
            asked = [
                ("Event", "dialog"),
                ("Accept", "application/dialog-info+xml"),
                ("Expires", str(_SUBSCRIBED_S)),
            ]
            answer = await self._requests.send("SUBSCRIBE", dialog, asked)
            if answer.code // 100 != 2:
                raise NoAnswer(f"the PBX tells nothing of its calls: {answer.reason}")
            dialog.answered(answer)
            given = answer.headers.get("expires", "")
            lasts_s = int(given) if given.isdecimal() else _SUBSCRIBED_S
            try:
                async with asyncio.timeout(max(5.0, 0.8 * lasts_s)):
                    await ended.wait()
            except TimeoutError:
                continue

    def _reader(
        self, target: str, dialog: Dialog, ended: asyncio.Event
    ) -> Callable[[Message], int]:
        calls = Dialogs()

        def read(message: Message) -> int:
            if parameter(message.headers.get("to", ""), "tag") != dialog.local_tag:
                return 481
            if message.headers.get("subscription-state", "").startswith("terminated"):
                self._staff.seen(target, "unknown", "the PBX has ended the subscription")
                ended.set()
            elif message.body.strip():
                try:
                    calls.take(message.body)
                except NoDialogInfo as error:
                    log.warning("presence.unreadable", target=target, error=str(error))
                    self._staff.seen(target, "unknown", f"unreadable: {error}")
                else:
                    busy = calls.busy
                    self._staff.seen(target, "busy" if busy else "available", busy or "no call")
            return 200

        return read

    def _notified(self, message: Message) -> int:
        read = self._subscriptions.get(message.headers.get("call-id", ""))
        return read(message) if read else 481
