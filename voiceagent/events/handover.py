"""Events of a handover: from the choice of a person to what they say of it afterwards."""

from __future__ import annotations

from typing import Literal

from voiceagent.events.facts import (
    Event,
    HandoverContext,
    LeftOut,
    Mark,
    MarkReason,
    Probability,
    RoutedTo,
    Standing,
)


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
    """People are about to be called."""

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
    """The caller hears music."""

    type: Literal["caller.held"] = "caller.held"


class CallerResumed(Event):
    """The caller is with the agent, or a person, again."""

    type: Literal["caller.resumed"] = "caller.resumed"


class ConsultationCalling(Event):
    """A person is being called."""

    type: Literal["consultation.calling"] = "consultation.calling"
    handover_id: str
    target: str
    attempt: int


class ConsultationRinging(Event):
    """The person's phone rings."""

    type: Literal["consultation.ringing"] = "consultation.ringing"
    handover_id: str
    target: str


class ConsultationAnswered(Event):
    """The person has answered."""

    type: Literal["consultation.answered"] = "consultation.answered"
    handover_id: str
    target: str


class ConsultationFailed(Event):
    """The person did not take the call, or cannot be reached."""

    type: Literal["consultation.failed"] = "consultation.failed"
    handover_id: str
    target: str
    code: int
    """SIP status code; 487 when the agent withdrew the call itself."""
    reason: str


class BriefingSpoken(Event):
    """The person was told what the call is about."""

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


class PersonTalked(Event):
    """A person has ended the talk with a caller whom this line has brought to them."""

    type: Literal["person.talked"] = "person.talked"
    target: str
    took_s: float


HandoverEvent = (
    HandoverRouted
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
    | HandoverMarked
    | PersonTalked
)
