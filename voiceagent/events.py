"""The vocabulary: what the rooms say to each other and what the record keeps.

Every step of a call leaves an event. An event is written to the store before anyone else
hears of it; the transcript, the audit trail, the bus and the screens are views of the same
stream. Times that end in ``_s`` are seconds; inside a call they count from its INVITE.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import Field, TypeAdapter

from voiceagent.cases import (
    CallbackClosed as CallbackClosed,
    CallbackRequested as CallbackRequested,
    CaseContinued as CaseContinued,
    CaseOpened as CaseOpened,
    CustomerKnown as CustomerKnown,
    LinkOffered as LinkOffered,
    PersonWrote as PersonWrote,
)
from voiceagent.facts import (
    WRITTEN as WRITTEN,
    Action as Action,
    Anomaly as Anomaly,
    Callback as Callback,
    CallFacts as CallFacts,
    Channel as Channel,
    EarlierCall as EarlierCall,
    Event as Event,
    Expectation as Expectation,
    Fact as Fact,
    HandoverContext as HandoverContext,
    Identity as Identity,
    LeftOut as LeftOut,
    Mark as Mark,
    MarkReason as MarkReason,
    Mood as Mood,
    Probability as Probability,
    RoutedTo as RoutedTo,
    Standing as Standing,
    TranscriptLine as TranscriptLine,
    TurnEvidence as TurnEvidence,
    Understanding as Understanding,
    Utterance as Utterance,
    Word as Word,
)

SCHEMA_VERSION: Final = 1
"""Version of every message on the bus. Fields may be added within a version, not changed."""


class LineStarted(Event):
    type: Literal["line.started"] = "line.started"
    line: str
    max_callers: int
    """Callers admitted at once, with a leg kept free for a handover."""


class LineDraining(Event):
    """The line admits no new callers and ends when the last one has left."""

    type: Literal["line.draining"] = "line.draining"
    line: str
    calls: int


class LineStopped(Event):
    type: Literal["line.stopped"] = "line.stopped"
    line: str


class SpeechLost(Event):
    """The speech service cannot be reached or failed to answer."""

    type: Literal["speech.lost"] = "speech.lost"
    reason: str


class SpeechRestored(Event):
    type: Literal["speech.restored"] = "speech.restored"


class EngineChanged(Event):
    """Utterances are recognised by another engine: a small one while many wait, or the usual
    one again."""

    type: Literal["speech.engine-changed"] = "speech.engine-changed"
    engine: str
    """As in `Utterance.engine`."""
    before: str


class CallArrived(Event):
    type: Literal["call.arrived"] = "call.arrived"
    facts: CallFacts


class CallRefused(Event):
    """The line sent a final error response to the INVITE."""

    type: Literal["call.refused"] = "call.refused"
    code: int
    """SIP status code."""
    reason: str


class CallAnswered(Event):
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
    type: Literal["dtmf.received"] = "dtmf.received"
    digit: str


class TurnUnderstood(Event):
    type: Literal["turn.understood"] = "turn.understood"
    turn: int
    understanding: Understanding
    slots: dict[str, Any] = Field(default_factory=dict)
    about: str | None = None
    """Intent that is open after this turn; None when nothing is."""


class LookupDone(Event):
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


class HandoverRouted(Event):
    """Whom the caller is brought to, and why; an empty route means that nobody is free."""

    type: Literal["handover.routed"] = "handover.routed"
    handover_id: str
    topic: str
    language: str
    anger: Probability
    standing: Standing = "ordinary"
    waited_s: float = 0.0
    """How long the caller has waited for a person."""
    route: tuple[RoutedTo, ...]
    """In the order they will be tried."""
    left_out: tuple[LeftOut, ...] = ()


class HandoverStarted(Event):
    type: Literal["handover.started"] = "handover.started"
    handover_id: str
    reason: str
    topic: str
    targets: tuple[str, ...]
    """SIP URIs or extensions, in the order they will be tried."""


class HandoverContextReady(Event):
    """The context package, published before the person's phone is called, and again when it
    grows."""

    type: Literal["handover.context"] = "handover.context"
    handover_id: str
    context: HandoverContext


class CallerHeld(Event):
    type: Literal["caller.held"] = "caller.held"


class CallerResumed(Event):
    type: Literal["caller.resumed"] = "caller.resumed"


class ConsultationCalling(Event):
    type: Literal["consultation.calling"] = "consultation.calling"
    handover_id: str
    target: str
    attempt: int


class ConsultationRinging(Event):
    type: Literal["consultation.ringing"] = "consultation.ringing"
    handover_id: str
    target: str


class ConsultationAnswered(Event):
    type: Literal["consultation.answered"] = "consultation.answered"
    handover_id: str
    target: str


class ConsultationFailed(Event):
    type: Literal["consultation.failed"] = "consultation.failed"
    handover_id: str
    target: str
    code: int
    """SIP status code; 487 when the agent withdrew the call itself."""
    reason: str


class BriefingSpoken(Event):
    type: Literal["briefing.spoken"] = "briefing.spoken"
    handover_id: str
    text: str


class ReferSent(Event):
    """REFER with Replaces went to the caller's side (RFC 3515, RFC 3891, RFC 5589)."""

    type: Literal["refer.sent"] = "refer.sent"
    handover_id: str
    target: str


