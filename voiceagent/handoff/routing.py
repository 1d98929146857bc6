"""To whom: the people of a topic, the right one first, with the reasons. Pure.

Somebody who does not work now, is away, busy or not known to be there is left out. The others
are ranked by `WEIGHTS`; between equals the order in which somebody has written them down
decides, and where nobody has, whoever was called longest ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from voiceagent.config.people import Routing
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import CallFacts, EarlierCall, LeftOut, RoutedTo, Standing
from voiceagent.handoff.roster import GENERAL, Member, Roster
from voiceagent.language import bare_code
from voiceagent.telephony.headers import user_part

WEIGHTS = {
    "language": -200.0,
    "trained": 80.0,
    "last": 40.0,
    "priority": -20.0,
    "stranger": -40.0,
    "topic": 10.0,
    "load": -5.0,
}
"""What each reason adds to somebody's score: that they do not speak the caller's language; that
they are trained, for a call that asks for it; that they were the last to speak with the caller;
each step of priority below the first; that they take other topics, for a caller who cannot
wait or has waited long; that they take this very topic; each call they have."""

Presence = Literal["unwatched", "available", "busy", "unreachable", "unknown"]


@dataclass(frozen=True)
class State:
    """How it stands with one person."""

    presence: Presence = "unwatched"
    told: str = ""
    """What the presence was seen by, such as "486 Busy Here"."""
    away: bool = False
    """Set away, by themselves or by a supervisor."""
    away_by: str = ""
    calls: int = 0
    """Calls of this agent that they have or that ring at their phone."""
    rests_until: float = 0.0
    """Until when they are left alone, in seconds of the request's clock."""
    rests_after: str = ""
    """What for, such as "busy"."""
    called_at: float = 0.0
    """When they were called last."""


@dataclass(frozen=True)
class Earlier:
    """What the record knows of earlier conversations of the same customer."""

    calls: int = 0
    """So many in the last hours (`Routing.repeated_h`)."""
    person: str = ""
    """Target of whom they spoke to last; empty when there was nobody."""
    spoke_at: datetime | None = None
    latest: tuple[EarlierCall, ...] = ()
    """The newest first."""
    unfinished: Unfinished | None = None
    """What can be gone on with."""


@dataclass(frozen=True)
class Request:
    """A caller who is to be brought to a person."""

    topic: str = GENERAL
    language: str = "en"
    anger: float = 0.0
    emergency: bool = False
    standing: Standing = "ordinary"
    earlier: Earlier = field(default_factory=Earlier)
    waited_s: float = 0.0


