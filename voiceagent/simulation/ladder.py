"""The SIP ladder: the traces of several parties merged into one picture of who told whom what."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from voiceagent.telephony.trace import SipMessage

_CLOCK_GRAIN_S = 0.002
"""How much earlier than it was sent a message may seem to arrive; logs count milliseconds."""


@dataclass(frozen=True)
class Arrow:
    """One message on its way from one participant to another."""

    at_s: float
    """When it was sent (received, where the sender has no log), seconds from the first INVITE."""
    source: str
    target: str
    message: SipMessage
    arrived_s: float | None
    """When it was received; None when the receiver's log does not have it, or there is none."""
    repeated: bool = False
    """A retransmission of an earlier message."""

    @property
    def label(self) -> str:
        """What stands on the arrow, such as ``INVITE (SDP)`` or ``200 OK (BYE)``."""
        message = self.message
        if message.is_request:
            return message.method + _carrying(message)
        words = message.start_line.split(" ", 1)[1]
        return f"{words} ({message.method})"


@dataclass(frozen=True)
class Ladder:
    """Participants from left to right, and the messages between them in order of time."""

    started_at: float
    """When the first INVITE was sent, Unix seconds."""
    participants: tuple[str, ...]
    arrows: tuple[Arrow, ...]


def _carrying(message: SipMessage) -> str:
    kind = (message.header("Content-Type") or "").partition(";")[0].strip().lower()
    notes = []
    if kind == "application/sdp":
        notes.append("SDP")
    elif kind == "message/sipfrag":
        notes.append(message.body.strip().partition("\n")[0].removeprefix("SIP/2.0 ").strip())
    if message.header("Replaces") or "replaces=" in (message.header("Refer-To") or "").lower():
        notes.append("Replaces")
    return f" ({', '.join(notes)})" if notes else ""


# -- merging ------------------------------------------------------------------------------------


class _Seen(NamedTuple):
    """A message in a party's trace."""

    party: str
    place: int
    message: SipMessage


@dataclass
class _Passage:
    """One message, as its sender's trace and its receiver's trace tell of it."""

    sent: _Seen | None = None
    received: _Seen | None = None

    @property
    def at(self) -> float:
        return self.first.message.at

    @property
    def key(self) -> tuple[float, float, str]:
        """Order of passages that do not cause each other."""
        return self.at, self.received.message.at if self.received else self.at, self.first.party

    @property
    def first(self) -> _Seen:
        seen = self.sent or self.received
        assert seen is not None, "a passage was seen by somebody"
        return seen


def build(traces: Mapping[str, Sequence[SipMessage]]) -> Ladder:
    """Merge traces by party name into one ladder.

    The clocks of the parties must agree to a few milliseconds, as on one machine. A side that
    has no trace appears by its address. Within a trace the order is kept: what a party sent
    after having received something comes after it, even within one millisecond.

    Raises:
        ValueError: there is no INVITE in any trace.
    """
    invites = [m.at for trace in traces.values() for m in trace if m.start_line[:7] == "INVITE "]
    if not invites:
        raise ValueError("no trace has an INVITE: was the log written with msgLogging at level 4?")
    passages = _pair(traces)
    names = _addresses(passages)
    arrows, known = [], set()
    for passage in _in_order(traces, passages):
        arrow = _arrow(passage, names, min(invites))
        identity = (arrow.source, *_identity(arrow.message))
        arrows.append(replace(arrow, repeated=identity in known))
        known.add(identity)
    ends = itertools.chain.from_iterable((a.source, a.target) for a in arrows)
    return Ladder(min(invites), tuple(dict.fromkeys([*traces, *ends])), tuple(arrows))


def _identity(message: SipMessage) -> tuple[object, ...]:
    return (message.call_id, message.cseq, message.method, message.branch, message.start_line)


