"""Who can be called for a topic: people of the settings, and targets that are only a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from voiceagent.config.people import Group, Person, Presence
from voiceagent.hours import Timetable

GENERAL = "general"
"""The topic of those who take everything else."""
_ALWAYS = Timetable()


@dataclass(frozen=True)
class Member:
    """Somebody who can be called, with what their groups add."""

    name: str
    target: str
    groups: tuple[str, ...] = ()
    topics: frozenset[str] = frozenset()
    """None: whatever nobody else takes."""
    languages: tuple[str, ...] = ()
    """The first is the one they are talked to in. None: any."""
    timetable: Timetable = _ALWAYS
    calls: int | None = None
    """Calls at once; None where nobody says."""
    priority: int = 1
    trained: bool = False
    presence: Presence = "none"
    """How it is seen whether they are there."""


class Pool(NamedTuple):
    """Who comes into question for a topic."""

    members: tuple[Member, ...]
    ordered: bool
    """Whether somebody has written down in which order they are to be called."""


class Roster:
    """All who can be called.

    For a topic those are called whom the settings name for it, else the people who take it,
    else whom the dialplan names for it; and where nobody is there for it in particular, whoever
    is there for `general`, found in the same way.

    Args:
        own: ``handover.targets``.
        plan: the dialplan's targets, with ``general`` among them.
    """

    def __init__(
        self,
        people: Sequence[Person],
        groups: Sequence[Group],
        own: Mapping[str, tuple[str, ...]],
        plan: Mapping[str, tuple[str, ...]],
    ) -> None:
        of = {group.name: group for group in groups}
        members = [member(person, [of[name] for name in person.groups]) for person in people]
        self.members = tuple(members)
        self._by_name = {member.name: member for member in members}
        self._by_target = {member.target: member for member in members}
        self._groups = {
            name: tuple(member for member in members if name in member.groups) for name in of
        }
        self._own = {topic: targets for topic, targets in own.items() if targets}
        self._plan = plan

    def pool(self, topic: str) -> Pool:
        """Who comes into question for a topic, `general` for one that is unheard of."""
        if topic in self._own:
            return self._named(self._own[topic])
        special = tuple(member for member in self.members if topic in member.topics)
        if special:
            return Pool(special, ordered=False)
        if topic != GENERAL and topic in self._plan:
            return self._named(self._plan[topic])
        if GENERAL in self._own:
            return self._named(self._own[GENERAL])
        takers = tuple(
            member for member in self.members if not member.topics or GENERAL in member.topics
        )
        if takers:
            return Pool(takers, ordered=False)
        return self._named(self._plan[GENERAL])

    def everybody(self) -> tuple[Member, ...]:
        """All people, and whoever else some topic's targets name."""
        named = (self._named(targets) for targets in (*self._own.values(), *self._plan.values()))
        found = (*self.members, *(member for pool in named for member in pool.members))
        return tuple({member.target: member for member in found}.values())

    def find(self, target: str) -> Member:
        """Whoever has this target or this name, also somebody of whom nothing else is known."""
        known = self._by_name.get(target) or self._by_target.get(target)
        return known or Member(name=target, target=target)

    def group(self, topic: str) -> str:
        """Name for those who take a topic, where what is left for them is put down."""
        for name in self._own.get(topic, ()):
            if name in self._groups:
                return name
        members = self.pool(topic).members
        shared = [name for name in self._groups if all(name in m.groups for m in members)]
        return shared[0] if shared else topic

    def _named(self, targets: Iterable[str]) -> Pool:
        found: dict[str, Member] = {}
        for name in targets:
            members = self._groups[name] if name in self._groups else (self.find(name),)
            for member in members:
                found.setdefault(member.target, member)
        return Pool(tuple(found.values()), ordered=True)


def member(person: Person, groups: Sequence[Group]) -> Member:
    """A person with what their groups add: topics, languages and holidays of all of them, and
    whatever else the person leaves out from the first group that has it."""
    parts = (person, *groups)
    zone = next((part.time_zone for part in parts if part.time_zone), "UTC")
    hours = next((part.hours for part in parts if part.hours), ())
    return Member(
        name=person.name,
        target=person.target,
        groups=person.groups,
        topics=frozenset(topic for part in parts for topic in part.topics),
        languages=tuple(dict.fromkeys(spoken for part in parts for spoken in part.languages)),
        timetable=Timetable(
            hours, tuple(day for part in parts for day in part.holidays), ZoneInfo(zone)
        ),
        calls=person.calls,
        priority=person.priority,
        trained=next((part.trained for part in parts if part.trained is not None), False),
        presence=next((part.presence for part in parts if part.presence), "none"),
    )
