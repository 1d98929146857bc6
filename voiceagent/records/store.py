"""The store: every event of every call, in one SQLite file, in the order it was written.

Events are only ever added. Beside them stand an outbox, the events that the bus has not
acknowledged yet, and those that the webhook has not settled. The file is in WAL mode, so others
may read while a line writes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from voiceagent.events import RECORD, Record

APPLICATION_ID = 0x566F4167
"""Marks the file as ours (``PRAGMA application_id``); ASCII for "VoAg"."""
STORE_VERSION = 1
"""Version of the tables (``PRAGMA user_version``)."""

_TABLES = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    line TEXT NOT NULL,
    call_id TEXT NOT NULL,
    type TEXT NOT NULL,
    at TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_call ON events (call_id, seq) WHERE call_id != '';
CREATE INDEX first_events ON events (seq) WHERE type = 'call.arrived';
CREATE TABLE outbox (seq INTEGER PRIMARY KEY REFERENCES events (seq)) STRICT;
CREATE TRIGGER events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are only added, never changed'); END;
"""

_ADDITIONS = """
CREATE TABLE IF NOT EXISTS owed (seq INTEGER PRIMARY KEY REFERENCES events (seq)) STRICT;
CREATE INDEX IF NOT EXISTS callers
    ON events (json_extract(record, '$.event.facts.caller_number'), seq)
    WHERE type = 'call.arrived';
CREATE INDEX IF NOT EXISTS talks ON events (at) WHERE type = 'person.talked';
CREATE INDEX IF NOT EXISTS customers
    ON events (json_extract(record, '$.event.facts.customer_id'), seq)
    WHERE type = 'call.arrived';
CREATE INDEX IF NOT EXISTS known_customers
    ON events (json_extract(record, '$.event.customer_id'), seq) WHERE type = 'customer.known';
CREATE INDEX IF NOT EXISTS cases ON events (seq) WHERE type = 'case.opened';
CREATE INDEX IF NOT EXISTS continuations
    ON events (json_extract(record, '$.event.case_id'), seq) WHERE type = 'case.continued';
CREATE INDEX IF NOT EXISTS callbacks ON events (seq) WHERE type LIKE 'callback.%';
CREATE INDEX IF NOT EXISTS connected
    ON events (seq) WHERE type IN ('handover.bridged', 'handover.completed');
"""
"""Made also for stores that are older than they are."""

_log = structlog.get_logger()


