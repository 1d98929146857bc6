"""How it stands with everybody who can be called, kept up by what happens. No I/O."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from voiceagent.config import Config
from voiceagent.config.people import Routing
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import (
    AnyEvent,
    ConsultationCalling,
    ConsultationFailed,
    HandoverBridged,
    HandoverCompleted,
    HandoverRouted,
    LeftOut,
    PersonTalked,
)
from voiceagent.handoff.expecting import Talks, expected_wait_s, minutes_to_say
from voiceagent.handoff.queueing import Queue, Ticket, rank
from voiceagent.handoff.roster import Member, Roster
from voiceagent.handoff.routing import Presence, Request, Route, State, choose

_AFTER = {
    404: "could not be reached",
    408: "did not answer",
    480: "did not answer",
    486: "was busy",
    487: "did not answer",
    600: "was busy",
    603: "declined",
}
"""What becomes of a call to a person, by the SIP status it ends with."""


class Staff:
    """All who can be called by one line.

    Args:
        clock: the time in seconds, monotonic.
        now: the time of day, with its zone.
    """

    def __init__(
        self,
        roster: Roster,
        settings: Routing,
        clock: Callable[[], float] = lambda: time.monotonic(),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.roster = roster
        self.settings = settings
        self.clock = clock
        self.now = now
        self.queue = Queue()
        self.on_change: set[Callable[[], object]] = set()
        """Called when somebody may have become free or is so no more."""
        self.talks = Talks()
        self.on_talked: Callable[[PersonTalked], object] = lambda event: None
        """Told of each talk that has ended."""
        self._states: dict[str, State] = {}
        self._with: dict[str, str] = {}
        """Target that is called or spoken to, by handover."""
        self._elsewhere: Counter[str] = Counter()
        """Calls that people have with other lines, by target."""
        self._bridged: dict[str, float] = {}
        """Since when they talk to a caller through the agent, by handover."""
        self._talks_since: dict[str, float] = {}
        """Since when they talk to a caller who was transferred, by target."""

    @classmethod
    def of(cls, config: Config, plan: Dialplan) -> Staff:
        """Those that settings and dialplan name."""
        roster = Roster(config.people, config.groups, config.handover.targets, plan.targets)
        return cls(roster, config.routing)

    @property
    def states(self) -> Mapping[str, State]:
        """How it stands, by target."""
        busy = self.own_calls + self._elsewhere
        targets = dict.fromkeys((*self._states, *busy))
        return {t: replace(self.state(t), calls=busy[t]) for t in targets}

    @property
    def own_calls(self) -> Counter[str]:
        """Calls that people have with this line, by target."""
        return Counter(self._with.values())

    def state(self, target: str) -> State:
        """What is known of a target, but for the calls it has."""
        return self._states.get(target, State())

    def pool_targets(self, topic: str) -> frozenset[str]:
        """Everybody who comes into question for a topic."""
        return frozenset(member.target for member in self.roster.pool(topic).members)

    def opens(self, topic: str) -> datetime | None:
        """When somebody who takes a topic is at work again; None when somebody is now, or
        nobody will be in the coming weeks."""
        at = self.now()
        tables = [member.timetable for member in self.roster.pool(topic).members]
        if any(table.open_at(at) for table in tables):
            return None
        return min(filter(None, (table.opens(at) for table in tables)), default=None)

    def minutes(self, topic: str, ahead: int) -> int | None:
        """Minutes within which a caller will probably be with a person, as they are said; None
        where that is not known.

        Args:
            ahead: callers who go before them.
        """
        members = self.roster.pool(topic).members
        at_once = sum(member.calls or 1 for member in members if self._comes_back(member))
        talks = self.talks.of(member.target for member in members)
        return minutes_to_say(expected_wait_s(ahead, at_once, talks))

    def _comes_back(self, member: Member) -> bool:
        """Whether somebody takes the next call once they have ended those they have."""
        state = self.state(member.target)
        watched = member.presence != "none"
        seen = state.presence in (("available", "busy") if watched else ("unwatched",))
        silent = self.clock() < state.rests_until and state.rests_after != _AFTER[486]
        return seen and not state.away and not silent and member.timetable.open_at(self.now())

    def route(self, request: Request, call_id: str = "") -> Route:
        """Whom to call for a caller, as it stands now; not those for whom others wait longer."""
        found = self._choose(request)
        place = rank(request.standing, emergency=request.emergency)
        claimed = self.queue.claimed(call_id, place, found.targets)
        why = "is for those who have waited longer"
        left_out = [
            LeftOut(person=to.person, target=to.target, why=why)
            for to in found.to
            if to.target in claimed
        ]
        kept = tuple(to for to in found.to if to.target not in claimed)
        return Route(kept, (*left_out, *found.left_out))

    def _choose(self, request: Request) -> Route:
        return choose(request, self.roster, self.states, self.settings, self.now(), self.clock())

    # -- what happens ---------------------------------------------------------------------------

    def take(self, event: AnyEvent) -> None:
        """Something happened in a handover."""
        match event:
            case ConsultationCalling(handover_id=handover_id, target=target):
                self._with[handover_id] = target
                self._note(target, called_at=self.clock())
            case HandoverBridged(handover_id=handover_id):
                self._bridged[handover_id] = self.clock()
            case HandoverCompleted(target=target):
                self._talks_since[target] = self.clock()
            case ConsultationFailed(handover_id=handover_id, target=target, code=code):
                self._with.pop(handover_id, None)
                if self.roster.find(target) in self.roster.members:
                    after = _AFTER.get(code, "could not take a call")
                    until = self.clock() + self.settings.rest_s
                    self._note(target, rests_until=until, rests_after=after)

    def over(self, handover_id: str) -> None:
        """A handover has ended, however it did."""
        target = self._with.pop(handover_id, None)
        since = self._bridged.pop(handover_id, None)
        if target is not None:
            if since is not None:
                self._talked(target, since)
            self.changed()

    def seen(self, target: str, presence: Presence, told: str) -> None:
        """What somebody's phone says of itself."""
        state = self.state(target)
        if presence != "busy":
            since = self._talks_since.pop(target, None)
            if since is not None and (state.presence, presence) == ("busy", "available"):
                self._talked(target, since)
        if presence == "available" and state.presence not in ("available", "unwatched"):
            state = replace(state, rests_until=0.0)  # they are back, so the rest is over
        self._states[target] = replace(state, presence=presence, told=told)
        if presence != state.presence:
            self.changed()

    def elsewhere(self, calls: Counter[str], waiting: Mapping[str, Ticket]) -> None:
        """How many calls people have with other lines, by target, and who waits there, by call."""
        if self.queue.elsewhere(waiting) or calls != self._elsewhere:
            self._elsewhere = calls
            self.changed()

    def set_away(self, target: str, away: bool, by: str) -> None:
        """Somebody is away, or ready again, because somebody says so."""
        if self.state(target).away != away or self.state(target).away_by != by:
            self._note(target, away=away, away_by=by)

    def _talked(self, target: str, since: float) -> None:
        event = PersonTalked(target=target, took_s=round(self.clock() - since, 1))
        self.talks.add(target, event.took_s)
        self.on_talked(event)

    def _note(self, target: str, **change: object) -> None:
        self._states[target] = replace(self.state(target), **change)  # type: ignore[arg-type]
        self.changed()

    def changed(self) -> None:
        """Have those who wait look again."""
        for tell in tuple(self.on_change):
            tell()


def routed(handover_id: str, request: Request, route: Route) -> HandoverRouted:
    """The route as an event."""
    return HandoverRouted(
        handover_id=handover_id,
        topic=request.topic,
        language=request.language,
        anger=request.anger,
        standing=request.standing,
        waited_s=round(request.waited_s, 1),
        route=route.to,
        left_out=route.left_out,
    )