def _pair(traces: Mapping[str, Sequence[SipMessage]]) -> list[_Passage]:
    """Give each received message to the latest unclaimed sending of the same message before it,
    or to the first one after it should the clocks disagree."""
    sendings: dict[tuple[object, ...], list[_Passage]] = defaultdict(list)
    arrivals = []
    for party, trace in traces.items():
        for place, message in enumerate(trace):
            seen = _Seen(party, place, message)
            if message.sent:
                sendings[_identity(message)].append(_Passage(sent=seen))
            else:
                arrivals.append(seen)
    passages = list(itertools.chain.from_iterable(sendings.values()))
    for arrival in sorted(arrivals, key=lambda seen: seen.message.at):
        latest = arrival.message.at + _CLOCK_GRAIN_S
        unclaimed = [
            passage
            for passage in sendings.get(_identity(arrival.message), ())
            if passage.received is None and passage.first.party != arrival.party
        ]
        before = [passage for passage in unclaimed if passage.at <= latest]
        if unclaimed:
            (before[-1] if before else unclaimed[0]).received = arrival
        else:
            passages.append(_Passage(received=arrival))
    return passages


def _addresses(passages: list[_Passage]) -> dict[str, str]:
    """Party by address: each log names the other side's address of the messages they share."""
    names = {}
    for passage in passages:
        if passage.sent and passage.received:
            names[passage.sent.message.peer] = passage.received.party
            names[passage.received.message.peer] = passage.sent.party
    return names


def _arrow(passage: _Passage, names: Mapping[str, str], started_at: float) -> Arrow:
    here, received = passage.first, passage.received
    there = names.get(here.message.peer, here.message.peer)
    if passage.sent and received:
        there = received.party
    return Arrow(
        at_s=passage.at - started_at,
        source=here.party if passage.sent else there,
        target=there if passage.sent else here.party,
        message=here.message,
        arrived_s=received.message.at - started_at if received else None,
    )


def _in_order(
    traces: Mapping[str, Sequence[SipMessage]], passages: list[_Passage]
) -> list[_Passage]:
    """Sort by time; of one millisecond, by cause: a party's sending follows all it had seen."""
    number_of: dict[tuple[str, int], int] = {}
    for number, passage in enumerate(passages):
        for seen in (passage.sent, passage.received):
            if seen:
                number_of[seen.party, seen.place] = number
    causes: list[set[int]] = [set() for _ in passages]
    for party, trace in traces.items():
        earlier: set[int] = set()
        for place, message in enumerate(trace):
            number = number_of[party, place]
            if message.sent:
                causes[number] |= earlier
                earlier = set()  # the sent message carries them on
            earlier.add(number)

    effects: dict[int, list[int]] = defaultdict(list)
    for number, before in enumerate(causes):
        for cause in before:
            effects[cause].append(number)
    waiting_for = [len(before) for before in causes]
    ready = [(passages[n].key, n) for n, count in enumerate(waiting_for) if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        _, number = heapq.heappop(ready)
        order.append(passages[number])
        for effect in effects[number]:
            waiting_for[effect] -= 1
            if waiting_for[effect] == 0:
                heapq.heappush(ready, (passages[effect].key, effect))
    # Damaged traces can make a circle of causes; its messages still have their times.
    return order if len(order) == len(passages) else sorted(passages, key=lambda p: p.key)


# -- drawing ------------------------------------------------------------------------------------

_LANE = 30


def as_text(ladder: Ladder) -> str:
    """Draw the ladder with one column per participant and one line per message."""
    lanes = {name: index for index, name in enumerate(ladder.participants)}
    width = _LANE * (len(lanes) - 1) + 1
    heads = "".join(name[: _LANE - 2].ljust(_LANE) for name in ladder.participants)
    lines = [f"{'seconds':>9}  {heads}".rstrip()]
    for arrow in ladder.arrows:
        row = [" "] * width
        for lane in lanes.values():
            row[lane * _LANE] = "|"
        left, right = sorted((lanes[arrow.source] * _LANE, lanes[arrow.target] * _LANE))
        if left == right:
            shaft = ""
        else:
            label = printable(arrow.label) + (" (again)" if arrow.repeated else "")
            room = right - left - 1
            shaft = f" {label[: room - 5]} ".center(room - 1, "-")
            shaft = f"{shaft}>" if lanes[arrow.source] < lanes[arrow.target] else f"<{shaft}"
        row[left + 1 : left + 1 + len(shaft)] = shaft
        lines.append(f"{arrow.at_s:9.3f}  {''.join(row)}".rstrip())
    return "\n".join(lines) + "\n"


def printable(text: str) -> str:
    """The text with control characters replaced, so that a message cannot drive a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