class StoreError(Exception):
    """The store cannot be opened or written; the text says which file and what to do."""


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

    Raises:
        StoreError: the file cannot be opened, is not ours, or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: cannot be opened: {error}") from error
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise StoreError(f"{path}: is not a store of events: {error}") from error
        except StoreError:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA busy_timeout = 2000")
        self._db.execute("PRAGMA foreign_keys = ON")
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._create_or_check()
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")

    def _create_or_check(self) -> None:
        (owner,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables == 0:
            for statement in _statements(_TABLES):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {STORE_VERSION}")
        elif owner != APPLICATION_ID:
            raise StoreError(
                f"{self.path}: is a database of another program: give records.path another name"
            )
        elif version != STORE_VERSION:
            raise StoreError(
                f"{self.path}: has tables of version {version}, this program knows "
                f"{STORE_VERSION}: update voiceagent, or give records.path another name"
            )
        for statement in _statements(_ADDITIONS):
            self._db.execute(statement)

    # -- writing ------------------------------------------------------------------------------

    def append(self, record: Record, *, owed: bool = False) -> int:
        """Add one record and return its sequence number. A known id is not added again.

        Args:
            owed: the webhook is to send it.

        Raises:
            sqlite3.Error: it could not be written, such as on a full disk.
        """
        return self.extend([record], (record.id,) if owed else ())[0]

    def extend(self, records: Iterable[Record], owed: Collection[str] = ()) -> list[int]:
        """Add records in one transaction, all or none, and return their sequence numbers.

        Args:
            owed: ids of those that the webhook is to send.
        """
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                numbers = [self._add(record, record.id in owed) for record in records]
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        return numbers

    def _add(self, record: Record, owed: bool) -> int:
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
            if owed:
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
        found = []
        for seq, text in rows:
            try:
                found.append((int(seq), RECORD.validate_json(text)))
            except ValidationError as error:
                # Kept in the events, but it must not hold up all that come after it.
                _log.error("store.unreadable", seq=seq, problems=error.error_count())
                self.published(seq)
        return found

    def published_of_pending_calls(self, line: str) -> list[Record]:
        """What was published of the calls that are still in the outbox: how they stood before."""
        rows = self._read(
            "SELECT record FROM events LEFT JOIN outbox USING (seq)"
            " WHERE outbox.seq IS NULL AND call_id != '' AND call_id IN"
            " (SELECT call_id FROM outbox JOIN events USING (seq) WHERE line = ?) ORDER BY seq",
            (line,),
        )
        return [RECORD.validate_json(text) for (text,) in rows]

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

    def owed(self, line: str) -> list[Record]:
        """The records of a line that the webhook has not settled, in order."""
        rows = self._read(
            "SELECT record FROM owed JOIN events USING (seq) WHERE line = ? ORDER BY seq", (line,)
        )
        return [RECORD.validate_json(text) for (text,) in rows]

    def settle(self, record_id: str) -> None:
        """The webhook has sent a record, or has given it up."""
        with self._lock:
            self._db.execute(
                "DELETE FROM owed WHERE seq = (SELECT seq FROM events WHERE id = ?)", (record_id,)
            )

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
        rows = self._read(
            "SELECT record FROM events WHERE call_id = ? AND call_id != '' ORDER BY seq", (call_id,)
        )
        return [RECORD.validate_json(text) for (text,) in rows]

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
        rows = self._read(
            "SELECT call_id FROM events WHERE type = 'case.continued'"
            " AND json_extract(record, '$.event.case_id') = ? GROUP BY call_id ORDER BY min(seq)",
            (case_id,),
        )
        return [call_id for (call_id,) in rows]

    def callbacks(self) -> list[Record]:
        """All records of what callers have left, and of its closing, in order."""
        rows = self._read("SELECT record FROM events WHERE type LIKE 'callback.%' ORDER BY seq", ())
        return [RECORD.validate_json(text) for (text,) in rows]

    CONNECTED = (
        "SELECT record FROM events WHERE type IN ('handover.bridged', 'handover.completed')"
        " ORDER BY seq DESC LIMIT ?"
    )

    def connected(self, limit: int) -> list[Record]:
        """The records of callers' being connected to people, the newest first."""
        rows = self._read(self.CONNECTED, (limit,))
        return [RECORD.validate_json(text) for (text,) in rows]

    def talks(self, since: datetime) -> list[Record]:
        """The records of how long people talked to callers, in order.

        Args:
            since: with its zone; earlier ones are left out.
        """
        rows = self._read(
            "SELECT record FROM events WHERE type = 'person.talked' AND at >= ? ORDER BY seq",
            (since.astimezone(UTC).isoformat(),),
        )
        return [RECORD.validate_json(text) for (text,) in rows]

    def marked(self) -> list[str]:
        """Ids of the calls that people have marked, in the order of their first mark."""
        rows = self._read(
            "SELECT call_id FROM events WHERE type = 'handover.marked'"
            " GROUP BY call_id ORDER BY min(seq)",
            (),
        )
        return [call_id for (call_id,) in rows]

    def unfinished(self, line: str) -> list[str]:
        """Ids of the line's calls whose end was never written: those of a line that crashed."""
        rows = self._read(
            "SELECT call_id FROM events first WHERE type = 'call.arrived' AND line = ?"
            " AND NOT EXISTS (SELECT 1 FROM events e WHERE e.call_id = first.call_id"
            "  AND e.type IN ('call.ended', 'call.refused')) ORDER BY seq",
            (line,),
        )
        return [call_id for (call_id,) in rows]

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


def _statements(script: str) -> list[str]:
    # executescript() would commit the transaction it runs in.
    found, statement = [], ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            found.append(statement)
            statement = ""
    return found
