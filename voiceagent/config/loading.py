"""Reading the settings from a TOML file; every wrong line is named with its mend."""

from __future__ import annotations

import difflib
import os
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from voiceagent.config.machine import ENVIRONMENT, Config

_Model = TypeVar("_Model", bound=BaseModel)


class ConfigError(Exception):
    """The configuration cannot be used; the text names each setting and its mend."""


def load(path: Path) -> Config:
    """Read the settings from a TOML file.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has a wrong or unknown setting;
            the text has a line for each, with its mend.
    """
    try:
        # Editors on Windows begin a file with a mark of its encoding, which is no TOML.
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        unprintable = list(_control_characters(values, ()))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: save it as UTF-8") from error
    except ValueError as error:  # what TOML refuses, and numbers of thousands of digits
        raise ConfigError(f"{path}: is not TOML: {error}: mend the line") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deep: close the brackets") from error
    if unprintable:
        told = "holds a control character: take it out"
        raise ConfigError("\n".join(f"{path}: {'.'.join(place)}: {told}" for place in unprintable))
    try:
        return _anchored(Config(**values), path.resolve().parent)
    except ValidationError as error:
        lines = [
            line
            for item in error.errors()
            for line in _mends(path, item["loc"], item["msg"], item["type"])
        ]
        raise ConfigError("\n".join(lines)) from error
    except SettingsError as error:
        raise ConfigError(
            f"environment: {error}: lists and tables are written as JSON there, "
            f"such as {ENVIRONMENT}SIP__ALLOW='[\"192.0.2.0/24\"]'"
        ) from error


def _control_characters(value: object, place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The places of texts that neither a path nor a line of SIP can hold."""
    if isinstance(value, str):
        if any(unicodedata.category(character) == "Cc" for character in value):
            yield place
    elif isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _control_characters(item, (*place, str(name)))


def _anchored(model: _Model, folder: Path) -> _Model:
    """The same settings with each relative path taken from `folder`."""
    update: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Path):
            update[name] = Path(os.path.normpath(folder / value))
        elif isinstance(value, BaseModel):
            update[name] = _anchored(value, folder)
    return model.model_copy(update=update)


_KINDS = {
    "tuple_type": 'has to be a list, such as ["6001", "6002"]',
    "model_type": "has to be a table of settings",
    "dict_type": "has to be a table of settings",
    "string_type": "has to be text in quotes",
    "path_type": "has to be a path in quotes",
}


def _mends(path: Path, loc: tuple[int | str, ...], message: str, kind: str) -> list[str]:
    if not loc:  # between several settings, which the message names line by line
        return [f"{path}: {line}" for line in message.removeprefix("Value error, ").splitlines()]
    return [_mend(path, loc, message, kind)]


def _mend(path: Path, loc: tuple[int | str, ...], message: str, kind: str) -> str:
    variable = ENVIRONMENT + "__".join(str(part) for part in loc).upper()
    source = f"environment variable {variable}" if variable in os.environ else str(path)
    where = f"{source}: {'.'.join(str(part) for part in loc)}"
    if kind == "extra_forbidden":
        return f"{where}: no such setting{_nearest(loc)}"
    if kind == "missing":
        return f"{where}: is missing: set it"
    return f"{where}: {_KINDS.get(kind) or message.removeprefix('Value error, ')}"


def _nearest(loc: tuple[int | str, ...]) -> str:
    model: Any = Config
    for part in loc[:-1]:
        if isinstance(part, int):
            continue  # one of a list, whose kind is known already
        field = model.model_fields.get(part)
        model = field.annotation if field else None
        if get_origin(model) is tuple:
            model = get_args(model)[0]
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return ": take it out"
    near = difflib.get_close_matches(str(loc[-1]), model.model_fields, n=1)
    return f": did you mean {near[0]}?" if near else ": take it out"
