"""The store of events, on real files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from voiceagent.events import (
    CallArrived,
    CallEnded,
    CallFacts,
    DtmfReceived,
    LineStarted,
    Record,
)
from voiceagent.records.store import Store, StoreError
from voiceagent.records.tables import STORE_VERSION


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "calls.db") as store:
        yield store


def digit(digit: str, call_id: str = "c1", line: str = "l1") -> Record:
    return Record(line=line, call_id=call_id, t_s=1.0, event=DtmfReceived(digit=digit))


def arrival(call_id: str, line: str = "l1") -> Record:
    return Record(line=line, call_id=call_id, t_s=0.0, event=CallArrived(facts=CallFacts()))


def end(call_id: str) -> Record:
    event = CallEnded(by="caller", reason="hung up", duration_s=2.0)
    return Record(line="l1", call_id=call_id, t_s=2.0, event=event)


def test_what_is_appended_comes_back_equal_and_in_order(store: Store) -> None:
    records = [arrival("c1"), digit("1"), digit("2"), end("c1")]
    numbers = [store.append(record) for record in records]
    assert numbers == sorted(set(numbers))
    assert store.events("c1") == records


def test_a_record_written_twice_is_kept_once(store: Store) -> None:
    record = digit("1")
    assert store.append(record) == store.append(record)
    assert store.events("c1") == [record]
    assert len(store.pending(10)) == 1


def test_a_batch_is_written_whole_or_not_at_all(store: Store) -> None:
    broken = digit("\ud800")
    with pytest.raises(Exception, match="surrogate"):
        store.extend([digit("1"), broken])
    assert store.events("c1") == []
    store.append(digit("2"))
    assert len(store.events("c1")) == 1


def test_pending_is_what_was_not_published_oldest_first(store: Store) -> None:
    records = [digit(str(n)) for n in range(5)]
    numbers = store.extend(records)
    store.published(numbers[1])
    store.published(numbers[3])
    assert store.pending(2) == [(numbers[0], records[0]), (numbers[2], records[2])]
    assert [seq for seq, _ in store.pending(10)] == [numbers[0], numbers[2], numbers[4]]
    assert store.is_published(records[1].id)
    assert not store.is_published(records[0].id)
    assert not store.is_published("never written")


def test_each_line_has_its_own_pending_records(store: Store) -> None:
    one, two = digit("1", line="l1"), digit("2", call_id="c2", line="l2")
    store.extend([one, two])
    assert [record for _, record in store.pending(10, "l2")] == [two]


def test_the_outbox_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    with Store(path) as store:
        first, second = digit("1"), digit("2")
        store.published(store.append(first))
        store.append(second)
    with Store(path) as store:
        assert [record for _, record in store.pending(10)] == [second]
        assert store.events("c1") == [first, second]


def test_written_events_cannot_be_changed(store: Store) -> None:
    store.append(digit("1"))
    with sqlite3.connect(store.path) as other, pytest.raises(sqlite3.Error, match="never changed"):
        other.execute("UPDATE events SET record = ''")


def test_calls_are_listed_newest_first_with_their_end(store: Store) -> None:
    store.extend([arrival("c1"), arrival("c2"), digit("1", "c1"), end("c1"), arrival("c3")])
    store.append(Record(line="l1", event=LineStarted(line="l1", max_callers=3)))
    calls = store.calls(2)
    assert [call.call_id for call in calls] == ["c3", "c2"]
    (first,) = (call for call in store.calls() if call.call_id == "c1")
    assert first.events == 3
    assert first.ended_at is not None
    assert calls[0].ended_at is None


def test_calls_without_an_end_are_unfinished_for_their_own_line(store: Store) -> None:
    store.extend([arrival("c1"), arrival("c2"), end("c1"), arrival("c3", line="l2")])
    assert store.unfinished("l1") == ["c2"]


def test_the_published_part_of_pending_calls_is_found_again(store: Store) -> None:
    done, begun = [arrival("c1"), end("c1")], [arrival("c2"), digit("1", "c2")]
    store.published(*store.extend(done))
    numbers = store.extend(begun)
    store.published(numbers[0])
    assert store.published_of_pending_calls("l1") == begun[:1]


def test_a_record_that_cannot_be_read_does_not_hold_up_those_after_it(store: Store) -> None:
    store.append(digit("1"))
    with sqlite3.connect(store.path) as other:
        other.execute(
            "INSERT INTO events (id, line, call_id, type, at, record)"
            " VALUES ('x', 'l1', 'c1', 'from.tomorrow', '', '{}')"
        )
        other.execute("INSERT INTO outbox SELECT seq FROM events WHERE id = 'x'")
    last = digit("2")
    store.append(last)
    assert [record.id for _, record in store.pending(10)][-1] == last.id
    assert len(store.pending(10)) == 2


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("call the plumber " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt: is not a store"):
        Store(path)
    assert path.read_text().startswith("call the plumber")


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="another program"):
        Store(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    Store(path).close()
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {STORE_VERSION + 1}")
    with pytest.raises(StoreError, match="update voiceagent"):
        Store(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "calls.db")
