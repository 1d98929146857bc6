"""`voiceagent run`: everything that answers the telephone on one machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog

from voiceagent import logs
from voiceagent.children import Child, ChildError
from voiceagent.cli.options import settings_option
from voiceagent.config import Config, ConfigError, load
from voiceagent.dialogue.loader import DialplanError
from voiceagent.dialogue.plan import Dialplan
from voiceagent.learning.policies import PolicyError
from voiceagent.learning.versions import VersionError, in_force
from voiceagent.line import Line, answering
from voiceagent.records.cases import root
from voiceagent.records.earlier import looking_back
from voiceagent.records.store import StoreError
from voiceagent.records.talks import latest_talks
from voiceagent.services import LookBack
from voiceagent.speech.client import SpeechError
from voiceagent.speech.languages import for_language, language_problems
from voiceagent.supervision.address import Address
from voiceagent.supervision.beside import taking_texts
from voiceagent.supervision.journal import StoreJournal, open_journal
from voiceagent.supervision.links import sending_links
from voiceagent.supervision.staffing import staffing
from voiceagent.supervision.topics import Topics
from voiceagent.telephony.useragent import TelephonyError, UserAgent
from voiceagent.text.pager import Answers, paging

log = structlog.get_logger()

_REASONS_NOT_TO_START = (
    ChildError,
    ConfigError,
    DialplanError,
    PolicyError,
    SpeechError,
    StoreError,
    TelephonyError,
    VersionError,
)


@click.command()
@settings_option()
def run(settings: Path) -> None:
    """Answer the telephone until SIGTERM or Ctrl-C.

    Starts the speech service, unless another line has, unless a broker is configured an embedded
    one, and if it has a port the web server. The first signal lets calls finish or hands them over;
    a second one ends them.
    """
    try:
        config = load(settings)
        logs.configure(config.log)
        plan = in_force(config)
        config = for_language(config, plan.language)
        if problems := language_problems(config.speech, plan.language, plan.voice):
            raise ConfigError("\n".join(f"{settings}: {problem}" for problem in problems))
        asyncio.run(serve(settings, config, plan))
    except _REASONS_NOT_TO_START as error:
        raise click.ClickException(str(error)) from error


async def serve(settings: Path, config: Config, plan: Dialplan) -> None:
    """Run all processes of one machine until a signal says to leave."""
    signals = _signals()
    async with (
        _children(settings, config, plan.language) as broker_url,
        open_journal(config, broker_url) as journal,
        answering(config, plan, journal, _look_back(journal, config, plan)) as line,
        _on_the_bus(config, broker_url, line),
        _web(settings, config, broker_url, line.agent, journal),
    ):
        for talk in await asyncio.to_thread(latest_talks, journal.store, datetime.now(UTC)):
            line.staff.talks.add(talk.target, talk.took_s)
        await signals.get()
        draining = asyncio.create_task(line.drain())
        again = asyncio.create_task(signals.get())
        await asyncio.wait({draining, again}, return_when=asyncio.FIRST_COMPLETED)
        for task in (draining, again):
            task.cancel()


@contextlib.asynccontextmanager
async def _on_the_bus(config: Config, broker_url: str, line: Line) -> AsyncIterator[None]:
    """The line tells how it sees people, and takes what others send it."""
    address, topics = Address.of(config.mqtt, broker_url), Topics(config.mqtt.topic_root)
    async with (
        staffing(address, topics.root, line.staff, config.line),
        taking_texts(address, topics, config.line, line.wrote),
        sending_links(address, topics, config.line, line.send_link),
    ):
        yield


def _look_back(journal: StoreJournal, config: Config, plan: Dialplan) -> LookBack:
    return looking_back(journal.store, config.routing, plan.continues)


@contextlib.asynccontextmanager
async def _children(settings: Path, config: Config, language: str) -> AsyncIterator[str]:
    """The speech service and a broker, unless there are such; gives the broker's URL."""
    speaking = ["--config", str(settings), "--language", language]
    speech = Child("speech", "voiceagent.speech.service", speaking, start_s=90)
    arguments = ["--address", config.mqtt.embedded_address]
    broker = Child("broker", "voiceagent.supervision.broker", arguments)
    children = [
        *([speech] if config.speech.start else []),
        *([] if config.mqtt.url else [broker]),
    ]
    async with contextlib.AsyncExitStack() as stack:
        # Loading the models takes longest, so nothing waits for anything else meanwhile.
        starts = [asyncio.create_task(stack.enter_async_context(child)) for child in children]
        try:
            await asyncio.gather(*starts)
        except ChildError:
            await asyncio.gather(*starts, return_exceptions=True)
            raise
        log.info("children.started", children=[child.name for child in children])
        yield "" if config.mqtt.url else broker.ready["url"]


@contextlib.asynccontextmanager
async def _web(
    settings: Path, config: Config, broker_url: str, agent: UserAgent, journal: StoreJournal
) -> AsyncIterator[None]:
    """The web server, if there is to be one, and texts by SIP. Whoever calls waits for neither."""
    if config.web.port is None:
        yield
        return
    arguments = ["--config", str(settings), "--broker", broker_url]
    key = os.environ["VOICEAGENT_WEB__KEYS__LINE"] = secrets.token_urlsafe(24)
    web = Child("web", "voiceagent.webserver", arguments, start_s=60)
    answers = Answers(
        Address.of(config.mqtt, broker_url),
        Topics(config.mqtt.topic_root),
        config.line,
        lambda call_id: root(journal.store.events(call_id)),
    )
    async with web, paging(agent, config, lambda: str(web.ready["url"]), key, answers):
        yield


def _signals() -> asyncio.Queue[None]:
    """A queue that gets an item for each SIGTERM or SIGINT."""
    arrived: asyncio.Queue[None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, arrived.put_nowait, None)
    return arrived
