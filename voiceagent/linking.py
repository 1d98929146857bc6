"""A link beside the call: the caller can write what is hard to say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

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
    """Offers one call's caller the link, once."""

    def __init__(self, services: Services, record: CallRecord) -> None:
        self._services = services
        self._record = record
        self._offered = False
        self._sending: asyncio.Task[None] | None = None

    def offer(self, facts: CallFacts) -> bool:
        """Open the case and send its link; False where that was done, or cannot be."""
        config = self._services.config
        site, number = site_url(config.web), facts.shown_number
        if self._offered or not site or not number:
            return False
        self._offered = True
        token, case = opened(datetime.now(UTC), config.text.valid_h)
        url = link(site, self._record.call_id, token)
        self._record.event(case)
        self._record.event(LinkOffered(number=number, url=url, expires_at=case.expires_at))
        if config.text.link_by_message:
            self._sending = asyncio.create_task(self._send(number, url))
        return True

    async def _send(self, number: str, url: str) -> None:
        services = self._services
        if services.requests is None:
            return
        try:
            await send(services.requests, services.agent.uri(number), url)
        except (NoAnswer, TelephonyError) as error:
            log.warning("link.not_sent", error=str(error), mend="see text.link_by_message")
