"""Follows a dialplan through one call: what was understood comes in, replies go out. No I/O."""

from __future__ import annotations

from typing import Any

from voiceagent.dialogue import common, filling
from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.plan import plain
from voiceagent.dialogue.replies import HandoverRequest, LookupResult, Reply
from voiceagent.dialogue.steps import DialogueSteps
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.dialogue.wording import Question
from voiceagent.events import Action, Understanding

CLEAR = 0.45
"""Likeness from which another wish counts where an answer was expected."""
STRONG = 0.55
"""Likeness from which another wish counts even beside an answer to what was asked."""
LONGEST_NO = 4
"""A no to "anything else?" ends the call when it has at most so many words."""

_CORRECTABLE = {"digits", "number", "amount", "date", "time", "code", "postcode", "email", "phone"}
"""Kinds whose value is plain enough to be taken for a correction when nobody asked for it."""


class DialogueManager(DialogueSteps):
    """One call's dialogue: what is known of it, and the moves that follow from what is said."""

    # -- moves ----------------------------------------------------------------------------------

    def greet(self, before: Unfinished | None = None) -> Reply:
        """The first words; with something left open, whether to go on with that."""
        greeting = self._words.say(self._plan.greeting)
        if before is None or not before.fits(self._plan):
            return self._ask(Question("open"), greeting)
        self._before = before
        asked = Question(
            "resume", intent=before.intent or "", topic=before.topic, channel=before.channel
        )
        return self._ask_plainly(asked, greeting)

    def resume(self, before: Unfinished) -> Reply:
        """Go on with what an earlier conversation has left open."""
        self._before = before
        self._intent = before.intent
        self._slots.update({k: v for k, v in before.slots.items() if k in self._plan.slots})
        self._note("resumed_text" if before.channel == "text" else "resumed_call")
        self._asked = Question("more")
        return self.announce_handover(before.topic) if before.topic else self._proceed()

    def turn(self, understanding: Understanding, understood: float = 1.0) -> Reply:
        """The answer to a turn that was understood well enough to go on.

        Args:
            understood: probability that it was understood; a slot that is read back only when
                unsure is read back below `steps.SURE`.
        """
        self._silences = 0
        if self._is_common(understanding, common.REPEAT):
            return self._last
        if self._is_common(understanding, common.GOODBYE):
            return self._goodbye()
        match self._asked.kind:
            case "offer":
                return self._answer_to_offer(understanding, understood)
            case "confirm":
                return self._answer_to_confirm(understanding, understood)
            case "guess":
                return self._answer_to_guess(understanding, understood)
            case "resume":
                return self._answer_to_resume(understanding, understood)
            case "slot":
                return self._answer_to_slot(understanding, understood)
            case _:
                return self._answer_to_open(understanding, understood)

    def clarify(self, understanding: Understanding | None = None) -> Reply:
        """Ask again, differently each time; a doubtful wish or value is asked about."""
        self._silences = 0
        self._misses += 1
        asked = self._asked
        wish = self._wish(understanding) if understanding else None
        match asked.kind:
            case "open" | "more" if wish:
                return self._ask_plainly(Question("guess", intent=wish))
            case "open" | "more":
                said = self._words.nth(self._phrases.no_match, self._misses)
                return self._ask(asked, said, self._words.help() if self._misses == 2 else "")
            case "slot":
                value = self._value(asked.slot, understanding) if understanding else None
                if value is not None:
                    return self._confirm(asked.slot, value)
                said = self._words.nth(self._phrases.no_match_slot, self._misses)
                return self._ask_slot(asked.slot, before=said)
            case "offer":
                return self._ask(asked, self._words.say(self._phrases.offer_again))
        return self._ask_plainly(asked, self._words.say(self._phrases.yes_or_no))

    def no_input(self) -> Reply:
        """The caller said nothing in time: say so and ask again."""
        self._silences += 1
        return self._go_on(self._words.nth(self._phrases.no_input, self._silences))

    def offer_person(self, topic: str = "") -> Reply:
        """Ask whether the caller would like a person; the answer comes by `turn`.

        Args:
            topic: whom a yes is routed to; left out, the present intent decides.
        """
        return self._offer(topic=topic)

    def announce_handover(self, topic: str, action: Action = "handover") -> Reply:
        """The sentence that tells the caller what happens next; the reply asks for the handover.

        Args:
            topic: a topic of the dialplan, or "general".
            action: "emergency" says the topic's emergency text.
        """
        known = self._plan.topics.get(topic)
        if known and action == "emergency" and known.emergency:
            why = Note(says="emergency", values={"topic": topic})
            return self._hand_over(topic, why, known.emergency)
        if known is None:
            return self._hand_over(topic, Note(says="needed"))
        return self._hand_over(topic, Note(says="topic", values={"topic": topic}), known.say)

    def cannot_go_on(self) -> HandoverRequest:
        """The request for a person when the agent itself has failed."""
        return self._request("general", Note(says="technical"))

    def handover_failed(self, told: str | None = None) -> Reply:
        """Nobody could be reached: say so, and go on where the dialogue was.

        Args:
            told: what is said instead, where the caller has been told already.
        """
        self._note("nobody_took")
        if self._asked.kind == "offer":
            self._asked = self._before_offer
        return self._go_on(self._words.say(self._phrases.nobody_free) if told is None else told)

    def put_down(self, what: Note, say: str) -> Reply:
        """A callback or a message was put down: say so, and ask whether there is anything else.

        Args:
            what: for the person.
        """
        self._tried.append(what)
        return self._ask_plainly(Question("more"), say)

    def phrase(self, name: str, **values: Any) -> str:
        """A phrase of the dialplan in words, by its name."""
        return self._words.say(getattr(self._phrases, name), **values)

    def handed_back(self, note: str = "") -> Reply:
        """A person has given the caller back; `note` is what they agreed on."""
        self._note("handed_back", agreed=note)
        if self._asked.kind == "offer":
            self._asked = self._before_offer
        return self._go_on(self._words.say(self._phrases.handed_back))

    def lookup_done(self, result: LookupResult) -> Reply:
        """The answer to a look-up that was asked for."""
        lookup = self._plan.lookups[result.name]
        intent = self._plan.intents[self._intent or ""]
        subject = {name: self._slots[name] for name in intent.slots if name in self._slots}
        if result.error:
            self._note("lookup_failed", subject=subject)
            failed = self._words.say(lookup.error or self._phrases.lookup_failed)
            return self._answered(intent, failed) if self._declined else self._offer(failed)
        if result.found:
            known = [f"{plain(name)} {item}" for name, item in result.data.items() if item]
            self._note("lookup_found", subject=subject, found=", ".join(known[:5]))
            self._found[result.name] = result.data
            return self._answered(intent, self._words.say(intent.answer or lookup.found))
        self._note("lookup_none", subject=subject)
        sentence = self._words.say(lookup.not_found)
        if not (intent.slots and lookup.ask_again):
            return self._answered(intent, sentence)
        again = intent.slots[-1]
        del self._slots[again]
        self._attempts[again] = max(1, self._attempts.get(again, 0))
        return self._ask_slot(again, before=sentence)

    # -- answers to what was asked --------------------------------------------------------------

    def _answer_to_open(self, u: Understanding, understood: float) -> Reply:
        more = self._asked.kind == "more"
        if wish := self._wish(u):
            return self._start(wish, u, understood)
        if (correction := self._correction(u)) is not None:
            return self._accept(self._last_filled, correction, understood)
        if reply := self._small_talk(u):
            return reply
        if more and u.entities.get("yes_no") is False and len(u.text.split()) <= LONGEST_NO:
            return self._goodbye()
        if more and u.entities.get("yes_no") is True:
            return self._ask(Question("open"), self._words.say(self._phrases.go_ahead))
        return self.clarify(u)

    def _answer_to_slot(self, u: Understanding, understood: float) -> Reply:
        asked = self._asked.slot
        slot = self._plan.slots[asked]
        other = self._wish(u, besides=self._intent) if u.similarity >= CLEAR else None
        # "A blood test, please" sounds like a wish of its own, but it is what was offered.
        chosen = slot.kind == "choice" and self._value(asked, u) is not None
        if other and u.similarity >= STRONG and not chosen:
            return self._start(other, u, understood)
        correction = self._correction(u)
        denied = u.entities.get("yes_no") is False
        if correction is not None and denied and self._kind(self._last_filled) == slot.kind:
            return self._accept(self._last_filled, correction, understood)
        value = self._value(asked, u)
        if value is not None:
            joined = slot.kind == "digits" and value != u.entities.get("digits")
            return self._accept(asked, value, 0.0 if joined else understood)
        if other:
            return self._start(other, u, understood)
        if correction is not None:
            return self._accept(self._last_filled, correction, understood)
        if reply := self._small_talk(u):
            return reply
        if slot.kind == "digits" and (digits := u.entities.get("digits")):
            self._partial = digits if len(digits) < (slot.min_digits or 1) else ""
            said = self._words.say(self._phrases.wrong_digits, value=digits, count=len(digits))
            return self._ask_slot(asked, before=said)
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
        yes = u.entities.get("yes_no")
        wish = self._wish(u)
        if yes is True or wish:
            return self._start(wish or self._asked.intent, u, understood)
        if yes is False:
            return self._ask_plainly(Question("open"))
        return self._small_talk(u) or self.clarify()

    def _answer_to_resume(self, u: Understanding, understood: float) -> Reply:
        before, wish = self._before, self._wish(u)
        yes = u.entities.get("yes_no")
        if before and (yes is True or (wish and wish == before.intent)):
            return self.resume(before)
        if wish is None and yes is None:
            return self._small_talk(u) or self.clarify()
        self._before = None
        return self._start(wish, u, understood) if wish else self._ask_plainly(Question("open"))

    def _answer_to_offer(self, u: Understanding, understood: float) -> Reply:
        yes = u.entities.get("yes_no")
        wish = self._wish(u)
        if yes is True:
            return self._hand_over(self._asked.topic, Note(says="offered"))
        if yes is None and wish is None:
            return self._small_talk(u) or self.clarify()
        self._declined = True
        self._asked = self._before_offer
        if wish:
            return self._start(wish, u, understood)
        return self._go_on(self._words.say(self._phrases.go_on))

    def _small_talk(self, u: Understanding) -> Reply | None:
        """The answer to what callers say in every dialplan."""
        asked = self._asked
        match u.intent if u.intent not in self._plan.intents else None:
            case common.WAIT:
                return self._ask(asked, self._words.say(self._phrases.take_your_time))
            case common.THANKS:
                asked = Question("more") if asked.kind == "open" else asked
                return self._ask_plainly(asked, self._words.say(self._phrases.welcome))
            case common.HELLO:
                return self._ask_plainly(asked, self._words.say(self._phrases.hello_again))
            case common.HELP:
                return self._ask_plainly(asked, self._words.help())
        return None

    # -- what was said --------------------------------------------------------------------------

    def _wish(self, u: Understanding, besides: str | None = None) -> str | None:
        """The dialplan's intent that was heard, if any, and not the one `besides`."""
        return u.intent if u.intent in self._plan.intents and u.intent != besides else None

    def _is_common(self, u: Understanding, name: str) -> bool:
        """Whether the caller said this, and the dialplan has no intent of its own for it."""
        if u.intent != name or name in self._plan.intents:
            return False
        return self._asked.kind in ("open", "more", "slot") or u.similarity >= STRONG

    def _value(self, slot: str, u: Understanding) -> Any:
        return filling.value(self._plan.slots[slot], u, self._partial)

    def _correction(self, u: Understanding) -> Any:
        """A new value for the slot filled last, when the caller gives one unasked."""
        intent = self._plan.intents.get(self._intent or "")
        if intent is None or self._last_filled not in intent.slots:
            return None
        if self._kind(self._last_filled) not in _CORRECTABLE:
            return None
        return filling.value(self._plan.slots[self._last_filled], u)

    def _kind(self, slot: str) -> str:
        return self._plan.slots[slot].kind
