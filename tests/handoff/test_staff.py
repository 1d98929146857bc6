"""What a line learns of people from the calls they have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from voiceagent import events as e
from voiceagent.config.people import Person, Routing
from voiceagent.handoff.roster import Roster
from voiceagent.handoff.staff import Staff

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
TALK_S = 90.0


class Scene:
    """Staff with a clock of its own."""

    def __init__(self, **person: Any) -> None:
        self.clock = 1000.0
        people = (Person.model_validate({"name": "anna", "target": "6001", **person}),)
        roster = Roster(people, (), {}, {"general": ("6001",)})
        self.staff = Staff(roster, Routing(), lambda: self.clock, lambda: NOON)
        self.talked: list[e.PersonTalked] = []
        self.staff.on_talked = self.talked.append

    def calls(self) -> None:
        self.staff.take(e.ConsultationCalling(handover_id="h1", target="6001", attempt=1))

    def transfers(self) -> None:
        self.calls()
        self.staff.take(e.HandoverCompleted(handover_id="h1", target="6001"))
        self.staff.over("h1")

    def knows(self, *talks: float) -> None:
        for took_s in talks:
            self.staff.talks.add("6001", took_s)


def test_a_bridged_talk_is_measured_from_joining_to_its_end() -> None:
    scene = Scene()
    scene.calls()
    scene.clock += 7.0
    scene.staff.take(e.HandoverBridged(handover_id="h1", target="6001"))
    scene.clock += TALK_S
    scene.staff.over("h1")
    assert scene.talked == [e.PersonTalked(target="6001", took_s=TALK_S)]
    assert scene.staff.talks.of(["6001"]) == [TALK_S]


def test_a_transferred_talk_is_measured_where_the_phone_tells_of_its_end() -> None:
    scene = Scene(presence="dialog")
    scene.staff.seen("6001", "busy", "")
    scene.transfers()
    scene.clock += TALK_S
    scene.staff.seen("6001", "available", "")
    assert [talk.took_s for talk in scene.talked] == [TALK_S]
    scene.staff.seen("6001", "busy", "")  # a call of their own is none of ours
    scene.clock += TALK_S
    scene.staff.seen("6001", "available", "")
    assert len(scene.talked) == 1


def test_a_phone_that_is_gone_tells_nothing_of_a_talk() -> None:
    scene = Scene(presence="dialog")
    scene.staff.seen("6001", "busy", "")
    scene.transfers()
    scene.staff.seen("6001", "unreachable", "")
    scene.staff.seen("6001", "available", "")
    assert scene.talked == []


def test_a_handover_that_reached_nobody_is_no_talk() -> None:
    scene = Scene()
    scene.calls()
    failed = e.ConsultationFailed(handover_id="h1", target="6001", code=486, reason="Busy")
    scene.staff.take(failed)
    scene.staff.over("h1")
    assert scene.talked == []


def test_how_long_it_will_take_is_known_once_there_were_some_talks() -> None:
    scene = Scene()
    scene.knows(*[TALK_S] * 4)
    assert scene.staff.minutes("general", 0) is None
    scene.knows(TALK_S)
    assert scene.staff.minutes("general", 0) == 2
    assert scene.staff.minutes("general", 1) == 3


@pytest.mark.parametrize(
    ("person", "meanwhile"),
    [
        ({}, lambda staff: staff.set_away("6001", True, "")),
        ({"hours": ["Mon-Fri 14:00-15:00"]}, lambda staff: None),
        ({"presence": "dialog"}, lambda staff: None),
        ({"presence": "dialog"}, lambda staff: staff.seen("6001", "unreachable", "")),
        (
            {},
            lambda staff: staff.take(
                e.ConsultationFailed(handover_id="h", target="6001", code=408, reason="")
            ),
        ),
    ],
)
def test_nothing_is_promised_of_people_who_may_not_come_back(
    person: dict[str, Any], meanwhile: Callable[[Staff], object]
) -> None:
    scene = Scene(**person)
    scene.knows(*[TALK_S] * 5)
    meanwhile(scene.staff)
    assert scene.staff.minutes("general", 0) is None


def test_whoever_was_busy_a_moment_ago_is_counted_on() -> None:
    scene = Scene()
    scene.knows(*[TALK_S] * 5)
    busy = e.ConsultationFailed(handover_id="h1", target="6001", code=486, reason="Busy Here")
    scene.staff.take(busy)
    assert scene.staff.minutes("general", 0) == 2
