"""Puts a dialplan into words for one call: answers and questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import structlog

from voiceagent.dialogue.plan import Dialplan, Slot
from voiceagent.dialogue.speaking import spoken_list
from voiceagent.dialogue.templates import RenderError, render
from voiceagent.events import CallFacts, Expectation

log = structlog.get_logger()


@dataclass(frozen=True)
class Question:
    """What the agent has asked last."""

    kind: Literal["open", "more", "slot", "confirm", "guess", "offer", "resume"]
    slot: str = ""
    value: Any = None
    """Value to be confirmed."""
    intent: str = ""
    """Intent to be confirmed."""
    topic: str = "general"
    """Topic of the person offered."""
    channel: str = ""
    """Where the conversation was that may be gone on with."""


class Wording:
    """The words of one call.

    Args:
        known: slots and look-ups by name, as they become known.
    """

    def __init__(
        self, plan: Dialplan, facts: CallFacts, today: date, known: Mapping[str, Any]
    ) -> None:
        self._plan = plan
        self._constant = {"facts": plan.facts, "call": facts, "today": today}
        self._known = known

    def values(self) -> dict[str, Any]:
        """What templates may use at this moment."""
        return {**self._constant, **self._known}

    def say(self, template: str | None, **more: Any) -> str:
        """A template in words; what cannot be said is replaced by a word of regret and logged."""
        try:
            return render(template or "", {**self.values(), **more})
        except RenderError as error:
            log.error("dialogue.template_failed", error=str(error))
            return self._plan.phrases.answer_failed

    def nth(self, sentences: tuple[str, ...], count: int) -> str:
        """The count-th sentence, from 1; the last one from then on."""
        return self.say(sentences[min(max(count, 1), len(sentences)) - 1])

    def question(self, asked: Question) -> str:
        """A question in its plain words."""
        phrases = self._plan.phrases
        match asked.kind:
            case "slot":
                return self.say(self._plan.slots[asked.slot].prompt)
            case "confirm":
                slot = self._plan.slots[asked.slot]
                return self.say(self._confirmation(slot, asked.value), value=asked.value)
            case "guess":
                return self.say(phrases.did_you_mean, label=self.intent(asked.intent))
            case "offer":
                return self.say(phrases.offer_person)
            case "resume":
                about = self.intent(asked.intent) if asked.intent else self.topic(asked.topic)
                return self.say(phrases.resume, label=about, channel=asked.channel)
            case "more":
                return self.say(phrases.anything_else)
        return self.say(phrases.how_can_i_help)

    def expectation(self, asked: Question) -> Expectation:
        """What a question lets expect."""
        if asked.kind == "confirm":
            kind = self._plan.slots[asked.slot].kind
            return Expectation(kind="yes_no", slot=asked.slot, reads_back=kind)
        if asked.kind in ("guess", "offer", "resume"):
            return Expectation(kind="yes_no", slot=asked.slot or None)
        if asked.kind != "slot":
            return Expectation()
        slot = self._plan.slots[asked.slot]
        return Expectation(
            kind=slot.kind,
            slot=asked.slot,
            min_digits=slot.min_digits,
            max_digits=slot.max_digits,
            choices=tuple(slot.choices),
        )

    def _confirmation(self, slot: Slot, value: Any) -> str:
        phrases = self._plan.phrases
        if slot.confirmation:
            return slot.confirmation
        match slot.kind:
            case "digits":
                return phrases.confirm_digits
            case "date":
                return phrases.confirm_date
            case "amount":
                return phrases.confirm_amount
            case "time":
                return phrases.confirm_time
            case "spelled_name":
                return phrases.confirm_spelled
            case "code" | "postcode":
                return phrases.confirm_code
            case "phone":
                return phrases.confirm_phone
            case "yes_no":
                return phrases.confirm_yes if value else phrases.confirm_no
        return phrases.confirm

    def help(self) -> str:
        """What the dialplan speaks about."""
        labels = spoken_list(map(self.intent, self._plan.intents), "or")
        return self.say(self._plan.phrases.can_help_with, labels=labels)

    def intent(self, name: str) -> str:
        """An intent as people call it."""
        return self._plan.label("intents", name)

    def topic(self, name: str) -> str:
        """A topic as people call it."""
        return self._plan.label("topics", name)
