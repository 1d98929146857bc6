"""The steps of a dialplan, once it is known what is wanted: ask, read back, look up, answer."""

from __future__ import annotations

import re
from typing import Any

from voiceagent.dialogue import filling
from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.plan import Intent
from voiceagent.dialogue.replies import HandoverRequest, LookupRequest, Reply
from voiceagent.dialogue.state import DialogueState
from voiceagent.dialogue.wording import Question
from voiceagent.events import Understanding

SURE = 0.75
"""A slot with ``confirm: unsure`` is read back when it was understood less surely than this."""

_ANOTHER = re.compile(r"\b(other|another|different|second|next|new|else)\b", re.I)


class DialogueSteps(DialogueState):
    """One call's dialogue, and the steps that it goes by itself."""

    def _start(self, name: str, u: Understanding, understood: float) -> Reply:
        """Begin an intent, with what the sentence already says about its slots."""
        intent = self._plan.intents[name]
        if name == self._intent and not (intent.lookup and not _ANOTHER.search(u.text)):
            for slot in intent.slots:
                self._slots.pop(slot, None)
        self._intent = name
        self._misses = 0
        self._attempts.clear()
        self._unconfirmed.clear()
        self._partial = ""
        for slot, value in filling.given(self._plan, intent, u).items():
            self._slots.pop(slot, None)
            if self._must_confirm(slot, understood):
                self._unconfirmed[slot] = value
            else:
                self._slots[slot] = value
                self._last_filled = slot
        return self._proceed()

    def _proceed(self) -> Reply:
        """The next step of the intent: ask, look up, hand over, or answer."""
        name = self._intent or ""
        intent = self._plan.intents[name]
        for slot in intent.slots:
            if slot in self._unconfirmed:
                return self._confirm(slot, self._unconfirmed.pop(slot))
            if slot not in self._slots:
                return self._ask_slot(slot)
            refused = self._plan.slots[slot].if_no
            if refused and self._slots[slot] is False:
                self._note("said_no", slot=slot)
                return self._answered(intent, self._words.say(refused))
        self._asked = Question("more")
        if intent.lookup:
            request = LookupRequest(name=intent.lookup, values=self._words.values())
            say = self._words.say(self._phrases.let_me_look)
            return self._reply(Reply(say=say, lookup=request))
        if intent.handover:
            topic = self._plan.topics.get(intent.handover)
            why = Note(says="asked_about", values={"intent": name})
            return self._hand_over(intent.handover, why, topic.say if topic else None)
        self._note("answered", intent=name)
        return self._answered(intent, self._words.say(intent.answer))

    def _answered(self, intent: Intent, sentence: str) -> Reply:
        if intent.ends_call:
            return self._reply(Reply(say=sentence, end=True))
        follow_up = self._words.say(intent.follow_up or self._phrases.anything_else)
        return self._ask(Question("more"), sentence, follow_up)

    def _accept(self, slot: str, value: Any, understood: float) -> Reply:
        """Take a value, or have it confirmed first."""
        self._slots.pop(slot, None)
        if self._must_confirm(slot, understood):
            return self._confirm(slot, value)
        return self._fill(slot, value)

    def _fill(self, slot: str, value: Any) -> Reply:
        self._slots[slot] = value
        self._last_filled = slot
        self._partial = ""
        self._misses = 0
        return self._proceed()

    def _confirm(self, slot: str, value: Any) -> Reply:
        return self._ask_plainly(Question("confirm", slot=slot, value=value))

    def _ask_slot(self, name: str, before: str = "") -> Reply:
        """Ask for a slot, in other words each time, and offer a person when it is no use."""
        slot = self._plan.slots[name]
        question = Question("slot", slot=name)
        tries = self._attempts.get(name, 0)
        if tries >= slot.attempts:
            self._attempts[name] = 0
            self._note("asked_in_vain", slot=name, count=tries)
            self._asked = question
            return self._offer(before)
        self._attempts[name] = tries + 1
        return self._ask(
            question, before, self._words.nth((slot.prompt, *slot.reprompts), tries + 1)
        )

    def _offer(self, before: str = "", topic: str = "") -> Reply:
        if self._asked.kind != "offer":
            self._before_offer = self._asked
        self._declined = False
        self._misses = 0
        intent = self._plan.intents.get(self._intent or "")
        topic = topic or (intent.handover if intent else None) or "general"
        return self._ask_plainly(Question("offer", topic=topic), before)

    def _go_on(self, before: str) -> Reply:
        """Back to the question that is open."""
        if self._asked.kind == "slot":
            return self._ask_slot(self._asked.slot, before=before)
        return self._ask_plainly(self._asked, before)

    def _goodbye(self) -> Reply:
        return self._reply(Reply(say=self._words.say(self._phrases.goodbye), end=True))

    def _hand_over(self, topic: str, why: Note, sentence: str | None = None) -> Reply:
        say = self._words.say(sentence or self._phrases.handover)
        request = self._request(topic, why)
        # A late "please" must not leave the caller without a word of what happens next.
        return self._reply(Reply(say=say, handover=request, interruptible=False))

    def _request(self, topic: str, why: Note) -> HandoverRequest:
        return HandoverRequest(topic=topic, reason=self._own.tell(why), why=why)

    def _ask_plainly(self, question: Question, before: str = "") -> Reply:
        return self._ask(question, before, self._words.question(question))

    def _ask(self, question: Question, *sentences: str) -> Reply:
        self._asked = question
        say = " ".join(sentence for sentence in sentences if sentence)
        return self._reply(Reply(say=say, expecting=self._words.expectation(question)))

    def _reply(self, reply: Reply) -> Reply:
        self._last = reply
        return reply

    def _must_confirm(self, slot: str, understood: float) -> bool:
        confirm = self._plan.slots[slot].confirm
        return understood < SURE if confirm == "unsure" else confirm
