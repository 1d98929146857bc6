"""What the web server serves of conversations in writing, with all they need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
from starlette.routing import BaseRoute

from voiceagent import events, tasks
from voiceagent.course import prepared
from voiceagent.events import Record
from voiceagent.handoff.staff import Staff
from voiceagent.records.earlier import looking_back
from voiceagent.services import Shared
from voiceagent.speech.client import SpeechClient
from voiceagent.speech.remembered import remembered
from voiceagent.supervision.journal import open_journal
from voiceagent.text import api
from voiceagent.text.cases import Cases
from voiceagent.web.site import Site


@asynccontextmanager
async def texting(site: Site) -> AsyncIterator[Sequence[BaseRoute]]:
    """The routes of conversations in writing.

    They are a line of their own on the bus and in the record, named ``<line>-text``.

    Raises:
        SpeechError: the service that understands sentences cannot be reached.
        StoreError: the store cannot be used.
    """
    config, plan = site.config, site.plan
    line = f"{config.line}-text"
    speech = SpeechClient(config, plan.language)
    understander, prototypes = await prepared(plan, speech, remembered(speech.embed))
    own = config.model_copy(update={"line": line})
    async with httpx.AsyncClient() as http, open_journal(own, site.broker_url) as journal:
        shared = Shared(
            config=config,
            plan=plan,
            understander=understander,
            prototypes=prototypes,
            http=http,
            journal=journal,
            staff=Staff.of(config, plan),
            look_back=looking_back(journal.store, config.routing, plan.continues),
        )
        most = config.text.most_open
        journal.write(Record(line=line, event=events.LineStarted(line=line, max_callers=most)))
        cases = Cases(shared, journal.store)
        sweeping = asyncio.create_task(cases.sweep())
        try:
            yield api.routes(cases, site)
        finally:
            await tasks.end(sweeping)
            cases.close()
            journal.write(Record(line=line, event=events.LineStopped(line=line)))
