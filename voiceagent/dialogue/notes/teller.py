"""Puts notes into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.notes.sentences import Sentences, english, load
from voiceagent.dialogue.plan import Dialplan
from voiceagent.language import bare_code


class Teller:
    """Puts notes into words for one dialplan and one language.

    In another language than the dialplan's only what the dialplan's ``translations`` name can be
    named. Other words of the dialplan are quoted where they are read, and left out where they
    are heard.

    Args:
        own: the sentences in which the dialplan is told of without translation.
        read: whether it is for a screen.
    """

    def __init__(
        self, plan: Dialplan, sentences: Sentences, own: Sentences, *, read: bool = False
    ) -> None:
        self._plan = plan
        self.sentences = sentences
        self._foreign = sentences.language not in (bare_code(plan.language), own.language)
        self._read = read

    def tell(self, note: Note) -> str:
        """The note as a sentence; empty where it cannot be said in this language."""
        parts = {kind: self._part(kind, value) for kind, value in note.values.items()}
        return self.sentences.say(note.says, **parts)

    def tell_all(self, notes: Iterable[Note]) -> tuple[str, ...]:
        """Those of the notes that can be said in this language."""
        return tuple(filter(None, map(self.tell, notes)))

    def summary(
        self, intent: str | None, slots: Mapping[str, Any], tried: Sequence[Note], still_open: str
    ) -> str:
        """Up to three sentences: what is wanted, what was tried last, what is open.

        Args:
            still_open: the slot that was asked for and is not told, empty for none.
        """
        wanted = Note(says="unsaid")
        if intent is not None:
            wanted = Note(says="wanted", values={"intent": intent, "answers": dict(slots)})
        notes = [wanted, *tried[-1:]]
        if still_open:
            notes.append(Note(says="open", values={"slot": still_open}))
        return " ".join(filter(None, map(self.tell, notes)))

    def _part(self, kind: str, value: Any) -> str:
        match kind:
            case "topic":
                return self.label("topics", value)
            case "intent":
                return self.label("intents", value)
            case "slot":
                return self.label("slots", value)
            case "advice":
                return self._advice(value)
            case "answers":
                return ", ".join(self._answers(value))
            case "subject":
                return self.sentences.say("and").join(self._answers(value))
            case "note":
                return self.tell(value)
            case "found" | "agreed":
                return self._words(str(value))
        return str(value)

    def _words(self, words: str) -> str:
        """Words of the dialplan's language."""
        if not self._foreign:
            return words
        return self.sentences.say("quote", words=words) if self._read else ""

    def label(self, section: str, name: str) -> str:
        """What a name of the dialplan's "intents", "slots" or "topics" is called."""
        if self._foreign and (known := self._translated(section, name)):
            return known
        if section == "intents" and (intent := self._plan.intents.get(name)) and intent.told:
            return self._words(intent.told)
        label = self._plan.label(section, name)
        if section == "intents" and not self._foreign:
            return self.sentences.about(label)
        return self._words(label)

    def _translated(self, section: str, name: str) -> str:
        return self._plan.label(section, name, self.sentences.language)

    def _advice(self, topic: str) -> str:
        if self._foreign and (known := self._translated("advice", topic)):
            return known
        return self._words(self._plan.topics[topic].advice or "")

    def _answers(self, values: Mapping[str, Any]) -> list[str]:
        """The answers as people say them: "order number 471229"."""
        labelled = ((self.label("slots", name), name, value) for name, value in values.items())
        spoken = ((label, self.answer(name, value)) for label, name, value in labelled if label)
        return [f"{label} {value}" for label, value in spoken if value]

    def answer(self, name: str, value: Any) -> str:
        """What a slot was answered with."""
        if isinstance(value, bool):
            return self.sentences.say("affirmed" if value else "denied")
        slot = self._plan.slots.get(name)
        match slot.kind if slot else None:
            case "choice":
                return self._words(str(value))
            case "date":
                try:
                    return self.sentences.say("day", date=date.fromisoformat(str(value)))
                except ValueError:
                    return str(value)
        return str(value)


class Tellers:
    """Who tells of one dialplan's calls on the screens of people.

    Args:
        languages: what people read. Where there are no sentences in one, they read the
            dialplan's, and English where there are none in that.
        folder: where further sentences lie.

    Raises:
        ConfigError: a file of sentences cannot be used.
    """

    def __init__(
        self, plan: Dialplan, languages: Iterable[str] = (), folder: Path | None = None
    ) -> None:
        own = load(plan.language, folder) or english()
        self.own = Teller(plan, own, own)
        self.others: dict[str, Teller] = {}
        """In the other languages, by code."""
        for code in dict.fromkeys(map(bare_code, languages)):
            sentences = load(code, folder)
            if sentences is not None and code not in (bare_code(plan.language), own.language):
                self.others[code] = Teller(plan, sentences, own, read=True)
