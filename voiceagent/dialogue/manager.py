"""Follows a dialplan through one call: what was understood comes in, replies go out. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import structlog

from voiceagent.dialogue import common, filling
from voiceagent.dialogue.plan import Dialplan, Intent, Slot, TurnLimits
from voiceagent.dialogue.replies import HandoverRequest, LookupRequest, LookupResult, Reply
from voiceagent.dialogue.templates import RenderError, render, values_for
from voiceagent.events import Action, CallFacts, Expectation, Understanding

log = structlog.get_logger()

SURE = 0.75
"""A slot with ``confirm: unsure`` is read back when it was understood less surely than this."""


@dataclass(frozen=True)
class _Question:
    """What the agent has asked last."""

    kind: Literal["open", "more", "slot", "confirm", "guess", "offer"]
    slot: str = ""
    value: Any = None
    """Value to be confirmed."""
    intent: str = ""
    """Intent to be confirmed."""


class DialogueManager:
    """One call's dialogue.

    Args:
        plan: the dialplan to follow.
        facts: what the INVITE says, known to templates as `call`.
        today: the day that dates are counted from and read out against.
    """

    def __init__(self, plan: Dialplan, facts: CallFacts, today: date) -> None:
        self._plan = plan
        self._phrases = plan.phrases
        self._constant = values_for(plan.facts, facts, today, {})
        self._asked = _Question("open")
        self._before_offer = _Question("open")
        self._intent: str | None = None
        self._slots: dict[str, Any] = {}
        self._partial = ""
        self._last_filled = ""
        self._data: dict[str, Any] = {}
        self._tried: list[str] = []
        self._attempts: dict[str, int] = {}
        self._misses = 0
        self._silences = 0
        self._declined = False
        self._last = Reply(say="")

    # -- what others may know -------------------------------------------------------------------

    @property
    def expecting(self) -> Expectation | None:
        """What was asked last, for recognition and turn-taking."""
        return self._last.expecting

    @property
    def turn_limits(self) -> TurnLimits:
        """The asked slot's own turn-taking; all None where the settings apply."""
        slot = self._plan.slots.get(self._asked.slot)
        return slot.turns if slot else TurnLimits()

    @property
    def intent(self) -> str | None:
        """What the caller last wanted, as the dialplan names it."""
        return self._intent

    @property
    def slots(self) -> dict[str, Any]:
        """The answers so far, by slot."""
        return dict(self._slots)

    @property
    def tried(self) -> tuple[str, ...]:
        """What the agent did and what came of it, a sentence each, for the person."""
        return tuple(self._tried)

    @property
    def offered_declined(self) -> bool:
        """Whether the caller declined the last offer of a person."""
        return self._declined

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Words that recognition should expect."""
        return self._plan.hints

    def summary(self) -> str:
        """Up to three sentences for the person: what is wanted, what was tried, what is open."""
        if self._intent is None:
            wanted = "The caller has not yet said what they want."
        else:
            known = [f"{self._label(name)} {value}" for name, value in self._slots.items()]
            details = f" ({', '.join(known)})" if known else ""
            wanted = f"The caller asked about {self._intent_label(self._intent)}{details}."
        tried = self._tried[-1] if self._tried else ""
        open_ = ""
        if self._question_now().slot:
            open_ = f"Still open: {self._label(self._question_now().slot)}."
        return " ".join(part for part in (wanted, tried, open_) if part)

    # -- moves ----------------------------------------------------------------------------------

    def greet(self) -> Reply:
        """The first words."""
        return self._ask(_Question("open"), self._say(self._plan.greeting))

    def turn(self, understanding: Understanding, understood: float = 1.0) -> Reply:
        """The answer to a turn that was understood well enough to go on.

        Args:
            understood: probability that it was understood; a slot that is read back only when
                unsure is read back below `SURE`.
        """
        self._silences = 0
        if understanding.intent == common.REPEAT and "repeat" not in self._plan.intents:
            return self._last
        match self._asked.kind:
            case "offer":
                return self._answer_to_offer(understanding, understood)
            case "confirm":
                return self._answer_to_confirm(understanding, understood)
            case "guess":
                return self._answer_to_guess(understanding, understood)
            case "slot":
                return self._answer_to_slot(understanding, understood)
            case _:
                return self._answer_to_open(understanding, understood)

    def clarify(self, understanding: Understanding | None = None) -> Reply:
        """Ask again, differently each time; a doubtful wish or value is asked about."""
        self._silences = 0
        self._misses += 1
        asked = self._asked
        if understanding is not None and asked.kind == "slot":
            value = self._value(asked.slot, understanding)
            if value is not None:
                return self._confirm(asked.slot, value)
        wish = self._wish(understanding) if understanding else None
        if wish and asked.kind in ("open", "more"):
            sentence = self._say(self._phrases.did_you_mean, {"label": self._intent_label(wish)})
            return self._ask(_Question("guess", intent=wish), sentence)
        if asked.kind in ("open", "more"):
            said = _nth(self._phrases.no_match, self._misses)
            return self._ask(asked, self._say(said), self._help() if self._misses == 2 else "")
        if asked.kind == "slot":
            return self._ask_slot(
                asked.slot, before=_nth(self._phrases.no_match_slot, self._misses)
            )
        if asked.kind == "offer":
            return self._ask(asked, self._say(self._phrases.offer_again))
        return self._ask(asked, self._phrases.yes_or_no, self._question_text(asked))

    def no_input(self) -> Reply:
        """The caller said nothing in time: say so and ask again."""
        self._silences += 1
        before = _nth(self._phrases.no_input, self._silences)
        if self._asked.kind == "slot":
            return self._ask_slot(self._asked.slot, before=before)
        return self._ask(self._asked, before, self._question_text(self._asked))

    def offer_person(self) -> Reply:
        """Ask whether the caller would like a person; the answer comes by `turn`."""
        return self._offer()

    def announce_handover(self, topic: str, action: Action = "handover") -> Reply:
        """The sentence that tells the caller what happens next; the reply asks for the handover.

        Args:
            topic: a topic of the dialplan, or "general".
            action: "emergency" says the topic's emergency text.
        """
        known = self._plan.topics.get(topic)
        emergency = known.emergency if known and action == "emergency" else None
        sentence = emergency or (known.say if known else None) or self._phrases.handover
        label = (known.label or _plain(topic)) if known else ""
        reason = f"The caller speaks about {label}." if label else "The caller needs a person."
        return self._hand_over(topic, reason, sentence, interruptible=emergency is None)

    def handover_failed(self) -> Reply:
        """Nobody could be reached: say so, and go on where the dialogue was."""
        self._tried.append("Called for a person; nobody could take the call.")
        if self._asked.kind == "offer":
            self._asked = self._before_offer
        return self._go_on(self._say(self._phrases.nobody_free))

    def lookup_done(self, result: LookupResult) -> Reply:
        """The answer to a look-up that was asked for."""
        lookup = self._plan.lookups[result.name]
        intent = self._plan.intents.get(self._intent or "")
        subject = self._subject(intent)
        if result.error:
            self._tried.append(f"Looked up {subject}; the look-up failed.")
            return self._offer(self._say(lookup.error or self._phrases.lookup_failed))
        if result.found:
            self._tried.append(f"Looked up {subject}; found.")
            self._data[result.name] = result.data
            answer = (intent.answer if intent else None) or lookup.found or ""
            return self._answered(intent, self._say(answer))
        self._tried.append(f"Looked up {subject}; there is none.")
        sentence = self._say(lookup.not_found)
        again = intent.slots[-1] if intent and intent.slots and lookup.ask_again else ""
        if not again:
            return self._answered(intent, sentence)
        del self._slots[again]
        return self._ask_slot(again, before=sentence)

    # -- answers to what was asked --------------------------------------------------------------

    def _answer_to_open(self, u: Understanding, understood: float) -> Reply:
        more = self._asked.kind == "more"
        if wish := self._wish(u):
            return self._start(wish, u, understood)
        if (correction := self._correction(u)) is not None:
            return self._refill(correction, understood)
        if reply := self._small_talk(u):
            return reply
        yes = u.entities.get("yes_no")
        if more and yes is False:
            return self._goodbye()
        if more and yes is True:
            return self._ask(_Question("open"), self._say(self._phrases.go_ahead))
        return self.clarify(u)

    def _answer_to_slot(self, u: Understanding, understood: float) -> Reply:
        asked = self._asked.slot
        slot = self._plan.slots[asked]
        other = self._wish(u, besides=self._intent)
        value = self._value(asked, u)
        if value is not None and not (other and slot.kind in ("name", "number", "yes_no")):
            return self._accept(asked, value, understood)
        if other:
            return self._start(other, u, understood)
        if (correction := self._correction(u)) is not None:
            return self._refill(correction, understood)
        if reply := self._small_talk(u):
            return reply
        if slot.kind == "digits" and (digits := u.entities.get("digits")):
            self._partial = digits if len(digits) < (slot.min_digits or 1) else ""
            words = {"value": digits, "count": len(digits)}
            return self._ask_slot(asked, before=self._say(self._phrases.wrong_digits, words))
        return self.clarify(u)

    def _answer_to_confirm(self, u: Understanding, understood: float) -> Reply:
        asked = self._asked
        yes = u.entities.get("yes_no")
        value = self._value(asked.slot, u) if self._kind(asked.slot) != "yes_no" else None
        if value is not None and value != asked.value:
            return self._confirm(asked.slot, value)
        if yes is True or (value is not None and yes is None):
            return self._fill(asked.slot, asked.value)
        if yes is False:
            return self._ask_slot(asked.slot)
        if wish := self._wish(u, besides=self._intent):
            return self._start(wish, u, understood)
        return self._small_talk(u) or self.clarify()

    def _answer_to_guess(self, u: Understanding, understood: float) -> Reply:
        guess = self._asked.intent
        wish = self._wish(u, besides=guess)
        if u.entities.get("yes_no") is True or (wish is None and self._wish(u) == guess):
            return self._start(guess, u, understood)
        if wish:
            return self._start(wish, u, understood)
        if u.entities.get("yes_no") is False:
            return self._ask(_Question("open"), self._say(self._phrases.how_can_i_help))
        return self._small_talk(u) or self.clarify()

    def _answer_to_offer(self, u: Understanding, understood: float) -> Reply:
        yes = u.entities.get("yes_no")
        wish = self._wish(u)
        if yes is True:
            reason = "The caller was offered a person and said yes."
            return self._hand_over("general", reason, self._phrases.handover)
        if yes is None and wish is None:
            return self._small_talk(u) or self.clarify()
        self._declined = True
        self._asked = self._before_offer
        if wish:
            return self._start(wish, u, understood)
        return self._go_on(self._say(self._phrases.go_on))

    def _small_talk(self, u: Understanding) -> Reply | None:
        """The answer to what callers say in every dialplan."""
        asked = self._asked
        match u.intent:
            case common.GOODBYE:
                return self._goodbye()
            case common.WAIT:
                return self._ask(asked, self._say(self._phrases.take_your_time))
            case common.HELLO:
                hello = self._say(self._phrases.hello_again)
                return self._ask(asked, hello, self._question_text(asked))
            case common.HELP:
                return self._ask(asked, self._help(), self._question_text(asked))
        return None

    # -- following the plan ---------------------------------------------------------------------

    def _start(self, name: str, u: Understanding, understood: float) -> Reply:
        """Begin an intent, with what the sentence already says about its slots."""
        intent = self._plan.intents[name]
        self._misses = 0
        given = filling.given(self._plan, intent, u)
        if name == self._intent:
            for slot in intent.slots:
                self._slots.pop(slot, None)
        self._intent = name
        self._attempts.clear()
        self._partial = ""
        for slot, value in given.items():
            self._slots.pop(slot, None)
            if self._must_confirm(slot, understood):
                return self._confirm(slot, value)
            self._slots[slot] = value
            self._last_filled = slot
        return self._proceed()

    def _proceed(self) -> Reply:
        """The next step of the intent: ask, look up, hand over, or answer."""
        intent = self._plan.intents[self._intent or ""]
        for slot in intent.slots:
            if slot not in self._slots:
                return self._ask_slot(slot)
        if intent.lookup:
            request = LookupRequest(name=intent.lookup, values=self._values())
            return self._reply(Reply(say=self._say(self._phrases.let_me_look), lookup=request))
        if intent.handover:
            known = self._plan.topics.get(intent.handover)
            sentence = (known.say if known else None) or self._phrases.handover
            reason = f"The caller asked about {self._intent_label(self._intent or '')}."
            return self._hand_over(intent.handover, reason, sentence)
        self._tried.append(f"Answered about {self._intent_label(self._intent or '')}.")
        return self._answered(intent, self._say(intent.answer or ""))

    def _answered(self, intent: Intent | None, sentence: str) -> Reply:
        if intent and intent.ends_call:
            return self._reply(Reply(say=sentence, end=True))
        follow_up = (intent.follow_up if intent else None) or self._phrases.anything_else
        return self._ask(_Question("more"), sentence, self._say(follow_up))

    def _accept(self, slot: str, value: Any, understood: float) -> Reply:
        joined = bool(self._partial) and self._kind(slot) == "digits"
        if joined or self._must_confirm(slot, understood):
            return self._confirm(slot, value)
        return self._fill(slot, value)

    def _fill(self, slot: str, value: Any) -> Reply:
        self._slots[slot] = value
        self._last_filled = slot
        self._partial = ""
        self._misses = 0
        return self._proceed()

    def _refill(self, value: Any, understood: float) -> Reply:
        """The caller corrects an answer, or gives another one for the same wish."""
        slot = self._last_filled
        self._slots.pop(slot, None)
        return self._accept(slot, value, understood)

    def _confirm(self, slot: str, value: Any) -> Reply:
        question = _Question("confirm", slot=slot, value=value)
        return self._ask(question, self._question_text(question))

    def _ask_slot(self, name: str, before: str = "") -> Reply:
        """Ask for a slot, in other words each time, and offer a person when it is no use."""
        slot = self._plan.slots[name]
        tries = self._attempts.get(name, 0)
        if tries >= slot.attempts:
            self._attempts[name] = 0
            self._tried.append(f"Asked for the {self._label(name)} {tries} times in vain.")
            self._asked = _Question("slot", slot=name)
            return self._offer(before)
        self._attempts[name] = tries + 1
        wording = (slot.prompt, *slot.reprompts)
        return self._ask(
            _Question("slot", slot=name), before, self._say(wording[min(tries, len(wording) - 1)])
        )

    def _offer(self, before: str = "") -> Reply:
        if self._asked.kind != "offer":
            self._before_offer = self._asked
        return self._ask(_Question("offer"), before, self._say(self._phrases.offer_person))

    def _go_on(self, before: str) -> Reply:
        """Back to the question that was open."""
        if self._asked.kind == "slot":
            return self._ask_slot(self._asked.slot, before=before)
        return self._ask(self._asked, before, self._question_text(self._asked))

    def _goodbye(self) -> Reply:
        return self._reply(Reply(say=self._say(self._phrases.goodbye), end=True))

    def _hand_over(
        self, topic: str, reason: str, sentence: str, *, interruptible: bool = True
    ) -> Reply:
        request = HandoverRequest(topic=topic, reason=reason)
        return self._reply(
            Reply(say=self._say(sentence), handover=request, interruptible=interruptible)
        )

    # -- small helpers --------------------------------------------------------------------------

    def _wish(self, u: Understanding, besides: str | None = None) -> str | None:
        """The dialplan's intent that was heard, if any, and not the one `besides`."""
        return u.intent if u.intent in self._plan.intents and u.intent != besides else None

    def _value(self, slot: str, u: Understanding) -> Any:
        return filling.value(self._plan.slots[slot], u, self._partial)

    def _correction(self, u: Understanding) -> Any:
        """A new value for the slot filled last, when the caller gives one unasked."""
        if not self._last_filled or self._kind(self._last_filled) in ("yes_no", "name", "choice"):
            return None
        return filling.value(self._plan.slots[self._last_filled], u)

    def _kind(self, slot: str) -> str:
        return self._plan.slots[slot].kind

    def _must_confirm(self, slot: str, understood: float) -> bool:
        confirm = self._plan.slots[slot].confirm
        return understood < SURE if confirm == "unsure" else confirm

    def _question_now(self) -> _Question:
        return self._before_offer if self._asked.kind == "offer" else self._asked

    def _question_text(self, question: _Question) -> str:
        """The question in its plain words."""
        match question.kind:
            case "slot":
                return self._say(self._plan.slots[question.slot].prompt)
            case "confirm":
                template = filling.confirmation(
                    self._plan.slots[question.slot], question.value, self._phrases
                )
                return self._say(template, {"value": question.value})
            case "guess":
                words = {"label": self._intent_label(question.intent)}
                return self._say(self._phrases.did_you_mean, words)
            case "offer":
                return self._say(self._phrases.offer_person)
            case "more":
                return self._say(self._phrases.anything_else)
        return self._say(self._phrases.how_can_i_help)

    def _ask(self, question: _Question, *sentences: str) -> Reply:
        self._asked = question
        slot: Slot | None = self._plan.slots.get(question.slot)
        expecting = filling.expectation(question.kind, question.slot, slot)
        return self._reply(
            Reply(say=" ".join(part for part in sentences if part), expecting=expecting)
        )

    def _reply(self, reply: Reply) -> Reply:
        self._last = reply
        return reply

    def _help(self) -> str:
        labels = [self._intent_label(name) for name in self._plan.intents]
        words = ", ".join(labels[:-1]) + f" or {labels[-1]}" if len(labels) > 1 else labels[0]
        return self._say(self._phrases.can_help_with, {"labels": words})

    def _intent_label(self, name: str) -> str:
        return self._plan.intents[name].label or _plain(name)

    def _label(self, slot: str) -> str:
        return self._plan.slots[slot].label or _plain(slot)

    def _subject(self, intent: Intent | None) -> str:
        known = [
            f"{self._label(name)} {self._slots[name]}"
            for name in (intent.slots if intent else ())
            if name in self._slots
        ]
        return " and ".join(known) or "it"

    def _values(self) -> dict[str, Any]:
        return {**self._constant, **self._slots, **self._data}

    def _say(self, template: str, more: Mapping[str, Any] | None = None) -> str:
        try:
            return render(template, {**self._values(), **(more or {})})
        except RenderError as error:
            log.error("dialogue.template_failed", error=str(error))
            return self._phrases.answer_failed


def _nth(sentences: tuple[str, ...], count: int) -> str:
    """The count-th sentence, from 1; the last one from then on."""
    return sentences[min(count, len(sentences)) - 1]


def _plain(name: str) -> str:
    return name.replace("_", " ")
