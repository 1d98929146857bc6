"""What a security review should look at: a state machine over the events of all calls.

It flags, and never blocks: a caller may have good reasons. The clock is the events' own. Numbers
are counted across calls; a caller who shows none is counted within the call alone.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from voiceagent.config import Review
from voiceagent.events import (
    Anomaly,
    CallArrived,
    CallEnded,
    CallerFlagged,
    CallRefused,
    LookupDone,
    Record,
    TurnUnderstood,
)


class Anomalies:
    """Looks for numbers that call too often, fail checks, or try one value after the other."""

    def __init__(self, limits: Review) -> None:
        self._limits = limits
        self._window = timedelta(minutes=limits.window_min)
        self._who: dict[str, str] = {}
        """Number, or call id where none is shown, by live call."""
        self._seen: dict[tuple[Anomaly, str], deque[tuple[datetime, str]]] = {}
        """When something was counted and what, by what it may be and who did it."""
        self._flagged: dict[tuple[Anomaly, str], datetime] = {}

    def take(self, record: Record) -> list[CallerFlagged]:
        """Take in a record and return what it gives rise to."""
        event, at = record.event, record.at
        match event:
            case CallArrived(facts=facts):
                self._forget(at)
                number = facts.shown_number
                self._who[record.call_id] = number or record.call_id
                if number:
                    return self._count(
                        at, "many-calls", number, record.call_id, self._limits.many_calls
                    )
            case LookupDone(found=False, error="", identity_check=True, name=name):
                who = self._who.get(record.call_id, record.call_id)
                return self._count(
                    at, "failed-checks", who, f"{name} {record.id}", self._limits.failed_checks
                )
            case TurnUnderstood(slots=slots):
                return self._tried(record, slots)
            case CallEnded() | CallRefused():
                self._who.pop(record.call_id, None)
            case _:
                pass
        return []

    def _tried(self, record: Record, slots: dict[str, object]) -> list[CallerFlagged]:
        who = self._who.get(record.call_id, record.call_id)
        found = []
        for slot, value in slots.items():
            # True and false are answers, not tries.
            if value is not None and not isinstance(value, bool):
                key = f"{who} {slot}"
                found += self._count(
                    record.at, "probing", key, str(value), self._limits.tried_values, who
                )
        return found

    def _count(
        self, at: datetime, kind: Anomaly, key: str, what: str, limit: int, who: str = ""
    ) -> list[CallerFlagged]:
        """Count something once, and flag when there are enough different ones in the window."""
        seen = self._seen.setdefault((kind, key), deque())
        while seen and at - seen[0][0] > self._window:
            seen.popleft()
        if all(what != before for _, before in seen):
            seen.append((at, what))
        last = self._flagged.get((kind, key))
        if len(seen) < limit or (last is not None and at - last <= self._window):
            return []
        self._flagged[kind, key] = at
        return [
            CallerFlagged(
                anomaly=kind,
                caller=who or key,
                count=len(seen),
                window_s=self._window.total_seconds(),
            )
        ]

    def _forget(self, now: datetime) -> None:
        """Drop what is too old to count, so that the memory does not grow with the callers."""
        old = [key for key, seen in self._seen.items() if now - seen[-1][0] > self._window]
        for key in old:
            del self._seen[key]
        for key in [key for key, at in self._flagged.items() if now - at > self._window]:
            del self._flagged[key]
