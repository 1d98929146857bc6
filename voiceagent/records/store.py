"""The store: every event of every call, in one SQLite file, in the order it was written.

Events are only ever added. Beside them stand an outbox, the events that the bus has not
acknowledged yet, and those that the webhook has not settled. The file is in WAL mode, so others
may read while a line writes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from voiceagent.events import RECORD, Record
from voiceagent.records.tables import StoreError as StoreError, opened

_log = structlog.get_logger()


class CallSummary(BaseModel):
    """One call in the list of calls."""

    model_config = ConfigDict(frozen=True)

    call_id: str
    line: str
    started_at: datetime
    ended_at: datetime | None
    """None while the call lives, or when its end was never written."""
    events: int


class Store:
    """The events in one file. Safe to use from any thread; every method may block on the disk.

    Args:
        wanted: which records the webhook is to send.

    Raises:
        StoreError: the file cannot be opened, is not ours, or was written by a newer version.
    """

    def __init__(self, path: Path, wanted: Callable[[Record], bool] = lambda record: False) -> None:
        self.path = path
        self._wanted = wanted
        self._lock = threading.Lock()
        self._db = opened(path)

    # -- writing ------------------------------------------------------------------------------

    def append(self, record: Record) -> int:
        """Add one record and return its sequence number. A known id is not added again.

        Raises:
            sqlite3.Error: it could not be written, such as on a full disk.
        """
        return self.extend([record])[0]

    def extend(self, records: Iterable[Record]) -> list[int]:
        """Add records in one transaction, all or none, and return their sequence numbers."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                numbers = [self._add(record) for record in records]
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return numbers

    def _add(self, record: Record) -> int:
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO events (id, line, call_id, type, at, record)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                record.id,
                record.line,
                record.call_id,
                record.event.type,
                record.at.isoformat(),
                record.model_dump_json(),
            ),
        )
        if cursor.rowcount:
            assert cursor.lastrowid is not None
            self._db.execute("INSERT INTO outbox (seq) VALUES (?)", (cursor.lastrowid,))
            if self._wanted(record):
                self._db.execute("INSERT INTO owed (seq) VALUES (?)", (cursor.lastrowid,))
            return cursor.lastrowid
        (seq,) = self._db.execute("SELECT seq FROM events WHERE id = ?", (record.id,)).fetchone()
        return int(seq)

    # -- the outbox ---------------------------------------------------------------------------

    def pending(self, limit: int, line: str | None = None) -> list[tuple[int, Record]]:
        """The first `limit` records that are not published yet, in order; of one line or of all."""
        rows = self._read(
            "SELECT seq, record FROM outbox JOIN events USING (seq)"
            " WHERE ?1 IS NULL OR line = ?1 ORDER BY seq LIMIT ?2",
            (line, limit),
        )
        return self._readable(rows, self.published)

    def published_of_pending_calls(self, line: str) -> list[Record]:
        """What was published of the calls that are still in the outbox: how they stood before."""
        return self._records(
            "SELECT record FROM events LEFT JOIN outbox USING (seq)"
            " WHERE outbox.seq IS NULL AND call_id != '' AND call_id IN"
            " (SELECT call_id FROM outbox JOIN events USING (seq) WHERE line = ?) ORDER BY seq",
            (line,),
        )

    def published(self, *numbers: int) -> None:
        """The bus has acknowledged the records with these sequence numbers."""
        with self._lock:
            self._db.executemany("DELETE FROM outbox WHERE seq = ?", [(n,) for n in numbers])

    def is_published(self, record_id: str) -> bool:
        """Whether a record is in the store and was acknowledged by the bus."""
        rows = self._read(
            "SELECT 1 FROM events LEFT JOIN outbox USING (seq) WHERE id = ? AND outbox.seq IS NULL",
            (record_id,),
        )
        return bool(rows)

    # -- what the webhook is to send ------------------------------------------------------------

    def owed(self, line: str) -> list[str]:
        """Ids of the records of a line that the webhook has not settled, in order."""
        rows = self._read(
            "SELECT id FROM owed JOIN events USING (seq) WHERE line = ? ORDER BY seq", (line,)
        )
        return [record_id for (record_id,) in rows]

    def owed_records(self, ids: Iterable[str]) -> list[Record]:
        """Those of them with these ids."""
        rows = [
            row
            for record_id in ids
            for row in self._read("SELECT seq, record FROM events WHERE id = ?", (record_id,))
        ]
        return [record for _, record in self._readable(rows, self._settled)]

    def settle(self, record_id: str) -> None:
        """The webhook has sent a record, or has given it up."""
        with self._lock:
            self._db.execute(
                "DELETE FROM owed WHERE seq = (SELECT seq FROM events WHERE id = ?)", (record_id,)
            )

    def _settled(self, seq: int) -> None:
        with self._lock:
            self._db.execute("DELETE FROM owed WHERE seq = ?", (seq,))

    def _readable(
        self, rows: Iterable[tuple[Any, ...]], drop: Callable[[int], None]
    ) -> list[tuple[int, Record]]:
        """The records; those that cannot be read any more are dropped from where they wait."""
        found = []
        for seq, text in rows:
            try:
                found.append((int(seq), RECORD.validate_json(text)))
            except ValidationError as error:
                # Kept in the events, but it must not hold up all that come after it.
                _log.error("store.unreadable", seq=seq, problems=error.error_count())
                drop(int(seq))
        return found

    # -- reading ------------------------------------------------------------------------------

    def calls(self, limit: int = 100) -> list[CallSummary]:
        """The newest calls first."""
        rows = self._read(
            "SELECT first.call_id, first.line, first.at,"
            " (SELECT max(at) FROM events e WHERE e.call_id = first.call_id"
            "  AND e.type IN ('call.ended', 'call.refused')),"
            " (SELECT count(*) FROM events e WHERE e.call_id = first.call_id)"
            " FROM events first WHERE type = 'call.arrived' ORDER BY seq DESC LIMIT ?",
            (limit,),
        )
        return [
            CallSummary(call_id=call_id, line=line, started_at=at, ended_at=ended, events=events)
            for call_id, line, at, ended, events in rows
        ]

    def events(self, call_id: str) -> list[Record]:
        """All records of one call, in order; empty for an unknown call."""
        return self._records(
            "SELECT record FROM events WHERE call_id = ? AND call_id != '' ORDER BY seq", (call_id,)
        )

    CALLS_OF = (
        "SELECT call_id, at FROM events WHERE type = 'call.arrived'"
        " AND json_extract(record, '$.event.facts.caller_number') = ?1 AND at >= ?2"
        " AND (?3 = '' OR json_extract(record, '$.event.facts.sip_call_id') != ?3)"
        " ORDER BY seq DESC LIMIT ?4"
    )

    def calls_of(
        self, number: str, since: datetime, but: str = "", limit: int = 100
    ) -> list[tuple[str, datetime]]:
        """Id and beginning of a number's calls, the newest first.

        Args:
            since: with its zone; earlier calls are left out.
            but: a SIP Call-ID whose call is left out.
        """
        values = (number, since.astimezone(UTC).isoformat(), but, limit)
        rows = self._read(self.CALLS_OF, values)
        return [(call_id, datetime.fromisoformat(at)) for call_id, at in rows]

    CALLS_OF_CUSTOMER = (
        "SELECT call_id, at, seq FROM events WHERE type = 'call.arrived'"
        " AND json_extract(record, '$.event.facts.customer_id') = ?1 AND at >= ?2"
        " UNION ALL SELECT call_id, at, seq FROM events WHERE type = 'customer.known'"
        " AND json_extract(record, '$.event.customer_id') = ?1 AND at >= ?2"
        " ORDER BY seq DESC LIMIT ?3"
    )

    def calls_of_customer(
        self, customer_id: str, since: datetime, limit: int = 100
    ) -> list[tuple[str, datetime]]:
        """Id and time of the conversations of whom the company knows by this, the newest first.

        Args:
            since: with its zone; earlier ones are left out.
        """
        rows = self._read(
            self.CALLS_OF_CUSTOMER, (customer_id, since.astimezone(UTC).isoformat(), limit)
        )
        return [(call_id, datetime.fromisoformat(at)) for call_id, at, _ in rows]

    def case_opened(self, token_sha256: str, code: str = "") -> Record | None:
        """The newest case with this token, or with this code where one is given."""
        rows = self._read(
            "SELECT record FROM events WHERE type = 'case.opened'"
            " AND (json_extract(record, '$.event.token_sha256') = ?1"
            "  OR (?2 != '' AND json_extract(record, '$.event.code') = ?2))"
            " ORDER BY seq DESC LIMIT 1",
            (token_sha256, code),
        )
        return RECORD.validate_json(rows[0][0]) if rows else None

    def continuations(self, case_id: str) -> list[str]:
        """Ids of the conversations that went on with a case, in order."""
        return self._ids(
            "SELECT call_id FROM events WHERE type = 'case.continued'"
            " AND json_extract(record, '$.event.case_id') = ? GROUP BY call_id ORDER BY min(seq)",
            (case_id,),
        )

    def callbacks(self) -> list[Record]:
        """All records of what callers have left, and of its closing, in order."""
        return self._records("SELECT record FROM events WHERE type LIKE 'callback.%' ORDER BY seq")

    CONNECTED = (
        "SELECT record FROM events WHERE type IN ('handover.bridged', 'handover.completed')"
        " ORDER BY seq DESC LIMIT ?"
    )

    def connected(self, limit: int) -> list[Record]:
        """The records of callers' being connected to people, the newest first."""
        return self._records(self.CONNECTED, (limit,))

    def talks(self, since: datetime) -> list[Record]:
        """The records of how long people talked to callers, in order.

        Args:
            since: with its zone; earlier ones are left out.
        """
        return self._records(
            "SELECT record FROM events WHERE type = 'person.talked' AND at >= ? ORDER BY seq",
            (since.astimezone(UTC).isoformat(),),
        )

    def marked(self) -> list[str]:
        """Ids of the calls that people have marked, in the order of their first mark."""
        return self._ids(
            "SELECT call_id FROM events WHERE type = 'handover.marked'"
            " GROUP BY call_id ORDER BY min(seq)"
        )

    def unfinished(self, line: str) -> list[str]:
        """Ids of the line's calls whose end was never written: those of a line that crashed."""
        return self._ids(
            "SELECT call_id FROM events first WHERE type = 'call.arrived' AND line = ?"
            " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.call_id = first.call_id"
            "  AND e.type IN ('call.ended', 'call.refused')) ORDER BY seq",
            (line,),
        )

    def _records(self, sql: str, values: tuple[object, ...] = ()) -> list[Record]:
        return [RECORD.validate_json(text) for (text,) in self._read(sql, values)]

    def _ids(self, sql: str, values: tuple[object, ...] = ()) -> list[str]:
        return [call_id for (call_id,) in self._read(sql, values)]

    def _read(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
