"""Tables that lie next to a dialplan: CSV with a line of columns, or a YAML list of rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml


class TableError(Exception):
    """The table cannot be used; the text says why, and the mend."""


def read(file: Path) -> list[dict[str, Any]]:
    """The rows of a table. Values from CSV are texts, empty ones are None.

    Raises:
        TableError: the file cannot be read or is not a table.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TableError(f"{file.name} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{file.name} is not UTF-8 text") from error
    match file.suffix.lower():
        case ".csv":
            return _csv(file, text)
        case ".yaml" | ".yml":
            return _yaml(file, text)
    raise TableError(f"{file.name} is neither .csv nor .yaml")


def _csv(file: Path, text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(text.splitlines(), skipinitialspace=True, strict=True)
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise TableError(
                    f"{file.name} line {reader.line_num} has not as many values as columns"
                )
            rows.append({name: value or None for name, value in row.items()})
    except csv.Error as error:
        raise TableError(f"{file.name} line {reader.line_num}: {error}") from error
    if not rows:
        raise TableError(f"{file.name} has no rows")
    return rows


def _yaml(file: Path, text: str) -> list[dict[str, Any]]:
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TableError(f"{file.name} is not YAML ({error})") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise TableError(f"{file.name} is not a list of rows")
    return [{str(key): value for key, value in row.items()} for row in rows]