class ReferAnswered(Event):
    """A status of the transfer, from the REFER's response or a NOTIFY's sipfrag."""

    type: Literal["refer.answered"] = "refer.answered"
    handover_id: str
    code: int
    final: bool


class HandoverBridged(Event):
    """Caller and person talk to each other through the agent: so configured, or REFER failed."""

    type: Literal["handover.bridged"] = "handover.bridged"
    handover_id: str
    target: str


class HandoverCompleted(Event):
    """Caller and person talk to each other without the agent."""

    type: Literal["handover.completed"] = "handover.completed"
    handover_id: str
    target: str


class HandoverReturned(Event):
    """A person who talked to the caller through the agent gave them back to it."""

    type: Literal["handover.returned"] = "handover.returned"
    handover_id: str
    target: str
    note: str = ""
    """What was agreed, in the person's words."""


class HandoverFailed(Event):
    """No person could be reached, or the caller left; the reason says which."""

    type: Literal["handover.failed"] = "handover.failed"
    handover_id: str
    reason: str


class HandoverMarked(Event):
    """What a person says of a handover, or of a missing one, afterwards. The last mark counts."""

    type: Literal["handover.marked"] = "handover.marked"
    mark: Mark
    reason: MarkReason | None = None
    """Why a person was needed indeed, or what was taken for it."""
    turn: int | None = None
    """The caller's turn at which the handover would have been right, where it was not."""
    by: str = ""
    """Who says so."""


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


class PersonTalked(Event):
    """A person has ended the talk with a caller whom this line has brought to them."""

    type: Literal["person.talked"] = "person.talked"
    target: str
    took_s: float


class WebhookFailed(Event):
    """The webhook has not taken a record, and is not asked again for it."""

    type: Literal["webhook.failed"] = "webhook.failed"
    record_id: str
    of: str
    """Type of that record's event."""
    attempts: int
    problem: str


class CallEnded(Event):
    type: Literal["call.ended"] = "call.ended"
    by: Literal["caller", "agent", "transfer", "error"]
    reason: str
    duration_s: float


AnyEvent = Annotated[
    LineStarted
    | LineDraining
    | LineStopped
    | SpeechLost
    | SpeechRestored
    | EngineChanged
    | CallArrived
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
    | HandoverRouted
    | HandoverStarted
    | HandoverContextReady
    | CallerHeld
    | CallerResumed
    | ConsultationCalling
    | ConsultationRinging
    | ConsultationAnswered
    | ConsultationFailed
    | BriefingSpoken
    | ReferSent
    | ReferAnswered
    | HandoverBridged
    | HandoverCompleted
    | HandoverReturned
    | HandoverFailed
    | CallbackRequested
    | CallbackClosed
    | CaseOpened
    | CaseContinued
    | CustomerKnown
    | LinkOffered
    | PersonWrote
    | HandoverMarked
    | CallerFlagged
    | PersonTalked
    | WebhookFailed
    | CallEnded,
    Field(discriminator="type"),
]


class Record(Fact):
    """An event with its place in the stream: what is stored and what is published."""

    v: Literal[1] = SCHEMA_VERSION
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    line: str
    call_id: str = ""
    """The agent's own id of the call; empty for events of the line itself."""
    at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    t_s: float | None = None
    """Seconds from the call's INVITE by a monotonic clock; None for events of the line."""
    event: AnyEvent


RECORD: TypeAdapter[Record] = TypeAdapter(Record)


class Journal(Protocol):
    """Where a conversation writes its events."""

    def write(self, record: Record) -> None:
        """Store the record, then publish it. Never blocks and never raises."""

    async def delivered(self, record_id: str, timeout_s: float) -> bool:
        """Wait until the record was acknowledged by the bus; False when it was not in time."""