@dataclass(frozen=True)
class Route:
    """Who is called in which order, and who is not."""

    to: tuple[RoutedTo, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets, in the order in which they are called."""
        return tuple(entry.target for entry in self.to)


def standing(facts: CallFacts, earlier: Earlier, settings: Routing) -> Standing:
    """Why the caller goes before others: by number, by what the PBX says, or by calling again."""
    wanted = settings.priority_header.lower()
    headers = {name.lower(): value for name, value in facts.headers.items()}
    said = headers.get(wanted, "").strip().lower() if wanted else ""
    # Who withholds their number from people still goes before others by it.
    numbers = {facts.caller_number, user_part(facts.asserted_identity)}
    if not numbers.isdisjoint(settings.vulnerable) or said == "vulnerable":
        return "vulnerable"
    if not numbers.isdisjoint(settings.vip) or said == "vip":
        return "vip"
    return "repeated" if earlier.calls >= settings.repeated_calls else "ordinary"


def choose(
    request: Request,
    roster: Roster,
    states: Mapping[str, State],
    settings: Routing,
    at: datetime,
    now: float,
) -> Route:
    """The route of a caller.

    Args:
        states: how it stands with people, by target; whoever is missing is `State()`.
        at: the time of day, with its zone.
        now: the same moment on the clock of `states`, in seconds.
    """
    pool, ordered = roster.pool(request.topic)
    wide = _hurries(request) or request.waited_s >= settings.widen_s
    trained = bool(_asks_for_training(request, settings))
    rest = [m for m in roster.members if m not in pool]
    others = [m for m in rest if wide or (trained and m.trained)]
    ranked: list[tuple[tuple[float, float, int], RoutedTo]] = []
    left_out = []
    for place, member in enumerate((*pool, *others)):
        state = states.get(member.target, State())
        if why := _hindrance(member, state, at, now):
            left_out.append(LeftOut(person=member.name, target=member.target, why=why))
            continue
        parts = list(_weigh(member, state, request, settings, at, stranger=place >= len(pool)))
        score = round(sum(weight for weight, _ in parts), 1)
        routed = RoutedTo(
            person=member.name,
            target=member.target,
            score=score,
            reasons=tuple(reason for _, reason in sorted(parts, key=lambda part: -part[0])),
        )
        ranked.append(((-score, 0.0 if ordered else state.called_at, place), routed))
    why = f"does not take {request.topic}"
    left_out += [LeftOut(person=m.name, target=m.target, why=why) for m in rest if m not in others]
    ranked.sort(key=lambda entry: entry[0])
    return Route(tuple(routed for _, routed in ranked), tuple(left_out))


def _hurries(request: Request) -> bool:
    return request.emergency or request.standing in ("vulnerable", "vip")


def _hindrance(member: Member, state: State, at: datetime, now: float) -> str:
    """Why somebody cannot be called, empty when they can."""
    if not member.timetable.open_at(at):
        opens = member.timetable.opens(at)
        again = f" until {opens:%a %d %b %H:%M}" if opens else ""
        return f"does not work now{again}"
    if state.away:
        return f"is away{f', says {state.away_by}' if state.away_by else ''}"
    match state.presence:
        case "busy" | "unreachable":
            return f"is {state.presence}{f': {state.told}' if state.told else ''}"
        case "unknown":
            return f"nothing is known of their phone{f': {state.told}' if state.told else ''}"
        case "unwatched" if member.presence != "none":
            return "nothing is known of their phone yet"
    if member.calls is not None and state.calls >= member.calls:
        return f"has {state.calls} of {member.calls} calls"
    if now < state.rests_until:
        return f"{state.rests_after} a moment ago"
    return ""


def _weigh(
    member: Member,
    state: State,
    request: Request,
    settings: Routing,
    at: datetime,
    *,
    stranger: bool,
) -> Iterator[tuple[float, str]]:
    """What speaks for and against somebody, in points, with the reason."""
    if member.languages and not _speaks(member.languages, request.language):
        yield WEIGHTS["language"], f"does not speak {request.language}"
    if member.trained and (why := _asks_for_training(request, settings)):
        yield WEIGHTS["trained"], f"is trained for {why}"
    if _spoke_last(member, request.earlier, settings, at):
        yield WEIGHTS["last"], "spoke with the caller last time"
    if member.priority > 1:
        yield WEIGHTS["priority"] * (member.priority - 1), f"has priority {member.priority}"
    if request.topic in member.topics:
        yield WEIGHTS["topic"], f"takes {request.topic}"
    if stranger:
        yield WEIGHTS["stranger"], f"is asked although {request.topic} is not theirs"
    if state.calls:
        yield WEIGHTS["load"] * state.calls, f"has {state.calls} calls"


def _speaks(languages: Iterable[str], language: str) -> bool:
    return any(bare_code(spoken) == bare_code(language) for spoken in languages)


def _asks_for_training(request: Request, settings: Routing) -> str:
    if request.emergency or request.topic in settings.sensitive:
        return "sensitive calls"
    if request.anger >= settings.anger:
        return "angry callers"
    return "vulnerable callers" if request.standing == "vulnerable" else ""


def _spoke_last(member: Member, earlier: Earlier, settings: Routing, at: datetime) -> bool:
    if not earlier.person or earlier.spoke_at is None:
        return False
    recent = at - earlier.spoke_at <= timedelta(days=settings.last_person_days)
    return recent and earlier.person in (member.target, member.name)
