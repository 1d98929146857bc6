"""A link beside the call: the caller can write what is hard to say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from voiceagent import tasks
from voiceagent.callrecord import CallRecord
from voiceagent.cases import link, opened
from voiceagent.config.web import site_url
from voiceagent.events import CallFacts, LinkOffered
from voiceagent.services import Services
from voiceagent.telephony.paging import send
from voiceagent.telephony.requests import NoAnswer
from voiceagent.telephony.useragent import TelephonyError

log = structlog.get_logger()


class Linking:
    """Offers one call's caller the link: once for the dialplan, and whenever somebody asks."""

    def __init__(self, services: Services, record: CallRecord) -> None:
        self._services = services
        self._record = record
        self._offered = False
        self._untold = False
        self._sending: set[asyncio.Task[None]] = set()

    def offer(self, facts: CallFacts) -> bool:
        """Open the case and send its link; False where that was done, or cannot be."""
        if self._offered or self._problem(facts):
            return False
        self._open(facts)
        return True

    def asked(self, facts: CallFacts, by: str) -> str:
        """Somebody wants the caller to have a link, also another one; returns what keeps it from
        them, with the mend.

        Args:
            by: who says so.
        """
        problem = self._problem(facts)
        if not problem:
            self._open(facts, by)
            self._untold = True
        return problem

    def tell(self) -> bool:
        """Whether the caller has still to be told of a link. They are then."""
        untold, self._untold = self._untold, False
        return untold

    def _problem(self, facts: CallFacts) -> str:
        if not site_url(self._services.config.web):
            return "there is no web site that a link could lead to: set web.port and web.public_url"
        if not facts.shown_number:
            return "the caller's number is withheld or not known: there is nowhere to send a link"
        return ""

    def _open(self, facts: CallFacts, by: str = "") -> None:
        config, number = self._services.config, facts.shown_number
        self._offered = True
        token, case = opened(datetime.now(UTC), config.text.valid_h)
        url = link(site_url(config.web), self._record.call_id, token)
        self._record.event(case)
        self._record.event(LinkOffered(number=number, url=url, expires_at=case.expires_at, by=by))
        if config.text.link_by_message:
            tasks.start(self._send(number, url), self._sending)

    async def _send(self, number: str, url: str) -> None:
        services = self._services
        if services.requests is None:
            return
        try:
            await send(services.requests, services.agent.uri(number), url)
        except (NoAnswer, TelephonyError) as error:
            log.warning("link.not_sent", error=str(error), mend="see text.link_by_message")
