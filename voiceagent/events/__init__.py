"""The vocabulary: what the rooms say to each other and what the record keeps.

Every step of a call leaves an event. An event is written to the store before anyone else
hears of it; the transcript, the audit trail, the bus and the screens are views of the same
stream. Times that end in ``_s`` are seconds; inside a call they count from its INVITE.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field, TypeAdapter

from voiceagent.events.cases import (
    CallbackClosed as CallbackClosed,
    CallbackRequested as CallbackRequested,
    CaseContinued as CaseContinued,
    CaseEvent as CaseEvent,
    CaseOpened as CaseOpened,
    CustomerKnown as CustomerKnown,
    LinkOffered as LinkOffered,
    PersonWrote as PersonWrote,
)
from voiceagent.events.conversation import (
    AgentSpoke as AgentSpoke,
    CallAnswered as CallAnswered,
    CallArrived as CallArrived,
    CallEnded as CallEnded,
    CallerFlagged as CallerFlagged,
    CallerInterrupted as CallerInterrupted,
    CallRefused as CallRefused,
    ConversationEvent as ConversationEvent,
    DtmfReceived as DtmfReceived,
    LookupDone as LookupDone,
    OfferDeclined as OfferDeclined,
    SpeechLost as SpeechLost,
    TurnHeard as TurnHeard,
    TurnMissed as TurnMissed,
    TurnUnderstood as TurnUnderstood,
    Verdict as Verdict,
)
from voiceagent.events.facts import (
    WRITTEN as WRITTEN,
    Action as Action,
    Anomaly as Anomaly,
    AnswerKind as AnswerKind,
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
    Told as Told,
    TranscriptLine as TranscriptLine,
    Translation as Translation,
    TurnEvidence as TurnEvidence,
    Understanding as Understanding,
    Utterance as Utterance,
    Word as Word,
)
from voiceagent.events.handover import (
    BriefingSpoken as BriefingSpoken,
    CallerHeld as CallerHeld,
    CallerResumed as CallerResumed,
    ConsultationAnswered as ConsultationAnswered,
    ConsultationCalling as ConsultationCalling,
    ConsultationFailed as ConsultationFailed,
    ConsultationRinging as ConsultationRinging,
    HandoverBridged as HandoverBridged,
    HandoverCompleted as HandoverCompleted,
    HandoverContextReady as HandoverContextReady,
    HandoverEvent as HandoverEvent,
    HandoverFailed as HandoverFailed,
    HandoverMarked as HandoverMarked,
    HandoverReturned as HandoverReturned,
    HandoverRouted as HandoverRouted,
    HandoverStarted as HandoverStarted,
    PersonTalked as PersonTalked,
    ReferAnswered as ReferAnswered,
    ReferSent as ReferSent,
)
from voiceagent.events.line import (
    EngineChanged as EngineChanged,
    LineDraining as LineDraining,
    LineEvent as LineEvent,
    LineStarted as LineStarted,
    LineStopped as LineStopped,
    WebhookFailed as WebhookFailed,
)

SCHEMA_VERSION: Final = 1
"""Version of every message on the bus. Fields may be added within a version, not changed."""

AnyEvent = Annotated[
    LineEvent | ConversationEvent | HandoverEvent | CaseEvent, Field(discriminator="type")
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
