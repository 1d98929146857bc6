"""What opens a customer's case again: the token in a link, and the code to say or to key in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from voiceagent.events import CaseOpened

CODE_DIGITS = 8


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def opened(now: datetime, valid_h: float) -> tuple[str, CaseOpened]:
    """A new token, and the event that opens a case to whoever shows it or its code."""
    token = secrets.token_urlsafe(24)
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    expires_at = now + timedelta(hours=valid_h)
    return token, CaseOpened(token_sha256=digest(token), code=code, expires_at=expires_at)


def link(site: str, case_id: str, token: str) -> str:
    """The page of a case. What stands behind # is not sent to the server, nor logged by it."""
    return f"{site}/case/{case_id}#{token}"
