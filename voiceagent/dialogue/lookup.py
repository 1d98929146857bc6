"""Performs look-ups: in a table, or by HTTP and JSON. Whatever goes wrong is in the result."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

import httpx
import structlog

from voiceagent.dialogue.plan import Dialplan, Http, Table
from voiceagent.dialogue.replies import LookupRequest, LookupResult
from voiceagent.dialogue.templates import RenderError, render
from voiceagent.events import LookupDone

log = structlog.get_logger()


class _Failed(Exception):
    """The look-up cannot be answered; the text says why."""


class _Environment(dict[str, str]):
    """`env` in templates: the process's environment, a missing variable named."""

    def __missing__(self, name: str) -> str:
        raise _Failed(f"environment variable {name} is not set")


async def look_up(
    request: LookupRequest, plan: Dialplan, client: httpx.AsyncClient
) -> LookupResult:
    """Look up what the manager asked for. Never raises: a failure is in the result's `error`."""
    started = time.monotonic()
    lookup = plan.lookups[request.name]
    data: dict[str, Any] | None = None
    error = ""
    try:
        if lookup.table is not None:
            data = search(lookup.table, request.values)
        elif lookup.http is not None:
            data = await _fetch(lookup.http, request.values, client)
    except (RenderError, _Failed) as failure:
        error = str(failure)
        log.warning("lookup.failed", lookup=request.name, error=error)
    return LookupResult(
        name=request.name,
        found=data is not None,
        data=data or {},
        error=error,
        took_s=round(time.monotonic() - started, 4),
    )


def done(result: LookupResult, plan: Dialplan) -> LookupDone:
    """A look-up's result as an event."""
    return LookupDone(
        name=result.name,
        found=result.found,
        took_s=result.took_s,
        error=result.error,
        identity_check=plan.lookups[result.name].identity_check,
    )


def search(table: Table, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first row whose key is the wanted value, or None.

    Raises:
        RenderError: the value's template cannot be filled in.
    """
    wanted = _bare(render(table.value, values))
    return next((row for row in table.rows if _bare(str(row.get(table.key, ""))) == wanted), None)


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


async def _fetch(
    http: Http, values: Mapping[str, Any], client: httpx.AsyncClient
) -> dict[str, Any] | None:
    values = {**values, "env": _Environment(os.environ)}
    url = render(http.url, values, url=True)
    headers = {name: render(text, values) for name, text in http.headers.items()}
    body = _fill(http.body, values) if http.method == "POST" else None
    try:
        async with asyncio.timeout(http.timeout_s):
            response = await client.request(http.method, url, headers=headers, json=body)
    except TimeoutError:
        raise _Failed(f"no answer within {http.timeout_s:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _Failed(f"{type(error).__name__}: {error}") from error
    if response.status_code == 404:
        return None
    if not response.is_success:
        raise _Failed(f"the service answered {response.status_code}")
    try:
        answer = response.json()
    except ValueError as error:
        raise _Failed("the service's answer is not JSON") from error
    return _pick(http.fields, answer)


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return render(value, values)
    if isinstance(value, Mapping):
        return {key: _fill(item, values) for key, item in value.items()}
    return [_fill(item, values) for item in value] if isinstance(value, list) else value


def _pick(fields: Mapping[str, str], answer: Any) -> dict[str, Any] | None:
    if not fields:
        return answer if isinstance(answer, dict) and answer else None
    found = {name: _follow(answer, path) for name, path in fields.items()}
    return found if any(value is not None for value in found.values()) else None


def _follow(answer: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(answer, dict):
            answer = answer.get(part)
        elif isinstance(answer, list) and part.isdigit() and int(part) < len(answer):
            answer = answer[int(part)]
        else:
            return None
    return answer
