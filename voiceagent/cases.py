"""A customer's concern beyond one call: its token and code, and its events.

Import the events from `voiceagent.events`.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

from voiceagent.facts import Callback, Event

CODE_DIGITS = 8


class CallbackRequested(Event):
    """A caller whom nobody could take has asked to be called back, or has left a message."""

    type: Literal["callback.requested"] = "callback.requested"
    callback: Callback


class CallbackClosed(Event):
    """Somebody has taken care of it."""

    type: Literal["callback.closed"] = "callback.closed"
    callback_id: str
    by: str = ""


class CaseOpened(Event):
    """The conversation can be gone on with elsewhere by whoever shows its token or its code."""

    type: Literal["case.opened"] = "case.opened"
    token_sha256: str
    """Of the token in the link."""
    code: str
    """Digits to say or to key in."""
    expires_at: datetime


class CaseContinued(Event):
    """An earlier conversation of the same customer is gone on with."""

    type: Literal["case.continued"] = "case.continued"
    case_id: str
    """Its `call_id`."""
    known_by: Literal["number", "customer", "code"]
    """What they were known by."""


class CustomerKnown(Event):
    """The customer has said what the company knows them by."""

    type: Literal["customer.known"] = "customer.known"
    customer_id: str


class PersonWrote(Event):
    """A person has answered in writing; from then on the agent is silent."""

    type: Literal["person.wrote"] = "person.wrote"
    text: str
    by: str = ""


class LinkOffered(Event):
    """The customer is to get this link, such as by the company's own gateway for short messages."""

    type: Literal["link.offered"] = "link.offered"
    number: str
    url: str
    """Holds the token: whoever has it can read and write in the case until it expires."""
    expires_at: datetime


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
