"""A line: the process that answers. It admits callers and owns their calls until they leave."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx
import structlog

from voiceagent import events, tasks
from voiceagent.audio.frames import to_pcm
from voiceagent.audio.tones import comfort_noise, hold_tune
from voiceagent.audio.wav import load
from voiceagent.callrecord import new_call_id
from voiceagent.config import Config
from voiceagent.conversation import Conversation
from voiceagent.course import prepared
from voiceagent.dialogue.choices import choosing
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.understanding import Understander
from voiceagent.events import AnyEvent, Journal, Record
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.tongues import Tongue, others
from voiceagent.handoff.watching import Watch
from voiceagent.logs import bind_call
from voiceagent.services import (
    SAFE_PHRASES,
    LookBack,
    SafeVoice,
    Services,
    no_record,
    phrase,
)
from voiceagent.speech.client import SpeechClient, SpeechError
from voiceagent.speech.remembered import RememberedEmbedder, remembered
from voiceagent.speech.sentences import sentences
from voiceagent.telephony.call import Leg
from voiceagent.telephony.requests import Requests
from voiceagent.telephony.useragent import UserAgent

log = structlog.get_logger()

_NO_ROOM = 503
_QUIET_S = 5.0
_WARMING_PAUSE_S = 0.25


class Line:
    """Admits callers; use `answering` to have one that runs."""

    def __init__(self, config: Config, journal: Journal) -> None:
        self._config = config
        self._journal = journal
        self._services: Services | None = None
        self._calls: dict[asyncio.Task[None], Conversation] = {}
        self._refusals: set[asyncio.Task[None]] = set()
        self._draining = False
        self.agent = UserAgent(config.sip, self._incoming)

    @property
    def staff(self) -> Staff:
        """All who can be called; there once the line is open."""
        assert self._services is not None
        return self._services.staff

    @property
    def max_callers(self) -> int:
        """Callers admitted at once, so that a leg is left for handing one of them over."""
        most = max(1, self.agent.max_legs - 1)
        return min(most, self._config.sip.max_callers or most)

    async def open(self, services: Services) -> None:
        """Begin to answer.

        Raises:
            TelephonyError: the SIP port cannot be opened.
        """
        self._services = services
        services.staff.on_talked = self._emit
        services.speech.on_engine_changed = self._emit
        await self.agent.start()
        # What lives as long as the process need not be looked at by the collector again.
        gc.collect()
        gc.freeze()
        self._emit(events.LineStarted(line=self._config.line, max_callers=self.max_callers))
        log.info("line.started", port=self.agent.port, max_callers=self.max_callers)

    async def drain(self) -> None:
        """Admit nobody new; let calls finish, then hand over those that go on, then leave."""
        if self._draining:
            return
        self._draining = True
        self._emit(events.LineDraining(line=self._config.line, calls=len(self._calls)))
        log.info("line.draining", calls=len(self._calls))
        await self._emptied(self._config.drain_s)
        for conversation in self._calls.values():
            conversation.leave()
        await self._emptied(self._config.drain_s)

    async def close(self) -> None:
        """End whatever is left and close the SIP port."""
        await tasks.end(*self._calls)
        await self.agent.stop()
        self._emit(events.LineStopped(line=self._config.line))
        log.info("line.stopped")

    async def _emptied(self, timeout_s: float) -> None:
        if self._calls:
            await asyncio.wait(self._calls, timeout=timeout_s)

    def _incoming(self, leg: Leg) -> None:
        assert self._services is not None
        if reason := self._no_room():
            tasks.start(self._refuse(leg, reason), self._refusals)
            return
        conversation = Conversation(new_call_id(), leg, self._services)
        task = asyncio.create_task(self._converse(conversation))
        self._calls[task] = conversation
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("conversation.broke", exc_info=error)

    def _no_room(self) -> str:
        if self._draining:
            return "the line is shutting down"
        if len(self._calls) >= self.max_callers:
            return "all lines are busy"
        if self.agent.legs_in_use >= self.agent.max_legs:
            # A consultation is under way: the last leg is kept for handing somebody over.
            return "all lines are busy"
        return ""

    def wrote(self, call_id: str, text: str) -> bool:
        """A caller has written something beside their call; False when it is none of this line."""
        conversation = self._live(call_id)
        if conversation is not None:
            conversation.wrote(text)
        return conversation is not None

    def send_link(self, call_id: str, by: str) -> str | None:
        """Send a caller a link where they can write; returns what keeps it from them, and None
        when the call is none of this line."""
        conversation = self._live(call_id)
        return None if conversation is None else conversation.send_link(by)

    def _live(self, call_id: str) -> Conversation | None:
        return next((c for c in self._calls.values() if c.call_id == call_id), None)

    async def _converse(self, conversation: Conversation) -> None:
        with bind_call(conversation.call_id):
            await conversation.run()

    async def _refuse(self, leg: Leg, reason: str) -> None:
        self._emit(events.CallRefused(code=_NO_ROOM, reason=reason))
        retry_after = str(self._config.sip.retry_after_s)
        await leg.refuse(_NO_ROOM, headers=[("Retry-After", retry_after)])

    def _emit(self, event: AnyEvent) -> None:
        self._journal.write(Record(line=self._config.line, event=event))


@asynccontextmanager
async def answering(
    config: Config, plan: Dialplan, journal: Journal, look_back: LookBack = no_record
) -> AsyncIterator[Line]:
    """A line that answers until the end of the ``async with``.

    Args:
        look_back: what is on record of a caller's earlier calls.

    Raises:
        SpeechError: the speech service cannot be reached.
        TelephonyError: the SIP port cannot be opened.
    """
    speech = SpeechClient(config, plan.language)
    await speech.ping()
    examples = remembered(speech.embed)
    understander, prototypes = await prepared(plan, speech, examples)
    staff = Staff.of(config, plan)
    tongues = others(config, plan, staff.roster.members)
    async with httpx.AsyncClient() as http, Requests(config.sip) as requests:
        line = Line(config, journal)
        services = Services(
            config=config,
            plan=plan,
            agent=line.agent,
            speech=speech,
            voice=SafeVoice(speech, await _prompts(speech, plan)),
            understander=understander,
            prototypes=prototypes,
            http=http,
            journal=journal,
            music=_music(config),
            quiet=comfort_noise(_QUIET_S),
            staff=staff,
            look_back=look_back,
            requests=requests,
            chooser=await _chooser(plan, speech, examples),
            tongues=tongues,
        )
        await line.open(services)
        warming = asyncio.create_task(_warm(speech, plan, tongues.values()))
        try:
            async with Watch(services.staff, config.sip, line.agent.uri):
                yield line
        finally:
            await tasks.end(warming)
            await line.close()


async def _chooser(
    plan: Dialplan, speech: SpeechClient, examples: RememberedEmbedder
) -> Understander | None:
    choices = choosing(plan)
    return (
        None if choices is None else await Understander.create(choices, speech, examples=examples)
    )


async def _prompts(speech: SpeechClient, plan: Dialplan) -> dict[str, bytes]:
    """The sentences for when there is no speech service, made while there is one."""
    return {
        sentence: b"".join([pcm async for pcm in speech.synthesize(sentence, plan.voice)])
        for name in SAFE_PHRASES
        for sentence in sentences(phrase(plan, name))
    }


async def _warm(speech: SpeechClient, plan: Dialplan, tongues: Iterable[Tongue]) -> None:
    """Have the sentences that every caller hears made once; the service keeps them. Of the people's
    languages one sentence each, so that the voice is there."""
    opening = [
        (tongue.speech, tongue.sentences.say("opening"), tongue.voice_name) for tongue in tongues
    ]
    fixed = [(speech, text, plan.voice) for text in plan.fixed_prompts()]
    for client, text, voice in (*fixed, *opening):
        for sentence in sentences(text):
            try:
                async for _ in client.synthesize(sentence, voice):
                    pass
            except SpeechError as error:
                log.warning("voice.not_warmed", error=str(error))
                return
            # Calls come first.
            await asyncio.sleep(_WARMING_PAUSE_S)


def _music(config: Config) -> bytes:
    if config.handover.music is None:
        return hold_tune()
    return to_pcm(load(config.handover.music))
