"""The sentences of each language, read from files."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from voiceagent.config import ConfigError
from voiceagent.language import bare_code

_SHIPPED = Path(__file__).parent
_WORD = re.compile(r"\w+")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sentences: dict[str, str | list[str]]
    turned: dict[str, str]
    quoted: tuple[str, ...]
    accepting: tuple[str, ...]
    declining: tuple[str, ...]
    desk: dict[str, str]
    case: dict[str, str]


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
        self.desk: Mapping[str, str] = document.desk
        """What stands on the page of a person who takes calls."""
        self.case: Mapping[str, str] = document.case
        """What stands on a customer's page."""
        self._turned = document.turned
        self._quoted = document.quoted
        self._sentences = {
            name: (said,) if isinstance(said, str) else tuple(said)
            for name, said in document.sentences.items()
        }

    @property
    def parts(self) -> dict[str, dict[str, set[str]]]:
        """What fits into each sentence, by the sections of the file."""
        return {
            "sentences": {
                name: {part for sentence in said for part in _parts(sentence)}
                for name, said in self._sentences.items()
            },
            "desk": {name: set(_parts(said)) for name, said in self.desk.items()},
            "case": {name: set(_parts(said)) for name, said in self.case.items()},
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
    code = bare_code(language)
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
        known = english().parts
        for section, parts in read.parts.items():
            _compare(f"{file}: {section}", parts, known[section])
    return read


def _compare(where: str, parts: dict[str, set[str]], known: dict[str, set[str]]) -> None:
    if missing := [name for name in known if name not in parts]:
        raise ConfigError(f"{where}: has no {', '.join(missing)}: add as in en.yaml")
    for name, used in parts.items():
        if name not in known:
            raise ConfigError(f"{where}.{name}: there is no such sentence: take it out")
        if strange := sorted(used - known[name]):
            fitting = ", ".join(sorted(known[name])) or "nothing"
            raise ConfigError(f"{where}.{name}: {{{strange[0]}}} does not fit there: use {fitting}")


@cache
def _parts(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name)
