"""Events of a customer's concern beyond one conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from voiceagent.events.facts import Callback, Event


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


class LinkOffered(Event):
    """The customer is to get this link, such as by the company's own gateway for short messages."""

    type: Literal["link.offered"] = "link.offered"
    number: str
    url: str
    """Holds the token: whoever has it can read and write in the case until it expires."""
    expires_at: datetime
    by: str = ""
    """Who asked for it, if they say; empty for the dialplan."""


class PersonWrote(Event):
    """A person has answered in writing; from then on the agent is silent."""

    type: Literal["person.wrote"] = "person.wrote"
    text: str
    by: str = ""


CaseEvent = (
    CallbackRequested
    | CallbackClosed
    | CaseOpened
    | CaseContinued
    | CustomerKnown
    | LinkOffered
    | PersonWrote
)
