"""Works out the retained messages from the records that pass. No I/O.

`Board.take` answers a record with the retained messages it changes; `Board.retained` tells all
that should be retained now, for a broker that has forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from voiceagent.events import (
    CallAnswered,
    CallArrived,
    CallbackClosed,
    CallbackRequested,
    CallEnded,
    CallerHeld,
    CallerResumed,
    CallRefused,
    ConsultationAnswered,
    ConsultationCalling,
    ConsultationFailed,
    ConsultationRinging,
    HandoverBridged,
    HandoverCompleted,
    HandoverContext,
    HandoverContextReady,
    HandoverFailed,
    HandoverMarked,
    HandoverReturned,
    HandoverStarted,
    LineDraining,
    LineStarted,
    LineStopped,
    Record,
    TurnHeard,
    TurnMissed,
    Verdict,
)
from voiceagent.supervision.states import CallbackState, CallState, LineState, Offer
from voiceagent.supervision.topics import Topics

OfferState = Literal["announced", "calling", "ringing", "answered", "connected"]


@dataclass(frozen=True)
class Message:
    """What goes to the broker. An empty retained payload removes what was retained
    (MQTT 3.1.1, section 3.3.1.3)."""

    topic: str
    payload: bytes
    retain: bool = True


@dataclass
class _Handover:
    call_id: str
    targets: tuple[str, ...]
    context: HandoverContext | None = None
    offers: dict[str, Offer] = field(default_factory=dict)


class Board:
    """The state of one line, its live calls and their handovers, as the records leave them."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._line: LineState | None = None
        self._calls: dict[str, CallState] = {}
        self._handovers: dict[str, _Handover] = {}
        self._callbacks: dict[str, CallbackState] = {}

    def retained(self) -> list[Message]:
        """Everything that should be retained now."""
        lines = [self._line_message(self._line)] if self._line else []
        calls = [self._call_message(call) for call in self._calls.values()]
        offers = [o for handover in self._handovers.values() for o in handover.offers.values()]
        callbacks = map(self._callback_message, self._callbacks.values())
        return [*lines, *calls, *map(self._offer_message, offers), *callbacks]

    def take(self, record: Record) -> list[Message]:
        """Note a record and return the retained messages it changes."""
        match record.event:
            case LineStarted() | LineDraining() | LineStopped():
                return self._take_line(record)
            case CallEnded() | CallRefused():
                return self._end(record.call_id)
            case CallbackRequested(callback=callback):
                state = CallbackState(**dict(callback))
                self._callbacks[callback.callback_id] = state
                return [self._callback_message(state)]
            case CallbackClosed(callback_id=callback_id):
                return self._close(callback_id)
            case _:
                return [*self._take_handover(record), *self._take_call(record)]

    # -- the line -----------------------------------------------------------------------------

    def _take_line(self, record: Record) -> list[Message]:
        before = self._line or LineState(line=record.line, state="up")
        match record.event:
            case LineStarted(max_callers=callers):
                change: dict[str, Any] = {"state": "up", "max_callers": callers}
            case LineDraining():
                change = {"state": "draining"}
            case _:
                change = {"state": "stopped"}
        self._line = before.model_copy(update=change)
        return [self._line_message(self._line)]

    # -- the call -----------------------------------------------------------------------------

    def _take_call(self, record: Record) -> list[Message]:
        if isinstance(record.event, CallArrived):
            facts = record.event.facts
            state = CallState(
                call_id=record.call_id,
                line=record.line,
                started_at=record.at,
                caller=facts.caller_number or facts.caller_uri,
                dialled=facts.dialled,
                updated_at=record.at,
            )
        else:
            change = _change(record)
            known = self._calls.get(record.call_id)
            if not change or known is None:
                return []
            state = known.model_copy(update={**change, "updated_at": record.at})
        self._calls[record.call_id] = state
        return [self._call_message(state)]

    def _end(self, call_id: str) -> list[Message]:
        self._calls.pop(call_id, None)
        messages = []
        for handover_id, handover in list(self._handovers.items()):
            if handover.call_id == call_id:
                messages += self._withdraw(handover, *handover.offers)
                del self._handovers[handover_id]
        return [*messages, Message(self._topics.call_state(call_id), b"")]

    # -- the handover -------------------------------------------------------------------------

    def _take_handover(self, record: Record) -> list[Message]:
        event = record.event
        if isinstance(event, HandoverStarted):
            self._handovers[event.handover_id] = _Handover(record.call_id, event.targets)
            return []
        handover = self._handovers.get(getattr(event, "handover_id", ""))
        if handover is None:
            return []
        match event:
            case HandoverContextReady(context=context):
                told = {t: o.state for t, o in handover.offers.items()}
                if handover.context is None:
                    # The first person gets it at once: it is there before their phone rings.
                    told = dict.fromkeys(handover.targets[:1], "announced")
                handover.context = context
                return [self._offer(handover, target, state) for target, state in told.items()]
            case ConsultationCalling(target=target) if handover.context:
                return [self._offer(handover, target, "calling")]
            case ConsultationRinging(target=target) if handover.context:
                return [self._offer(handover, target, "ringing")]
            case ConsultationAnswered(target=target) if handover.context:
                return [self._offer(handover, target, "answered")]
            case HandoverBridged(target=target) | HandoverCompleted(target=target) if (
                handover.context
            ):
                return [self._offer(handover, target, "connected")]
            case ConsultationFailed(target=target):
                return self._withdraw(handover, target)
            case HandoverReturned(target=target):
                return self._withdraw(handover, target)
            case HandoverFailed():
                return self._withdraw(handover, *handover.offers)
            case _:
                return []

    def _offer(self, handover: _Handover, target: str, state: OfferState) -> Message:
        assert handover.context is not None
        offer = Offer(
            handover_id=handover.context.handover_id,
            target=target,
            state=state,
            context=handover.context.told_to(target),
        )
        handover.offers[target] = offer
        return self._offer_message(offer)

    def _withdraw(self, handover: _Handover, *targets: str) -> list[Message]:
        gone = [handover.offers.pop(target) for target in targets if target in handover.offers]
        return [Message(self._topics.offer(o.target, o.handover_id), b"") for o in gone]

    # -- callbacks ----------------------------------------------------------------------------

    def _close(self, callback_id: str) -> list[Message]:
        state = self._callbacks.pop(callback_id, None)
        if state is None:
            return []
        return [Message(self._topics.callback(state.group, callback_id), b"")]

    # -- messages -----------------------------------------------------------------------------

    def _line_message(self, state: LineState) -> Message:
        return Message(self._topics.line_state(state.line), state.model_dump_json().encode())

    def _call_message(self, state: CallState) -> Message:
        return Message(self._topics.call_state(state.call_id), state.model_dump_json().encode())

    def _callback_message(self, state: CallbackState) -> Message:
        topic = self._topics.callback(state.group, state.callback_id)
        return Message(topic, state.model_dump_json().encode())

    def _offer_message(self, offer: Offer) -> Message:
        topic = self._topics.offer(offer.target, offer.handover_id)
        return Message(topic, offer.model_dump_json().encode())


def _change(record: Record) -> dict[str, Any]:
    match record.event:
        case CallAnswered() | CallerResumed():
            return {"phase": "talking"}
        case CallerHeld():
            return {"phase": "held"}
        case TurnHeard(turn=turn) | TurnMissed(turn=turn):
            return {"turns": turn}
        case Verdict(action=action, anger=anger):
            return {"action": action, "anger": anger}
        case HandoverStarted(handover_id=handover_id):
            return {"phase": "handing-over", "handover_id": handover_id}
        case ConsultationCalling(target=target):
            return {"phase": "handing-over", "target": target}
        case ConsultationFailed():
            return {"target": None}
        case HandoverBridged(target=target) | HandoverCompleted(target=target):
            return {"phase": "handed-over", "target": target}
        case HandoverReturned():
            return {"phase": "talking", "handover_id": None, "target": None}
        case HandoverFailed():
            return {"phase": "talking", "handover_id": None, "target": None}
        case HandoverMarked(mark=mark):
            return {"mark": mark}
        case _:
            return {}
