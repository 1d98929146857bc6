"""How long talks took, from the record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from voiceagent.events import LineStopped, PersonTalked, Record
from voiceagent.records.store import Store
from voiceagent.records.talks import latest_talks


def test_the_talks_of_the_last_weeks_are_found_in_order(tmp_path: Path) -> None:
    talks = [PersonTalked(target="6001", took_s=float(n)) for n in range(3)]
    records = [Record(line="line-1", event=talk) for talk in talks]
    now = records[0].at
    old = records[0].model_copy(update={"id": "old", "at": now - timedelta(days=15)})
    other = Record(line="line-1", event=LineStopped(line="line-1"))
    with Store(tmp_path / "calls.db") as store:
        store.extend([old, *records, other])
        assert latest_talks(store, now) == talks
