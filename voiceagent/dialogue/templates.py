"""Templates of a dialplan: a sandbox, the filters for speech, and what a template refers to."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from voiceagent.dialogue.speaking import (
    spoken_amount,
    spoken_date,
    spoken_digits,
    spoken_list,
    spoken_phone,
    spoken_spelling,
    spoken_time,
)
from voiceagent.speech.english_aloud import ordinal

_STOPS = re.compile(r"(\b[ap]\.m\.)\.")
"""A sentence that ends in "p.m." has its full stop already."""


class RenderError(Exception):
    """A template could not be filled in; the text says which and why."""


def _encode(value: Any) -> Any:
    return value if isinstance(value, Markup) else quote(str(value), safe="")


@pass_context
def _amount(context: Context, value: Any, currency: str = "") -> str:
    facts = context.get("facts") or {}
    return spoken_amount(value, currency or str(facts.get("currency", "EUR")))


@pass_context
def _date(context: Context, value: Any) -> str:
    return spoken_date(value, context.get("today"))


@functools.cache
def environment(*, url: bool = False) -> SandboxedEnvironment:
    """The environment of all templates; with `url`, what is put in is percent-encoded."""
    env = SandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **({"finalize": _encode} if url else {}),
    )
    env.filters["digits"] = spoken_digits
    env.filters["amount"] = _amount
    env.filters["date"] = _date
    env.filters["time"] = spoken_time
    env.filters["phone"] = spoken_phone
    env.filters["spell"] = spoken_spelling
    env.filters["ordinal"] = ordinal
    env.filters["spoken_list"] = spoken_list
    return env


def render(template: str, values: Mapping[str, Any], *, url: bool = False) -> str:
    """Fill in a template. White space becomes single, for it is spoken.

    Raises:
        RenderError: a value is missing or does not suit its filter.
    """
    try:
        text = environment(url=url).from_string(template).render(**values)
    except (TemplateError, SecurityError, ValueError, TypeError, ArithmeticError) as error:
        raise RenderError(f"{template!r}: {error}") from error
    return text if url else _STOPS.sub(r"\1", " ".join(text.split()))


def syntax_problem(template: str) -> str:
    """Why the template cannot be used, or an empty text."""
    try:
        environment().from_string(template)
    except TemplateSyntaxError as error:
        return error.message or "syntax error"
    except TemplateError as error:
        return str(error)
    return ""


def references(template: str) -> set[tuple[str, str]]:
    """Variables a template uses, each with the attribute read from it ("" for the whole)."""
    tree = environment().parse(template)
    free = meta.find_undeclared_variables(tree)
    found = {(name, "") for name in free}
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name in free:
            found.add((node.node.name, node.attr))
    return found


def fixed(template: str, facts: Mapping[str, Any]) -> str | None:
    """The template's text when it says the same in every call, else None."""
    if {name for name, _ in references(template)} <= {"facts"}:
        return render(template, {"facts": facts})
    return None
