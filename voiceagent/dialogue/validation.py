"""A document held against its schema: what pydantic finds, as problems with a line and a mend."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from voiceagent.dialogue.document import Document, Place

_Model = TypeVar("_Model", bound=BaseModel)


def validate(source: Document, model: type[_Model]) -> _Model | None:
    """The document as a model; None, and problems in the document, when it does not fit."""
    try:
        return model.model_validate(source.value)
    except ValidationError as error:
        found = error.errors()
        for item in found:
            place = item["loc"]
            # A list whose only items are wrong is not empty as well.
            if not (item["type"] == "too_short" and _wrong_within(place, found)):
                _explain(source, model, place, item["type"], item["msg"], item.get("input"))
        return None


def _wrong_within(place: tuple[int | str, ...], found: Sequence[ErrorDetails]) -> bool:
    return any(place == other["loc"][: len(place)] != other["loc"] for other in found)


def _explain(
    source: Document, model: type[BaseModel], place: Place, kind: str, message: str, given: Any
) -> None:
    """Turn a finding of pydantic into a problem with a mend."""
    place = tuple(part for part in place if part != "[key]")
    name = place[-1] if place else ""
    match kind:
        case "extra_forbidden":
            known = _keys_at(model, place[:-1])
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


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that the schema knows at a place."""
    current: Any = model
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            info = current.model_fields.get(str(part))
            current = info.annotation if info else None
        else:
            items = [item for item in typing.get_args(current) if item is not Ellipsis]
            current = items[-1] if items else None
        current = _model_in(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(current.model_fields)
    return []


def _model_in(annotation: Any) -> Any:
    """The annotation without Optional and Annotated around it."""
    while typing.get_origin(annotation) in (typing.Annotated, typing.Union, types.UnionType):
        annotation = typing.get_args(annotation)[0]
    return annotation
