"""What all conversations of a process share, and what those on the telephone need beside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import httpx

from voiceagent.config import Config
from voiceagent.dialogue import templates
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.understanding import Understander
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import CallFacts, Journal
from voiceagent.handoff.routing import Earlier
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.telling import Readers
from voiceagent.handoff.tongues import Tongue
from voiceagent.speech.client import SpeechClient
from voiceagent.telephony.requests import Requests
from voiceagent.telephony.useragent import UserAgent
from voiceagent.tries import Tries

SafePhrase = Literal["speech_lost", "nobody_free", "goodbye"]
SAFE_PHRASES: tuple[SafePhrase, ...] = get_args(SafePhrase)

LookBack = Callable[[CallFacts], Awaitable[Earlier]]
"""Looks up what is on record of the caller's earlier calls. It must not raise."""


async def no_record(facts: CallFacts) -> Earlier:
    """A `LookBack` where there is no record."""
    return Earlier()


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all conversations share, spoken or written."""

    config: Config
    plan: Dialplan
    understander: Understander
    prototypes: Prototypes
    http: httpx.AsyncClient
    journal: Journal
    staff: Staff
    look_back: LookBack = no_record
    tries: Tries = field(default_factory=Tries)

    @cached_property
    def readers(self) -> Readers:
        """In whose languages people are told of conversations."""
        return Readers(self.plan, self.staff.roster.members, self.config.handover.wording)


@dataclass(frozen=True, kw_only=True)
class Services(Shared):
    """What the calls of a line share beside."""

    agent: UserAgent
    speech: SpeechClient
    voice: SafeVoice
    music: bytes
    """What a held caller hears, 16-bit at 8 kHz."""
    quiet: bytes
    """What is heard while nobody speaks, 16-bit at 8 kHz."""
    requests: Requests | None = None
    """What goes out by SIP beside calls."""
    chooser: Understander | None = None
    """Understands what callers choose when nobody is free (`dialogue.choices`)."""
    tongues: Mapping[str, Tongue] = field(default_factory=dict)
    """The languages besides the dialplan's that people are talked to in, by code."""

    def phrase(self, name: SafePhrase) -> str:
        """A sentence that can be said even when there is no speech service."""
        return phrase(self.plan, name)


def phrase(plan: Dialplan, name: SafePhrase) -> str:
    """A phrase of the dialplan that depends on nothing but its facts."""
    return templates.render(getattr(plan.phrases, name), {"facts": plan.facts})


class SafeVoice:
    """The speech service's voice, with some sentences at hand for when it is gone.

    Args:
        prompts: those sentences as 8 kHz audio.
    """

    def __init__(self, speech: SpeechClient, prompts: dict[str, bytes]) -> None:
        self._speech = speech
        self._prompts = prompts

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
        """Speech as it is made, 16-bit at 8 kHz.

        Raises:
            SpeechError: the service is gone, and this is none of the sentences at hand.
        """
        if text in self._prompts:
            yield self._prompts[text]
            return
        async for pcm in self._speech.synthesize(text, voice):
            yield pcm
