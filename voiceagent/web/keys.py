"""Who may use the HTTP API: programs with a key of the settings."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.requests import Request

from voiceagent.web.problems import Problem


def bearer(request: Request) -> str:
    """The token of ``Authorization: Bearer …`` (RFC 6750, section 2.1), or an empty text."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def owner(token: str, keys: Mapping[str, str]) -> str:
    """The name of who has this key, or an empty text. Takes as long for a wrong one."""
    given = token.encode()
    found = [name for name, key in keys.items() if secrets.compare_digest(given, key.encode())]
    return found[0] if found else ""


def program(request: Request, keys: Mapping[str, str]) -> str:
    """The name of the program that sends the request.

    Raises:
        Problem: it has no key of ours.
    """
    if name := owner(bearer(request), keys):
        return name
    raise Problem(
        401,
        "send a key of web.keys as Authorization: Bearer KEY",
        headers={"WWW-Authenticate": "Bearer"},
    )
