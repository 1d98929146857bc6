"""A YAML document read safely, with the line of every value and every problem of its syntax."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Where something is in a document: keys and positions from the top."""

_MOST_VALUES = 20_000
"""Values of a document, those of aliases counted wherever they are used: a few lines of aliases
of aliases would else fill the memory."""
_DEEPEST = 50
"""Values within values."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and how it is mended."""

    file: Path
    line: int
    """Line in the file, from 1."""
    place: Place
    wrong: str
    mend: str

    def __str__(self) -> str:
        where = path_text(self.place)
        return f"{self.file}:{self.line}: {where}{': ' if where else ''}{self.wrong}: {self.mend}"


class DocumentError(Exception):
    """A document cannot be used.

    Attributes:
        problems: all that is wrong, in the order of the file.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def path_text(place: Place) -> str:
    """A place as people write it: ``intents.order.examples[2]``."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


@dataclass
class Document:
    """What a YAML file says, and where it says it."""

    file: Path
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Line of the value at this place, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, place: Place, wrong: str, mend: str) -> None:
        """Note a problem at a place."""
        self.problems.append(Problem(self.file, self.line(place), place, wrong, mend))


def read(file: Path, what: str = "dialplan") -> Document:
    """Read a YAML file that should hold a `what`. What cannot be read is among the document's
    problems."""
    document = Document(file)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        document.problem((), f"cannot be read ({error.strerror})", "check the path and its rights")
        return document
    except UnicodeDecodeError:
        document.problem((), "is not UTF-8 text", "save it as UTF-8")
        return document
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.lines[()] = mark.line + 1 if mark else 1
        wrong = ", ".join(part for part in (error.context, error.problem) if part)
        document.problem((), f"is not YAML ({wrong})", _syntax_mend(error.problem or ""))
        return document
    except yaml.YAMLError as error:
        document.problem((), f"is not YAML ({error})", "take the character out")
        return document
    except RecursionError:
        document.problem((), "is nested too deep", "close the brackets, or take levels out")
        return document
    if node is None:
        document.problem((), "is empty", f"write a {what} into it")
        return document
    try:
        document.value = _Reader(document).read(node, ())
    except _TooMuch:
        wrong = f"has more than {_MOST_VALUES} values"
        document.problem((), wrong, "take aliases of aliases out, and put tables into files")
    return document


def _syntax_mend(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed" in problem:
        return "put a text that has a colon in it in double quotes"
    if "undefined alias" in problem:
        return "put a text that begins with * in double quotes"
    if "unhashable" in problem or "expected the node content" in problem or "@" in problem:
        return "put a text that begins with such a character in double quotes"
    if "expected <block end>" in problem:
        return "check the indentation here and the quotes just before"
    return "mend the line; often a quote or an indentation is wrong here or just before"


class _TooMuch(Exception):
    """The document has more values than any that people write."""


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = yaml.SafeLoader("")
        self._inside: list[yaml.Node] = []
        self._values = 0

    def read(self, node: yaml.Node, place: Place) -> Any:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _TooMuch
        self._document.lines.setdefault(place, node.start_mark.line + 1)
        if len(self._inside) == _DEEPEST:
            self._document.problem(place[:3], "is nested too deep", "take levels out")
            return None
        if any(node is outer for outer in self._inside):
            self._document.problem(place, "contains itself", "take the alias out")
            return None
        self._inside.append(node)
        try:
            return self._read(node, place)
        finally:
            self._inside.pop()

    def _read(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*place, at)) for at, item in enumerate(node.value)]
        try:
            return self._scalars.construct_object(node)
        except (LookupError, AttributeError):
            # PyYAML takes for granted that a value is what the tag written before it says.
            self._document.problem(
                place, f"is no {node.tag.rpartition(':')[2]}", "take the tag out"
            )
            return None
        except (yaml.YAMLError, ValueError) as error:
            reason = getattr(error, "problem", None) or str(error)
            self._document.problem(place, f"cannot be used ({reason})", "put it in double quotes")
            return None

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._document.problem(place, "has a key that is no text", "write a plain name")
                continue
            # The key as written: YAML would make a truth value of `no` and a number of `6001`.
            key = key_node.value
            here = (*place, key)
            if key in result:
                first = self._document.lines[here]
                self._document.problems.append(
                    Problem(
                        self._document.file,
                        line,
                        here,
                        f"is there twice (first in line {first})",
                        "merge the two or rename one",
                    )
                )
                continue
            self._document.lines[here] = line
            result[key] = self.read(value_node, here)
        return result
