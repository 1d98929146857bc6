"""The moments of a call with a handover: when each step was seen, and where.

What the wire shows is taken from the wire, what is heard from a recording; the agent's own
events stand in only for what neither can show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
    for stretch, following in zip(own, [*own[1:], None], strict=True):
        began = next((o.start_s for o in others if o.start_s >= stretch.end_s), None)
        if began is not None and (following is None or began < following.start_s):
            found.append(Gap(origin_s + stretch.end_s, origin_s + began))
    return found


def first_sound(samples: Samples, rate: int, origin_s: float = 0.0) -> float | None:
    """When sound first begins in a recording that begins at `origin_s`; None for silence."""
    found = stretches(samples, rate)
    return origin_s + found[0].start_s if found else None


# -- from the wire ------------------------------------------------------------------------------


class Wire:
    """What the ladder shows of one call to the agent and of its handover.

    Every property is the arrow of a message, or None when the ladder does not have it.
    """

    def __init__(self, ladder: Ladder, agent: str = "agent") -> None:
        self._arrows = ladder.arrows
        self._agent = agent
        self.invite = self._find(lambda a: a.target == agent and _opens(a))
        self.call_id = self.invite.message.call_id if self.invite else ""

    @property
    def answer(self) -> Arrow | None:
        return self._answer_to(self.invite)

    @property
    def consultation(self) -> Arrow | None:
        """The agent's INVITE to the person who answered; the last one tried if nobody did."""
        tried = [a for a in self._arrows if a.source == self._agent and _opens(a)]
        answered = [a for a in tried if self._answer_to(a)]
        return next(reversed(answered or tried), None)

    @property
    def consultation_answer(self) -> Arrow | None:
        return self._answer_to(self.consultation)

    @property
    def refer(self) -> Arrow | None:
        """The last REFER the agent sent."""
        sent = [a for a in self._arrows if a.source == self._agent and _asks(a, "REFER")]
        return next(reversed(sent), None)

    @property
    def refer_accepted(self) -> Arrow | None:
        return self._answer_to(self.refer)

    @property
    def replacing(self) -> Arrow | None:
        """The INVITE with Replaces by which the two sides find each other (RFC 3891)."""
        return self._find(lambda a: _asks(a, "INVITE") and a.message.header("Replaces") is not None)

    @property
    def connected(self) -> Arrow | None:
        """The 200 to the INVITE with Replaces."""
        return self._answer_to(self.replacing)

    @property
    def notified(self) -> Arrow | None:
        """The NOTIFY that tells the agent of the transfer's success (RFC 3515, 2.4.5)."""
        refer = self.refer
        return self._find(
            lambda a: (
                refer is not None
                and a.target == self._agent
                and _asks(a, "NOTIFY")
                and a.message.call_id == refer.message.call_id
                and a.message.body.lstrip().startswith("SIP/2.0 200")
            )
        )

    @property
    def legs_ended(self) -> Arrow | None:
        """The 200 to the later of the two BYEs that end the agent's part."""
        if self.invite is None or self.consultation is None:
            return None
        ends = [self._bye_answer(leg.message.call_id) for leg in (self.invite, self.consultation)]
        known = [end for end in ends if end is not None]
        return max(known, key=lambda a: a.at_s) if len(known) == len(ends) else None

    @property
    def parted(self) -> Arrow | None:
        """The BYE that ends the call between caller and person."""
        call = self.replacing
        return self._find(
            lambda a: (
                call is not None and _asks(a, "BYE") and a.message.call_id == call.message.call_id
            )
        )

    def _find(self, wanted: Callable[[Arrow], bool]) -> Arrow | None:
        return next((arrow for arrow in self._arrows if wanted(arrow)), None)

    def _answer_to(self, request: Arrow | None) -> Arrow | None:
        if request is None:
            return None
        asked = request.message
        return self._find(
            lambda a: (
                a.message.status is not None
                and 200 <= a.message.status < 300
                and a.source == request.target
                and (a.message.call_id, a.message.cseq, a.message.method)
                == (asked.call_id, asked.cseq, asked.method)
            )
        )

    def _bye_answer(self, call_id: str) -> Arrow | None:
        byes = (a for a in self._arrows if _asks(a, "BYE") and a.message.call_id == call_id)
        return next((answer for bye in byes if (answer := self._answer_to(bye))), None)


def _asks(arrow: Arrow, method: str) -> bool:
    return arrow.message.is_request and arrow.message.method == method


def _opens(arrow: Arrow) -> bool:
    """An INVITE that opens a dialog: it has no tag in To (RFC 3261, 12.2), and asks for no
    other call to be replaced."""
    message = arrow.message
    to = message.header("To") or ""
    return (
        _asks(arrow, "INVITE")
        and "tag=" not in to.rpartition(">")[2]
        and message.header("Replaces") is None
    )


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
