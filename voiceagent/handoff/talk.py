"""The agent's talk with a person it has called: what is said to them, and heard from them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

import structlog

from voiceagent import tasks
from voiceagent.audio.vad import VoiceActivity
from voiceagent.config import Handover as Settings
from voiceagent.handoff.announcement import Announcement
from voiceagent.telephony.call import Leg

log = structlog.get_logger()


@dataclass(frozen=True)
class Words:
    """What a conversation says to people, and hears from them."""

    brief: Callable[[Leg], Awaitable[str]]
    """Speak the briefing to this leg; returns what was said."""
    hear: Callable[[Leg], Awaitable[bool]]
    """Listen to this leg until they say that they take the call, or that they do not."""
    introduce: Callable[[Leg], Awaitable[None]]
    """Say to the caller and to this leg, who are joined, who is there."""
    note: Callable[[Leg], Awaitable[str]]
    """Ask this leg what was agreed; returns what they say, also when they hang up after it."""


@dataclass(frozen=True)
class Briefed:
    """The briefing was spoken, or could not be."""

    text: str


@dataclass(frozen=True)
class Decided:
    """The person takes the call, or does not: then `reason` says why."""

    reason: str = ""


@dataclass(frozen=True)
class Introduced:
    """Both have heard what there was to say."""


@dataclass(frozen=True)
class Noted:
    """What was agreed, as far as it was said."""

    text: str


Said = Briefed | Decided | Introduced | Noted


class Talk:
    """One talk at a time with one person. What comes of it is told by `tell`."""

    def __init__(
        self, person: Leg, words: Words, settings: Settings, tell: Callable[[Said], None]
    ) -> None:
        self._person = person
        self._words = words
        self._settings = settings
        self._tell = tell
        self._task: asyncio.Task[None] | None = None

    def brief(self) -> None:
        """Begin the briefing, and listen to what they make of it."""
        if self._settings.accept == "answer" and self._settings.announcement_s:
            self._watch_for_announcement()
        self._begin(self._brief())

    def introduce(self) -> None:
        """Begin to introduce caller and person to each other."""
        self._begin(self._introduce())

    def take_note(self) -> None:
        """Begin to ask what was agreed."""
        self._begin(self._take_note())

    async def stop(self) -> None:
        """Say no more, and listen no more."""
        self._person.audio.received = None
        if self._task is not None:
            await tasks.end(self._task)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    async def _brief(self) -> None:
        text = ""
        try:
            text = await self._words.brief(self._person)
        except Exception:
            # A person who hears no briefing still has the context on the screen.
            log.exception("briefing.failed")
        self._tell(Briefed(text))
        if self._settings.accept != "speech":
            return
        try:
            taken = await self._words.hear(self._person)
        except Exception:
            log.exception("hearing.failed")  # the keys are left to them
            return
        self._tell(Decided("" if taken else "declined by speech"))

    async def _introduce(self) -> None:
        try:
            await self._words.introduce(self._person)
        except Exception:
            log.exception("introduction.failed")
        self._tell(Introduced())

    async def _take_note(self) -> None:
        text = ""
        try:
            text = await self._words.note(self._person)
        except Exception:
            log.exception("note.failed")
        self._tell(Noted(text))

    def _watch_for_announcement(self) -> None:
        activity = VoiceActivity()
        machine = Announcement(self._settings.announcement_s)

        def listen(pcm: bytes) -> None:
            if machine.push(activity.push(pcm).probability):
                self._person.audio.received = None
                self._tell(Decided("an announcement answered"))

        self._person.audio.received = listen
