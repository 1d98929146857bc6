"""Who waits for whom: callers in the order in which they are brought to people. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from voiceagent.events import Standing

_RANKS: tuple[Standing, ...] = ("vulnerable", "vip", "repeated", "ordinary")
EMERGENCY = -1
"""Rank of a call that waits for nobody."""


def rank(standing: Standing, *, emergency: bool = False) -> int:
    """The place of a kind of callers: lower goes first."""
    return EMERGENCY if emergency else _RANKS.index(standing)


@dataclass(frozen=True)
class Ticket:
    """One caller's place."""

    rank: int
    since: float
    """When they first asked for a person, in seconds of a clock that all lines share."""
    targets: frozenset[str]
    """Whom the caller may be brought to."""
    trying: bool = False
    """Whether somebody is being called for them."""


class Queue:
    """The callers who wait for a person: those of one line, and what it knows of others'."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        self._elsewhere: Mapping[str, Ticket] = {}

    @property
    def own(self) -> Mapping[str, Ticket]:
        """Those of this line, by call."""
        return dict(self._tickets)

    def elsewhere(self, tickets: Mapping[str, Ticket]) -> bool:
        """Those of other lines, by call; returns whether that is news."""
        news = tickets != self._elsewhere
        self._elsewhere = dict(tickets)
        return news

    def join(self, call_id: str, rank: int, since: float, targets: Collection[str]) -> None:
        """Wait for these people, or for others than before. See `Ticket`."""
        self._tickets[call_id] = Ticket(rank, since, frozenset(targets))

    def leave(self, call_id: str) -> None:
        """Wait no more."""
        self._tickets.pop(call_id, None)

    def trying(self, call_id: str, trying: bool) -> None:
        """Somebody is being called for this caller, or in vain."""
        if call_id in self._tickets:
            self._tickets[call_id] = replace(self._tickets[call_id], trying=trying)

    def ahead(self, call_id: str) -> int | None:
        """How many wait for the same people and go before this caller; None for one who does
        not wait."""
        own = self._tickets.get(call_id)
        return None if own is None else len(self._before(call_id, own))

    def before_newcomer(self, call_id: str, rank: int, targets: Collection[str]) -> int:
        """How many would go before somebody who came now."""
        return len(self._before(call_id, _newcomer(rank, targets)))

    def claimed(self, call_id: str, rank: int, targets: Collection[str]) -> frozenset[str]:
        """Those of these people who are for others: for whoever goes before this caller, but
        for those for whom somebody is being called already.

        Args:
            rank: of a caller who does not wait yet.
        """
        own = self._tickets.get(call_id) or _newcomer(rank, targets)
        before = (ticket for ticket in self._before(call_id, own) if not ticket.trying)
        return frozenset(t for ticket in before for t in ticket.targets if t in targets)

    def _before(self, call_id: str, own: Ticket) -> list[Ticket]:
        return [
            ticket
            for other, ticket in (*self._tickets.items(), *self._elsewhere.items())
            if other != call_id
            and ticket.targets & own.targets
            and (ticket.rank, ticket.since) < (own.rank, own.since)
        ]


def _newcomer(rank: int, targets: Collection[str]) -> Ticket:
    return Ticket(rank, float("inf"), frozenset(targets))
