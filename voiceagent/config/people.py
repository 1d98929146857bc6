"""Who can be called, as the settings name them: people, their groups, and how one is chosen."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from voiceagent.config.section import Section
from voiceagent.hours import Holiday, Span, parse_holiday, parse_span


def _is_plain(value: str) -> bool:
    for mark in "-_*#":
        value = value.replace(mark, "")
    return value.isalnum()


def _target(value: str) -> str:
    if not (value.startswith(("sip:", "sips:")) or _is_plain(value)):
        raise ValueError('a target is an extension, "6001", or a SIP URI, "sip:desk@pbx.example"')
    return value


def _name(value: str) -> str:
    if not _is_plain(value):
        raise ValueError("a name is made of letters, digits, - and _, such as anna")
    return value


def _time_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = zoneinfo.available_timezones()
        near = difflib.get_close_matches(value, known, n=1)
        mend = f"did you mean {near[0]}?" if near else "write such as Europe/Berlin"
        if not known:
            mend = "this machine knows no time zones: install tzdata"
        raise ValueError(f"there is no time zone {value!r}: {mend}") from error
    return value


def _span(value: object) -> Span:
    if isinstance(value, Span):
        return value
    if not isinstance(value, str):
        raise ValueError('has to be text in quotes, such as "Mon-Fri 09:00-17:00"')
    return parse_span(value)


def _holiday(value: object) -> Holiday:
    if isinstance(value, Holiday):
        return value
    if not isinstance(value, (date, str)):
        raise ValueError('has to be a day, such as 2026-12-25, or "12-25" for every year')
    return parse_holiday(value)


Target = Annotated[str, AfterValidator(_target)]
Name = Annotated[str, AfterValidator(_name)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Hours = Annotated[Span, BeforeValidator(_span)]
Day = Annotated[Holiday, BeforeValidator(_holiday)]
Presence = Literal["none", "options", "dialog"]
Choice = Literal["wait", "callback", "message", "go-on"]


class _Working(Section):
    """What a person and a group have alike."""

    name: Name
    """Name, which targets can use."""

    topics: tuple[str, ...] = ()
    """Topics of the dialplan that they take; none: whatever nobody else takes, and `general`."""
    languages: tuple[Language, ...] = ()
    """Languages they speak, such as "en" or "de"; none: any."""
    hours: tuple[Hours, ...] = ()
    """When they work, such as "Mon-Fri 09:00-17:00"; none: always."""
    holidays: tuple[Day, ...] = ()
    """Days off: 2026-12-25, or "12-25" for every year."""
    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = None
    """Where the hours are those of the clock, such as "Europe/Berlin"; left out: UTC."""
    trained: bool | None = None
    """Whether they are trained for angry and sensitive calls; left out: no."""
    presence: Presence | None = None
    """How it is seen whether they are there: "options" asks their phone by SIP OPTIONS, "dialog"
    has the PBX tell of their calls (SUBSCRIBE); whoever is not known to be free is not called.
    "none" or left out: they are tried."""


class Group(_Working):
    """People who work together. What a person leaves out is as in their groups."""


class Person(_Working):
    """Somebody who can be called."""

    target: Target
    """Their extension or SIP URI."""
    groups: tuple[str, ...] = ()
    """Groups they belong to."""
    calls: Annotated[int, Field(ge=1, le=100)] = 1
    """Calls of this agent they can have at once."""
    priority: Annotated[int, Field(ge=1, le=100)] = 1
    """1 is called before 2."""


class Routing(Section):
    """How a person is chosen."""

    vip: tuple[str, ...] = ()
    """Callers' numbers that go first."""
    vulnerable: tuple[str, ...] = ()
    """Callers' numbers that go first of all, to people who are trained."""
    priority_header: str = ""
    """Header of the INVITE in which the PBX says `vip` or `vulnerable`, such as "X-Priority"."""
    sensitive: tuple[str, ...] = ()
    """Topics that go to people who are trained."""
    anger: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Anger from which a call goes to people who are trained."""
    repeated_calls: Annotated[int, Field(ge=1)] = 2
    """Earlier calls of the same number that make a repeated caller, …"""
    repeated_h: Annotated[float, Field(gt=0, le=876_000)] = 24.0
    """… within so many hours."""
    last_person_days: Annotated[float, Field(ge=0, le=36_500)] = 14.0
    """How long a caller is brought to the person they spoke to last; 0: never."""
    widen_s: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """Once a caller has waited so long, people are called who do not take the topic."""
    rest_s: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    """How long somebody who was busy or did not answer is not called again."""
    presence_every_s: Annotated[float, Field(ge=2, le=86_400)] = 20.0
    """How often each person's phone is asked whether it is there."""
    presence_per_s: Annotated[float, Field(gt=0, le=100)] = 5.0
    """How many are asked in a second at most."""


def problems(
    people: Sequence[Person], groups: Sequence[Group], targets: Iterable[str]
) -> Iterator[str]:
    """What is wrong between people, groups and targets: the setting, and its mend.

    Args:
        targets: names used in ``handover.targets``; what is no name is an extension or a URI.
    """
    names = [group.name for group in groups]
    seen: dict[str, str] = {}
    for section, entries in (("groups", groups), ("people", people)):
        for at, entry in enumerate(entries):
            where = f"{section}.{at}.name"
            if entry.name in seen:
                yield f"{where}: {entry.name!r} is also {seen[entry.name]}: rename one of them"
            seen.setdefault(entry.name, where)
    for at, person in enumerate(people):
        for number, group in enumerate(person.groups):
            if group not in names:
                near = difflib.get_close_matches(group, names, n=1)
                mend = f"did you mean {near[0]}?" if near else "add it as [[groups]]"
                yield f"people.{at}.groups.{number}: there is no group {group!r}: {mend}"
        other = seen.get(person.target)
        if other and other != f"people.{at}.name":
            yield f"people.{at}.target: {person.target!r} is also a name, {other}: rename that"
    members = {group for person in people for group in person.groups}
    for group in dict.fromkeys(targets):
        if group in names and group not in members:
            yield f"groups.{names.index(group)}.name: nobody is in {group!r}: add it to a person"


class Waiting(Section):
    """What a caller can choose when nobody is free."""

    choices: tuple[Choice, ...] = ("wait", "callback", "message", "go-on")
    """What is offered; [] only says that nobody is free, and goes on."""
    longest_s: Annotated[float, Field(ge=5, le=3600)] = 300.0
    """How long a caller can wait with music."""
    word_s: Annotated[float, Field(ge=5, le=600)] = 40.0
    """How often a waiting caller hears a word."""
    retry_s: Annotated[float, Field(ge=2, le=600)] = 30.0
    """How often it is tried again while nobody is seen to become free."""
    tells: Literal["position", "time", "both"] = "both"
    """What a caller is told: how many are before them, how long it will probably take, or both.
    Where the time is not known, how many."""
    message_s: Annotated[float, Field(ge=5, le=300)] = 90.0
    """How long a message may be."""
    messages: Path = Path("messages")
    """Folder for the recordings of messages."""
