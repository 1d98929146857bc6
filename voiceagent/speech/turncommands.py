"""What turn-taking says is to be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StartDecode:
    """Recognise the audio between two moments; answer by `recognised`."""

    decode_id: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class DropDecode:
    """The result of this decode is not wanted any more."""

    decode_id: int


@dataclass(frozen=True)
class EndTurn:
    """The caller's turn is over."""

    start_s: float
    """Start of the speech, or the first key."""
    end_s: float
    """End of the speech, or the last key."""
    text: str | None
    """What was said or keyed; None when recognition has not answered yet or has failed."""
    decode_id: int | None
    """The decode of the whole turn; None for keys, and when recognition has failed."""
    keyed: bool = False
    """Whether the answer was given by keys (DTMF)."""


@dataclass(frozen=True)
class StopAgent:
    """The caller speaks to the agent: be silent now."""

    start_s: float
    """Start of the caller's speech."""


@dataclass(frozen=True)
class ResumeAgent:
    """It was no interruption: go on where the sentence was cut."""


@dataclass(frozen=True)
class NoInput:
    """The caller has not answered in time."""


Command = StartDecode | DropDecode | EndTurn | StopAgent | ResumeAgent | NoInput
