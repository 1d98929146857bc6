"""The calls that people had before the web server was started, as the record knows them."""

from __future__ import annotations

from collections.abc import Collection

from voiceagent.desk.offers import KEPT
from voiceagent.events import HandoverBridged, HandoverCompleted, HandoverContextReady
from voiceagent.records.store import Store
from voiceagent.supervision.states import Offer
from voiceagent.supervision.topics import person as level_of

_LOOKED_AT = 1000
"""How many of the last handovers are looked at."""


def remembered(store: Store, people: Collection[str]) -> dict[str, list[Offer]]:
    """The last calls that each person was connected to, the newest first; at most `KEPT`.

    Args:
        people: as `voiceagent.supervision.topics.person` names them.
    """
    found: dict[str, list[Offer]] = {person: [] for person in people}
    seen = set()
    for record in store.connected(_LOOKED_AT):
        event = record.event
        assert isinstance(event, HandoverBridged | HandoverCompleted)
        offers = found.get(level_of(event.target))
        if offers is None or event.handover_id in seen or len(offers) == KEPT:
            continue
        seen.add(event.handover_id)
        if offer := _offer(store, record.call_id, event.handover_id, event.target):
            offers.append(offer)
    return found


def _offer(store: Store, call_id: str, handover_id: str, target: str) -> Offer | None:
    contexts = [
        record.event.context
        for record in store.events(call_id)
        if isinstance(record.event, HandoverContextReady)
        and record.event.handover_id == handover_id
    ]
    if not contexts:
        return None
    context = contexts[-1].told_to(target)
    return Offer(handover_id=handover_id, target=target, state="connected", context=context)
