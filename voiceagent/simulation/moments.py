"""The moments of a call with a handover: when each step was seen, and where.

What the wire shows is taken from the wire, what is heard from a recording; the agent's own
events stand in only for what neither can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, NamedTuple

from voiceagent.events import (
    AgentSpoke,
    CallerHeld,
    Event,
    HandoverContextReady,
    Record,
    TurnHeard,
    Verdict,
)
from voiceagent.simulation.ladder import Arrow, Ladder
from voiceagent.simulation.sound import Samples, stretches
from voiceagent.simulation.wire import Wire

Seen = Literal["wire", "event", "audio"]


@dataclass(frozen=True)
class Moment:
    """One step of the call."""

    name: str
    seen: Seen
    """Where it was seen, or where it should have been."""
    at_s: float | None
    """Seconds from the first INVITE; None when it was not seen."""
    gap_s: float | None = None
    """For a reply: seconds from the caller's last sound to the agent's first."""


class Gap(NamedTuple):
    """One side has ended, the other begins; seconds on the recording's clock."""

    ended_s: float
    began_s: float

    @property
    def gap_s(self) -> float:
        """How long the caller waited for the answer, seconds."""
        return self.began_s - self.ended_s


# -- from the recording -------------------------------------------------------------------------


def gaps(sent: Samples, received: Samples, rate: int, origin_s: float = 0.0) -> list[Gap]:
    """Voice-to-voice gaps as a caller hears them, from the two channels of their own phone.

    `sent` and `received` are mono samples from -1 to 1 with the same beginning, which lies
    `origin_s` on the clock of the result. A gap runs from the end of a stretch of sent sound to
    the beginning of the next received one, when the sender says nothing more before it.
    """
    own, others = stretches(sent, rate), stretches(received, rate)
    found = []
    for stretch, following in zip_longest(own, own[1:]):
        began = next((o.start_s for o in others if o.start_s >= stretch.end_s), None)
        if began is not None and (following is None or began < following.start_s):
            found.append(Gap(origin_s + stretch.end_s, origin_s + began))
    return found


def first_sound(samples: Samples, rate: int, origin_s: float = 0.0) -> float | None:
    """When sound first begins in a recording that begins at `origin_s`; None for silence."""
    found = stretches(samples, rate)
    return origin_s + found[0].start_s if found else None


# -- the table ----------------------------------------------------------------------------------

ANSWERED = "call answered"
FIRST_WORD = "agent's first word"
DECIDED = "handover decided"
HELD = "caller put on hold"
PUBLISHED = "context published"
CALLED = "person called"
CONSULTED = "person answered"
REFERRED = "REFER sent"
CONNECTED = "caller and person connected"
NOTIFIED = "NOTIFY 200 received"
ENDED = "both agent legs ended"

_IN_ORDER = (
    (ANSWERED, FIRST_WORD),
    (DECIDED, PUBLISHED),
    (PUBLISHED, CONSULTED),
    (CALLED, CONSULTED),
    (CONSULTED, REFERRED),
    (REFERRED, CONNECTED),
    (REFERRED, NOTIFIED),
    (CONNECTED, ENDED),
)
_SAME_TURN_S = 1.0


def moments(
    records: Iterable[Record],
    ladder: Ladder,
    measured: Sequence[Gap] = (),
    first_word_s: float | None = None,
    agent: str = "agent",
) -> list[Moment]:
    """The table of moments of one call and its handover.

    Args:
        records: Events of this call, in order.
        ladder: The messages of all parties.
        measured: Gaps from the caller's recording, in seconds from the first INVITE.
        first_word_s: The agent's first sound in that recording, likewise.
        agent: Name of the agent in the ladder.
    """
    records = list(records)
    wire = Wire(ladder, agent)

    def on_wire(name: str, arrow: Arrow | None) -> Moment:
        return Moment(name, "wire", arrow.at_s if arrow else None)

    def by_event(name: str, kind: type[Event], action: str | None = None) -> Moment:
        times = (
            r.t_s
            for r in records
            if isinstance(r.event, kind)
            and (action is None or getattr(r.event, "action", None) == action)
        )
        return Moment(name, "event", next(times, None))

    return [
        on_wire(ANSWERED, wire.answer),
        _first_word(records, first_word_s),
        *_replies(records, measured),
        by_event(DECIDED, Verdict, "handover"),
        by_event(HELD, CallerHeld),
        by_event(PUBLISHED, HandoverContextReady),
        on_wire(CALLED, wire.consultation),
        on_wire(CONSULTED, wire.consultation_answer),
        on_wire(REFERRED, wire.refer),
        on_wire(CONNECTED, wire.connected),
        on_wire(NOTIFIED, wire.notified),
        on_wire(ENDED, wire.legs_ended),
    ]


def _first_word(records: list[Record], heard_s: float | None) -> Moment:
    if heard_s is not None:
        return Moment(FIRST_WORD, "audio", heard_s)
    spoken = (r.event.start_s for r in records if isinstance(r.event, AgentSpoke))
    return Moment(FIRST_WORD, "event", next(spoken, None))


def _replies(records: list[Record], measured: Sequence[Gap]) -> list[Moment]:
    """One moment a turn; the recording's gap nearest to the turn's end, else the agent's own."""
    replies: dict[int, AgentSpoke] = {}
    for record in records:
        if isinstance(record.event, AgentSpoke) and record.event.gap_s is not None:
            replies.setdefault(record.event.turn, record.event)
    table = []
    for event in (r.event for r in records if isinstance(r.event, TurnHeard)):
        name, end_s = f"reply to turn {event.turn}", event.utterance.end_s
        near = min(measured, key=lambda gap: abs(gap.ended_s - end_s), default=None)
        reply = replies.get(event.turn)
        if near is not None and abs(near.ended_s - end_s) <= _SAME_TURN_S:
            table.append(Moment(name, "audio", near.began_s, near.gap_s))
        elif reply is not None:
            table.append(Moment(name, "event", reply.start_s, reply.gap_s))
        else:
            table.append(Moment(name, "audio", None))
    return table


def complaints(table: Iterable[Moment]) -> list[str]:
    """What is wrong with a call: steps that were not seen, and steps in the wrong order."""
    table = list(table)
    at = {moment.name: moment.at_s for moment in table}
    found = [f"{m.name}: not seen ({m.seen})" for m in table if m.at_s is None]
    for earlier, later in _IN_ORDER:
        first, second = at.get(earlier), at.get(later)
        if first is not None and second is not None and second < first:
            found.append(f"{later} at {second:.3f} s, before {earlier} at {first:.3f} s")
    return found
