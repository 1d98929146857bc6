"""What people are told of a call, in their language.

The dialogue notes what happened (`Note`); a file for each language has the sentences, ``en.yaml``
all that there are. A `Teller` puts the one into the other.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voiceagent.config import ConfigError
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Fact

_SHIPPED = Path(__file__).parent
_WORD = re.compile(r"\w+")


class Note(Fact):
    """Something to be told, not yet in words.

    Each value is named for what it is: ``topic``, ``intent`` and ``slot`` hold a name of the
    dialplan, ``answers`` and ``subject`` slots with their values, ``count`` a number; ``found``,
    ``agreed`` and ``free`` are words of the dialplan's language.
    """

    says: str
    """Name of the sentence."""
    values: dict[str, Any] = Field(default_factory=dict)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: dict[str, str | list[str]]
    turned: dict[str, str]
    quoted: tuple[str, ...]
    accepting: tuple[str, ...]
    declining: tuple[str, ...]


class Sentences:
    """One language's sentences.

    Args:
        language: its code, without a region.
    """

    def __init__(self, language: str, document: _Document) -> None:
        self.language = language
        self.accepting = document.accepting
        """What an answer begins with when it is a yes; none where English is understood."""
        self.declining = document.declining
        self._turned = document.turned
        self._quoted = document.quoted
        self._sentences = {
            name: (said,) if isinstance(said, str) else tuple(said)
            for name, said in document.sentences.items()
        }

    @property
    def parts(self) -> dict[str, set[str]]:
        """What fits into each sentence, by its name."""
        return {
            name: {part for sentence in said for part in _parts(sentence)}
            for name, said in self._sentences.items()
        }

    def say(self, name: str, /, **parts: Any) -> str:
        """The most telling sentence of this name of which all parts are there; else nothing."""
        for sentence in self._sentences[name]:
            if all(parts.get(part) for part in _parts(sentence)):
                return sentence.format_map(parts)
        return ""

    def about(self, label: str) -> str:
        """What the agent says to a caller, such as "where your order is", as people are told it:
        turned round, "where their order is"; in quotation marks where that does not do."""
        turned = _WORD.sub(lambda found: self._turned.get(found[0], found[0]), label)
        if any(word in self._quoted for word in _WORD.findall(turned)):
            return self.say("quote", words=label)
        return turned


def load(language: str, folder: Path | None = None) -> Sentences | None:
    """A language's sentences, None where there is no file of them.

    Args:
        language: its code; a region does not count.
        folder: where further files lie, each named as its language: ``fr.yaml``. They go before
            those that are built in.

    Raises:
        ConfigError: a file cannot be used; the text says what is wrong in it.
    """
    code = language.partition("-")[0].lower()
    for place in filter(None, (folder, _SHIPPED)):
        file = place / f"{code}.yaml"
        if file.is_file():
            return _read(file, code)
    return None


def english() -> Sentences:
    """The sentences where a language has none."""
    return _read(_SHIPPED / "en.yaml", "en")


@cache
def _read(file: Path, language: str) -> Sentences:
    try:
        document = _Document.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{file}: {where}: {first['msg']}: write it as in en.yaml") from error
    read = Sentences(language, document)
    if file != _SHIPPED / "en.yaml":
        _compare(file, read.parts, english().parts)
    return read


def _compare(file: Path, parts: dict[str, set[str]], known: dict[str, set[str]]) -> None:
    if missing := [name for name in known if name not in parts]:
        raise ConfigError(f"{file}: sentences: has no {', '.join(missing)}: add as in en.yaml")
    for name, used in parts.items():
        if name not in known:
            raise ConfigError(f"{file}: sentences.{name}: there is no such sentence: take it out")
        if strange := sorted(used - known[name]):
            fitting = ", ".join(sorted(known[name])) or "nothing"
            raise ConfigError(
                f"{file}: sentences.{name}: {{{strange[0]}}} does not fit there: use {fitting}"
            )


@cache
def _parts(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name)


class Teller:
    """Puts notes into words for one dialplan and one language.

    In another language than the dialplan's only what the dialplan's ``translations`` name can be
    named; words that there are in the dialplan's language alone are left out.
    """

    def __init__(self, plan: Dialplan, sentences: Sentences) -> None:
        self._plan = plan
        self.sentences = sentences
        # A dialplan in a language without sentences is told of in English, as far as they go.
        own = (plan.language.partition("-")[0], _own(plan).language)
        self._foreign = sentences.language not in own

    def tell(self, note: Note) -> str:
        """The note as a sentence; empty where it cannot be said in this language."""
        parts = {kind: self._part(kind, value) for kind, value in note.values.items()}
        return self.sentences.say(note.says, **parts)

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
                return self._label("topics", value)
            case "intent":
                return self._intent(value)
            case "slot":
                return self._label("slots", value)
            case "answers":
                return ", ".join(self._answers(value))
            case "subject":
                return self.sentences.say("and").join(self._answers(value))
            case "count":
                return str(value)
        return "" if self._foreign else str(value)

    def _label(self, section: str, name: str) -> str:
        return self._plan.label(section, name, self.sentences.language if self._foreign else None)

    def _intent(self, name: str) -> str:
        if self._foreign:
            return self._label("intents", name)
        known = self._plan.intents.get(name)
        return (known.told if known else None) or self.sentences.about(self._label("intents", name))

    def _answers(self, values: Mapping[str, Any]) -> list[str]:
        """The answers as people say them: "order number 471229"."""
        labelled = ((self._label("slots", name), name, value) for name, value in values.items())
        spoken = ((label, self._answer(name, value)) for label, name, value in labelled if label)
        return [f"{label} {value}" for label, value in spoken if value]

    def _answer(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return self.sentences.say("affirmed" if value else "denied")
        match self._plan.slots[name].kind:
            case "choice" if self._foreign:
                return ""
            case "date":
                try:
                    return self.sentences.say("day", date=date.fromisoformat(str(value)))
                except ValueError:
                    return str(value)
        return str(value)


def _own(plan: Dialplan) -> Sentences:
    return load(plan.language) or english()


def own_teller(plan: Dialplan) -> Teller:
    """A `Teller` in the dialplan's own language, in English where that has no sentences."""
    return Teller(plan, _own(plan))
