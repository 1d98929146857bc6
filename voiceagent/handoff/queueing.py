"""Who waits for whom: callers in the order in which they are brought to people. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from voiceagent.events import Standing

_RANKS: tuple[Standing, ...] = ("vulnerable", "vip", "repeated", "ordinary")
EMERGENCY = -1
"""Rank of a call that waits for nobody."""


def rank(standing: Standing, *, emergency: bool = False) -> int:
    """The place of a kind of callers: lower goes first."""
    return EMERGENCY if emergency else _RANKS.index(standing)


@dataclass(frozen=True)
class _Ticket:
    rank: int
    since: float
    targets: frozenset[str]
    """Whom the caller may be brought to."""
    trying: bool = False


class Queue:
    """The callers of one line who wait for a person."""

    def __init__(self) -> None:
        self._tickets: dict[str, _Ticket] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._tickets)

    def join(self, call_id: str, rank: int, since: float, targets: Collection[str]) -> None:
        """Wait for these people, or for others than before.

        Args:
            since: when the caller first asked for a person, in seconds.
        """
        self._tickets[call_id] = _Ticket(rank, since, frozenset(targets))

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

    def _before(self, call_id: str, own: _Ticket) -> list[_Ticket]:
        return [
            ticket
            for other, ticket in self._tickets.items()
            if other != call_id
            and ticket.targets & own.targets
            and (ticket.rank, ticket.since) < (own.rank, own.since)
        ]


def _newcomer(rank: int, targets: Collection[str]) -> _Ticket:
    return _Ticket(rank, float("inf"), frozenset(targets))
