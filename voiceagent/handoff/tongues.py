"""In which language, and by which voice, each person is talked to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from voiceagent.config import Config
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.notes.sentences import Sentences, english, load
from voiceagent.dialogue.notes.teller import Teller
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import HandoverRequest
from voiceagent.events import HandoverContext
from voiceagent.handoff.roster import Member
from voiceagent.language import bare_code
from voiceagent.speech.client import SpeechClient
from voiceagent.speech.languages import for_language, hears, own_voice, speaks
from voiceagent.speech.speaker import Voice

log = structlog.get_logger()


@dataclass(frozen=True)
class Tongue:
    """A language that people are talked to in."""

    language: str
    teller: Teller
    speech: SpeechClient
    voice: Voice
    voice_name: str | None = None
    """A voice of the service; None: the one in its settings."""

    @property
    def sentences(self) -> Sentences:
        """What there is to say in it."""
        return self.teller.sentences

    def context(
        self, context: HandoverContext, request: HandoverRequest, manager: DialogueManager
    ) -> HandoverContext:
        """The context with its reason and its summary in this language."""
        told = {
            "reason": self.teller.tell(request.why),
            "summary": manager.summary(self.teller),
        }
        return context.model_copy(update=told)


def others(config: Config, plan: Dialplan, people: Iterable[Member]) -> dict[str, Tongue]:
    """The languages besides the dialplan's that people are talked to in, by code.

    A person's language is the first of those they speak. Where there are no sentences in it, or no
    voice for it is configured, they are talked to in the dialplan's.

    Raises:
        ConfigError: a file of sentences cannot be used.
    """
    # A file that cannot be used is to be found before a caller is there.
    own = own_sentences(config, plan)
    found: dict[str, Tongue] = {}
    wanted = dict.fromkeys(_language(person) for person in people if person.languages)
    for language in wanted:
        code = bare_code(language)
        if code == bare_code(plan.language) or code in found:
            continue
        sentences = load(language, config.handover.wording)
        mend = _missing(config, language)
        if sentences is None:
            mend = f"put {code}.yaml into the folder handover.wording"
        if sentences is None or mend:
            log.warning("people.language_not_spoken", language=language, mend=mend)
            continue
        speech = SpeechClient(for_language(config, language), language)
        name = own_voice(config.speech, language)
        found[code] = Tongue(language, Teller(plan, sentences, own), speech, speech, name)
    return found


def _missing(config: Config, language: str) -> str:
    """What has to be set so that people are talked to in a language; empty for nothing."""
    code = bare_code(language)
    if not speaks(config, language):
        return f"set speech.languages.{code}.voice"
    if config.handover.accept == "speech" and not hears(config, language):
        return f"set speech.languages.{code}.recognizer"
    return ""


def tongue_of(person: Member, known: Mapping[str, Tongue]) -> Tongue | None:
    """The language somebody is talked to in; None for the dialplan's."""
    return known.get(bare_code(_language(person))) if person.languages else None


def own_tongue(config: Config, plan: Dialplan, speech: SpeechClient, voice: Voice) -> Tongue:
    """The dialplan's language."""
    own = own_sentences(config, plan)
    return Tongue(plan.language, Teller(plan, own, own), speech, voice, plan.voice)


def own_sentences(config: Config, plan: Dialplan) -> Sentences:
    """Sentences of the dialplan's language, English where there are none.

    Raises:
        ConfigError: a file of sentences cannot be used.
    """
    return load(plan.language, config.handover.wording) or english()


def _language(person: Member) -> str:
    return person.languages[0]
