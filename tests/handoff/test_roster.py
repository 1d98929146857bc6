"""Who comes into question for a topic."""

from __future__ import annotations

from datetime import UTC, datetime

from voiceagent.config.people import Group, Person
from voiceagent.handoff.roster import Roster, member

PLAN = {"general": ("6000",), "legal": ("lawyers",)}
BILLING = Group(name="billing", topics=("billing",), languages=("en",), trained=True)
LAWYERS = Group(name="lawyers")


def person(name: str, target: str, **more: object) -> Person:
    return Person.model_validate({"name": name, "target": target, **more})


ANNA = person("anna", "6001", groups=("billing",))
BEN = person("ben", "6002", groups=("lawyers",), topics=("legal", "billing"))
CLEO = person("cleo", "6003")
EVERYBODY = (ANNA, BEN, CLEO)


def roster(people: tuple[Person, ...] = EVERYBODY, **own: tuple[str, ...]) -> Roster:
    return Roster(people, (BILLING, LAWYERS), own, PLAN)


def names(roster: Roster, topic: str) -> list[str]:
    return [member.name for member in roster.pool(topic).members]


def test_a_topic_is_for_those_who_take_it() -> None:
    assert names(roster(), "billing") == ["anna", "ben"]
    assert not roster().pool("billing").ordered


def test_what_nobody_takes_is_for_those_who_take_everything_else() -> None:
    assert names(roster(), "returns") == ["cleo"]
    assert names(roster(), "general") == ["cleo"]
    assert names(roster((ANNA, BEN)), "returns") == ["6000"]


def test_targets_name_people_groups_and_numbers_and_keep_their_order() -> None:
    pool = roster(billing=("7001", "lawyers", "anna", "6001")).pool("billing")
    assert [member.name for member in pool.members] == ["7001", "ben", "anna"]
    assert pool.ordered
    assert names(roster((ANNA,)), "legal") == []  # the group is empty
    assert names(roster((CLEO, person("dora", "6004", groups=("lawyers",)))), "legal") == ["dora"]


def test_a_number_that_is_somebodys_is_that_person() -> None:
    assert names(roster(general=("6001", "6009")), "general") == ["anna", "6009"]
    assert roster().find("6002").name == "ben"
    assert roster().find("6009").calls is None


def test_a_person_has_what_their_groups_have() -> None:
    night = Group(
        name="night",
        hours=["22:00-06:00"],  # type: ignore[arg-type]
        time_zone="Europe/Berlin",
        holidays=["12-25"],  # type: ignore[arg-type]
        topics=("doors",),
        trained=True,
        presence="options",
    )
    own = person("eve", "6005", groups=("night",), trained=False, topics=("keys",), calls=3)
    made = member(own, [night])
    assert made.topics == {"doors", "keys"}
    assert (made.trained, made.presence, made.calls) == (False, "options", 3)
    assert made.timetable.open_at(datetime(2026, 7, 1, 20, 0, tzinfo=UTC))
    assert not made.timetable.open_at(datetime(2026, 12, 25, 21, 0, tzinfo=UTC))


def test_what_is_left_for_a_topic_goes_to_the_group_that_takes_it() -> None:
    assert roster((ANNA,)).group("billing") == "billing"
    assert roster().group("legal") == "lawyers"
    assert roster(returns=("lawyers", "6009")).group("returns") == "lawyers"
    assert roster().group("returns") == "returns"
