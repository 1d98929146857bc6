"""How long talks with people took, as far as the record tells."""

from __future__ import annotations

from datetime import datetime, timedelta

from voiceagent.events import PersonTalked
from voiceagent.records.store import Store

_SINCE = timedelta(days=14)


def latest_talks(store: Store, now: datetime) -> list[PersonTalked]:
    """Those of the last two weeks, the oldest first.

    Raises:
        sqlite3.Error: the store cannot be read.
    """
    records = store.talks(now - _SINCE)
    return [record.event for record in records if isinstance(record.event, PersonTalked)]
