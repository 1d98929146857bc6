"""Reads a dialplan from YAML and names everything that is wrong with it at once."""

from __future__ import annotations

import difflib
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from voiceagent.dialogue import checks, document, tables
from voiceagent.dialogue.document import Document, Place, Problem
from voiceagent.dialogue.plan import Dialplan


class DialplanError(Exception):
    """The dialplan cannot be used.

    Attributes:
        problems: all that is wrong, in the order of the file.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load(path: Path | str) -> Dialplan:
    """Read a dialplan and the tables next to it.

    Raises:
        DialplanError: something is wrong with it; it holds every problem, with line and mend.
    """
    source = document.read(Path(path))
    if source.problems and source.value is None:
        raise DialplanError(source.problems)
    if not isinstance(source.value, dict):
        source.problem((), "is not a dialplan", "begin with a line such as `name: My dialplan`")
        raise DialplanError(source.problems)
    _read_tables(source)
    plan = None
    try:
        plan = Dialplan.model_validate(source.value)
    except ValidationError as error:
        for item in error.errors():
            _explain(source, item["loc"], item["type"], item["msg"], item.get("input"))
    checks.check(source)
    if source.problems or plan is None:
        raise DialplanError(source.problems)
    return plan


def _read_tables(source: Document) -> None:
    """Put the rows of table files into the document."""
    lookups = source.value.get("lookups")
    for name, lookup in lookups.items() if isinstance(lookups, dict) else ():
        table = lookup.get("table") if isinstance(lookup, dict) else None
        if not isinstance(table, dict) or not isinstance(table.get("file"), str):
            continue
        place = ("lookups", name, "table", "file")
        if table.get("rows"):
            source.problem(place, "stands beside rows", "take one of file and rows out")
            continue
        try:
            table["rows"] = tables.read(source.file.parent / table["file"])
        except tables.TableError as error:
            source.problem(place, str(error), "mend the file or correct its name")


def _explain(source: Document, place: Place, kind: str, message: str, given: Any) -> None:
    """Turn a finding of pydantic into a problem with a mend."""
    place = tuple(part for part in place if part != "[key]")
    name = place[-1] if place else ""
    match kind:
        case "extra_forbidden":
            known = _keys_at(place[:-1])
            near = difflib.get_close_matches(str(name), known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"take it out; known: {', '.join(known)}"
            source.problem(place, "there is no such key", mend)
        case "missing":
            source.problem(place[:-1], f"has no {name}", f"add `{name}:`")
        case "string_type" if given is None:
            source.problem(place, "is empty", "write a text or take the key out")
        case "string_type":
            source.problem(place, "is not a text", f'put it in quotes: "{given}"')
        case "string_too_short" | "too_short":
            source.problem(place, "is empty", "write something or take the key out")
        case "tuple_type" if isinstance(given, str):
            source.problem(place, "is not a list", f"write it as a list: [{given!r}]")
        case "tuple_type" | "list_type":
            source.problem(place, "is not a list", "write each item in a line that begins with -")
        case "dict_type" | "model_type":
            source.problem(place, "has no keys of its own", "write `key: value` lines below it")
        case "literal_error":
            allowed = message.removeprefix("Input should be ").replace("True", "yes")
            allowed = allowed.replace("False", "no")
            source.problem(place, f"cannot be {given!r}", f"write {allowed}")
        case "value_error":
            wrong, _, mend = message.removeprefix("Value error, ").partition(": ")
            source.problem(place, wrong, mend or "write it so")
        case _:
            source.problem(place, f"cannot be {given!r}", message[:1].lower() + message[1:])


def _keys_at(place: Place) -> list[str]:
    """The keys that the schema knows at a place."""
    current: Any = Dialplan
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            info = current.model_fields.get(str(part))
            current = info.annotation if info else None
        else:
            current = (typing.get_args(current) or (None,))[-1]
        current = _model_in(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(current.model_fields)
    return []


def _model_in(annotation: Any) -> Any:
    """The annotation without Optional and Annotated around it."""
    while typing.get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType):
        annotation = typing.get_args(annotation)[0]
    return annotation
