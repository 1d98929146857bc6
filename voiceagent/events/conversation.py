"""Events of a conversation: how it begins, what is said and understood, what is decided, how
it ends."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from voiceagent.events.facts import (
    Action,
    Anomaly,
    CallFacts,
    Event,
    Probability,
    TurnEvidence,
    Understanding,
    Utterance,
)


class CallArrived(Event):
    """A call was admitted, or a conversation in writing has begun."""

    type: Literal["call.arrived"] = "call.arrived"
    facts: CallFacts


class CallRefused(Event):
    """The line sent a final error response to the INVITE."""

    type: Literal["call.refused"] = "call.refused"
    code: int
    """SIP status code."""
    reason: str


class CallAnswered(Event):
    """The caller is connected to the agent."""

    type: Literal["call.answered"] = "call.answered"


class AgentSpoke(Event):
    """The agent has finished, or was stopped in, saying something."""

    type: Literal["agent.spoke"] = "agent.spoke"
    turn: int
    text: str
    heard: str
    """The part of `text` that was played before an interruption; the whole text otherwise."""
    interrupted: bool = False
    start_s: float
    end_s: float
    gap_s: float | None = None
    """From the caller's last speech to the first sample of this reply; None when unprompted."""


class CallerInterrupted(Event):
    """Barge-in: the caller spoke and the agent stopped."""

    type: Literal["caller.interrupted"] = "caller.interrupted"
    start_s: float
    """Start of the caller's speech."""
    stopped_s: float
    """When the agent fell silent."""


class TurnHeard(Event):
    """A caller's turn has ended and was recognised."""

    type: Literal["turn.heard"] = "turn.heard"
    turn: int
    utterance: Utterance
    timings: dict[str, float] = Field(default_factory=dict)
    """Where the wait went, seconds by stage: ``endpoint``, ``recognition``."""


class TurnMissed(Event):
    """The caller said nothing in time, or nothing that could be recognised."""

    type: Literal["turn.missed"] = "turn.missed"
    turn: int
    why: Literal["no-input", "no-match", "recognition-failed"]


class DtmfReceived(Event):
    """The caller pressed a key (RFC 4733, or INFO)."""

    type: Literal["dtmf.received"] = "dtmf.received"
    digit: str


class TurnUnderstood(Event):
    """What a turn means to the dialplan, and what is known after it."""

    type: Literal["turn.understood"] = "turn.understood"
    turn: int
    understanding: Understanding
    slots: dict[str, Any] = Field(default_factory=dict)
    about: str | None = None
    """Intent that is open after this turn; None when nothing is."""


class LookupDone(Event):
    """Something was looked up."""

    type: Literal["lookup.done"] = "lookup.done"
    name: str
    found: bool
    took_s: float
    error: str = ""
    identity_check: bool = False
    """Whether it was to verify who calls: `found` says whether they passed."""


class Verdict(Event):
    """What the policy decided for a turn, and why."""

    type: Literal["verdict"] = "verdict"
    turn: int
    action: Action
    understood: Probability
    """Probability that the agent understood this turn."""
    anger: Probability
    anger_voice: Probability | None = None
    """Anger by prosody alone, None where the voice could not be measured."""
    anger_words: Probability = 0.0
    wish_for_person: Probability = 0.0
    topic: str = "general"
    """Topic the handover is routed by."""
    contributions: dict[str, float] = Field(default_factory=dict)
    """How much each detector weighed in the decision, 0 to 1, by detector name."""
    reasons: tuple[str, ...] = ()
    """Sentences a supervisor understands, strongest first."""
    limits: dict[str, float] = Field(default_factory=dict)
    """The thresholds it was decided by, by name as in a dialplan's ``escalation``."""
    evidence: TurnEvidence | None = None
    """What was decided on; None in records of a version that did not keep it."""


class OfferDeclined(Event):
    """The caller refused the person that was offered."""

    type: Literal["offer.declined"] = "offer.declined"
    turn: int


class SpeechLost(Event):
    """The speech service cannot be reached or failed to answer; a person has to take over."""

    type: Literal["speech.lost"] = "speech.lost"
    reason: str


class CallerFlagged(Event):
    """Something for a security review. Nothing was done about it."""

    type: Literal["caller.flagged"] = "caller.flagged"
    anomaly: Anomaly
    """Many calls from one number, look-ups that find nothing, or one value tried after another."""
    caller: str
    """The number, or the call's id where there is none."""
    count: int
    """How many there were."""
    window_s: float
    """Within how many seconds."""


class CallEnded(Event):
    """The agent's part of the call is over."""

    type: Literal["call.ended"] = "call.ended"
    by: Literal["caller", "agent", "transfer", "error"]
    reason: str
    duration_s: float


ConversationEvent = (
    CallArrived
    | CallRefused
    | CallAnswered
    | AgentSpoke
    | CallerInterrupted
    | TurnHeard
    | TurnMissed
    | DtmfReceived
    | TurnUnderstood
    | LookupDone
    | Verdict
    | OfferDeclined
    | SpeechLost
    | CallerFlagged
    | CallEnded
)
