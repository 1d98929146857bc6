"""What `transfer.Transfer` wants done, and how a transfer can end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    TRANSFERRED = "transferred"
    """Caller and person talk to each other without the agent."""
    BRIDGED = "bridged"
    """They talked to each other through the agent; one of them has hung up by now."""
    RETURNED = "returned"
    """They talked to each other, and the person gave the caller back to the agent."""
    NOBODY = "nobody"
    """No target could be reached: the caller is with the agent again."""
    UNKNOWN = "unknown"
    """The REFER was accepted and its outcome never told: the caller is with the agent again,
    if they are still there."""
    CALLER_GONE = "caller gone"


@dataclass(frozen=True)
class Hold:
    """Put the caller on hold."""


@dataclass(frozen=True)
class Resume:
    """Take the caller off hold: they talk to the agent again."""


@dataclass(frozen=True)
class Consult:
    """Call this target; `attempt` names the call in the inputs."""

    attempt: int
    target: str


@dataclass(frozen=True)
class Brief:
    """Tell the person who answered what the call is about."""


@dataclass(frozen=True)
class Refer:
    """Send REFER with Replaces on the caller's leg."""


@dataclass(frozen=True)
class ReferBlind:
    """Send a REFER to this target, who knows nothing of it, on the caller's leg."""

    target: str


@dataclass(frozen=True)
class Bridge:
    """Take the caller off hold and join both legs."""


@dataclass(frozen=True)
class Introduce:
    """Say to both, who are joined, who is there and what it is about."""


@dataclass(frozen=True)
class PassDigit:
    """Send a key that the caller has pressed on to the person."""

    digit: str


@dataclass(frozen=True)
class Part:
    """Part the joined legs: the caller hears the agent alone."""


@dataclass(frozen=True)
class AskNote:
    """Ask the person what was agreed."""


@dataclass(frozen=True)
class EndConsultation:
    """BYE or CANCEL the consultation call."""

    attempt: int
    reason: str


@dataclass(frozen=True)
class EndCaller:
    """BYE the caller's leg: the caller is with the person."""


@dataclass(frozen=True)
class Failed:
    """A target was not reached: to be recorded."""

    target: str
    code: int
    reason: str


@dataclass(frozen=True)
class Over:
    """The handover has ended; nothing more is to be done."""

    outcome: Outcome
    target: str


Command = (
    Hold
    | Resume
    | Consult
    | Brief
    | Refer
    | ReferBlind
    | Bridge
    | Introduce
    | PassDigit
    | Part
    | AskNote
    | EndConsultation
    | EndCaller
    | Failed
    | Over
)
