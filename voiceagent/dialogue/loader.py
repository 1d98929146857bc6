"""Reads a dialplan from YAML and names everything that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

from voiceagent.dialogue import checks, document, tables
from voiceagent.dialogue.document import Document, DocumentError
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.validation import validate


class DialplanError(DocumentError):
    """The dialplan cannot be used."""


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
    plan = validate(source, Dialplan)
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
