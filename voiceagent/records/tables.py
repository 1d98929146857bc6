"""The tables of the store, and the file that they are in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


class StoreError(Exception):
    """The store cannot be opened or written; the text says which file and what to do."""


def opened(path: Path) -> sqlite3.Connection:
    """The file, made where there is none.

    Raises:
        StoreError: it cannot be opened, is not ours, or was written by a newer version.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path}: cannot be opened: {error}") from error
    try:
        _prepare(db, path)
    except sqlite3.DatabaseError as error:
        db.close()
        raise StoreError(f"{path}: is not a store of events: {error}") from error
    except StoreError:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA busy_timeout = 2000")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("BEGIN IMMEDIATE")
    try:
        _create_or_check(db, path)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")


def _create_or_check(db: sqlite3.Connection, path: Path) -> None:
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0:
        for statement in _statements(_TABLES):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {STORE_VERSION}")
    elif owner != APPLICATION_ID:
        raise StoreError(
            f"{path}: is a database of another program: give records.path another name"
        )
    elif version != STORE_VERSION:
        raise StoreError(
            f"{path}: has tables of version {version}, this program knows "
            f"{STORE_VERSION}: update voiceagent, or give records.path another name"
        )
    for statement in _statements(_ADDITIONS):
        db.execute(statement)


def _statements(script: str) -> list[str]:
    # executescript() would commit the transaction it runs in.
    found, statement = [], ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            found.append(statement)
            statement = ""
    return found
