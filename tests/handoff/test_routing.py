"""Whom a caller is brought to, and why not to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from voiceagent.config.people import Group, Person, Routing
from voiceagent.events import CallFacts
from voiceagent.handoff.roster import Roster
from voiceagent.handoff.routing import Earlier, Request, Route, State, choose, standing

WEDNESDAY = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
PLAN = {"general": ("6001", "6002"), "billing": ("6003",)}
TEAM = (
    {"name": "anna", "topics": ["billing"], "languages": ["en", "de"]},
    {"name": "ben", "topics": ["billing", "legal"], "trained": True, "priority": 2},
    {"name": "cleo", "languages": ["en-GB"]},
    {"name": "dora", "trained": True, "languages": ["fr"]},
)


def team(*people: dict[str, Any]) -> tuple[Person, ...]:
    return tuple(
        Person.model_validate({"target": f"60{n}1", **entry})
        for n, entry in enumerate(people or TEAM)
    )


def route(
    request: Request | None = None,
    people: tuple[Person, ...] | None = None,
    states: dict[str, State] | None = None,
    own: dict[str, tuple[str, ...]] | None = None,
    groups: tuple[Group, ...] = (),
    settings: Routing | None = None,
    now: float = 0.0,
    at: datetime = WEDNESDAY,
) -> Route:
    people = team() if people is None else people
    roster = Roster(people, groups, own or {}, PLAN)
    by_name = {person.name: person.target for person in people}
    named = {by_name.get(name, name): state for name, state in (states or {}).items()}
    return choose(request or Request(), roster, named, settings or Routing(), at, now)


def to(route: Route) -> list[str]:
    return [entry.person for entry in route.to]


def why_not(route: Route) -> dict[str, str]:
    return {entry.person: entry.why for entry in route.left_out}


# -- targets that are only numbers --------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "own", "targets"),
    [
        ("general", {}, ("6001", "6002")),
        ("billing", {}, ("6003",)),
        ("legal", {}, ("6001", "6002")),
        ("billing", {"billing": ("sip:anna@host", "7002")}, ("sip:anna@host", "7002")),
        ("billing", {"general": ("7001",)}, ("6003",)),
        ("general", {"general": ("7001",)}, ("7001",)),
        ("legal", {"general": ("7001",)}, ("7001",)),
        ("legal", {"legal": ("7009",)}, ("7009",)),
        ("billing", {"billing": ()}, ("6003",)),
        ("general", {"general": ()}, ("6001", "6002")),
    ],
)
def test_the_settings_go_before_the_dialplan_and_general_is_for_the_rest(
    topic: str, own: dict[str, tuple[str, ...]], targets: tuple[str, ...]
) -> None:
    assert route(Request(topic=topic), people=(), own=own).targets == targets


def test_numbers_are_called_as_they_are_written_whatever_happened_before() -> None:
    states = {"6001": State(calls=3, called_at=9.0)}
    found = route(people=(), states={**states, "6002": State(called_at=1.0)}, own={})
    assert found.left_out == ()
    assert set(found.targets) == {"6001", "6002"}
    busy_before = {"6001": State(called_at=9.0)}
    assert route(people=(), states=busy_before).targets == ("6001", "6002")


# -- who is right -------------------------------------------------------------------------------


def test_a_topic_goes_to_those_who_take_it() -> None:
    found = route(Request(topic="billing"))
    assert to(found) == ["anna", "ben"]
    assert "takes billing" in found.to[0].reasons
    assert why_not(found) == {"cleo": "does not take billing", "dora": "does not take billing"}


def test_an_angry_caller_goes_to_those_trained_for_it_before_all_others() -> None:
    calm, angry = (route(Request(topic="billing", anger=a)) for a in (0.4, 0.6))
    assert to(calm)[0] == "anna"
    assert to(angry)[0] == "ben"
    assert "is trained for angry callers" in angry.to[0].reasons
    assert "dora" in to(angry)


def test_a_sensitive_topic_goes_to_those_trained_for_it() -> None:
    found = route(Request(topic="billing"), settings=Routing(sensitive=("billing",)))
    assert found.to[0].person == "ben"
    assert "is trained for sensitive calls" in found.to[0].reasons


def test_whoever_does_not_speak_the_language_comes_last() -> None:
    assert to(route(Request(language="fr"))) == ["dora", "cleo"]
    found = route(Request(language="en"))
    assert to(found) == ["cleo", "dora"]
    assert "does not speak en" in found.to[1].reasons


def test_a_language_is_spoken_in_every_region() -> None:
    assert not any("speak" in r for r in route(Request(language="en-US")).to[0].reasons)


def test_the_person_spoken_to_last_goes_first_for_some_days() -> None:
    people = team({"name": "anna"}, {"name": "ben"})
    for days, first in ((1, "ben"), (20, "anna")):
        earlier = Earlier(person="6011", spoke_at=WEDNESDAY - timedelta(days=days))
        found = route(Request(earlier=earlier), people)
        assert found.to[0].person == first
    assert "spoke with the caller last time" not in found.to[0].reasons


def test_a_lower_priority_comes_later_and_between_equals_who_rested_longest() -> None:
    people = team({"name": "late", "priority": 2}, {"name": "anna"}, {"name": "ben"})
    states = {"anna": State(called_at=20.0), "ben": State(called_at=10.0)}
    assert to(route(people=people, states=states)) == ["ben", "anna", "late"]


def test_where_an_order_is_written_down_it_holds_between_equals() -> None:
    states = {"cleo": State(called_at=20.0)}
    assert to(route(own={"general": ("cleo", "anna")}, states=states)) == ["cleo", "anna"]


# -- who is not called --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "state", "why"),
    [
        ({"hours": ["Mon 09:00-17:00"]}, State(), "does not work now until Mon 06 Jul 09:00"),
        ({"holidays": ["2026-07-01"]}, State(), "does not work now until Thu 02 Jul 00:00"),
        ({}, State(away=True, away_by="anna"), "is away, says anna"),
        ({}, State(presence="busy", told="486 Busy Here"), "is busy: 486 Busy Here"),
        ({}, State(presence="unreachable", told="404"), "is unreachable: 404"),
        ({}, State(presence="unknown", told="no answer"), "nothing is known of their phone"),
        ({"presence": "options"}, State(), "nothing is known of their phone yet"),
        ({}, State(calls=1), "has 1 of 1 calls"),
        ({}, State(rests_until=30.0, rests_after="was busy"), "was busy a moment ago"),
    ],
)
def test_whoever_is_not_free_is_left_out_with_the_reason(
    more: dict[str, Any], state: State, why: str
) -> None:
    people = team({"name": "anna", **more}, {"name": "ben"})
    found = route(people=people, states={"anna": state}, now=10.0)
    assert to(found) == ["ben"]
    assert why in why_not(found)["anna"]


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"hours": ["Wed 09:00-17:00"]}, State()),
        ({"presence": "options"}, State(presence="available", told="200 OK")),
        ({"calls": 2}, State(calls=1)),
        ({}, State(rests_until=9.0, rests_after="was busy")),
    ],
)
def test_whoever_is_free_is_called(more: dict[str, Any], state: State) -> None:
    people = team({"name": "anna", **more})
    assert to(route(people=people, states={"anna": state}, now=10.0)) == ["anna"]


def test_when_nobody_is_free_the_route_is_empty_and_says_why() -> None:
    people = team({"name": "anna"}, {"name": "ben"})
    found = route(people=people, states={n: State(away=True) for n in ("anna", "ben")})
    assert found.to == ()
    assert set(why_not(found)) == {"anna", "ben"}


# -- who cannot wait ----------------------------------------------------------------------------


def test_a_caller_who_has_waited_is_brought_to_others_after_those_who_take_the_topic() -> None:
    assert to(route(Request(topic="legal", waited_s=59))) == ["ben"]
    waited = to(route(Request(topic="legal", waited_s=60)))
    assert waited[0] == "ben"
    assert set(waited) == {"anna", "ben", "cleo", "dora"}


@pytest.mark.parametrize(
    "request_",
    [
        Request(topic="legal", standing="vulnerable"),
        Request(topic="legal", standing="vip"),
        Request(topic="legal", emergency=True),
    ],
)
def test_whoever_cannot_wait_is_brought_to_anybody(request_: Request) -> None:
    assert len(route(request_).to) == 4


def test_a_vulnerable_caller_goes_to_those_trained_for_it() -> None:
    found = route(Request(topic="billing", standing="vulnerable"))
    assert found.to[0].person == "ben"
    assert "is trained for vulnerable callers" in found.to[0].reasons


def test_a_caller_goes_before_others_by_number_by_the_pbxs_word_or_by_calling_again() -> None:
    settings = Routing(vip=("1",), vulnerable=("2",), priority_header="X-Priority")
    again = Earlier(calls=2)

    def of(number: str, said: str = "", earlier: Earlier | None = None) -> str:
        facts = CallFacts(caller_number=number, headers={"x-priority": said} if said else {})
        return standing(facts, earlier or Earlier(), settings)

    assert [of("1"), of("2"), of("3")] == ["vip", "vulnerable", "ordinary"]
    assert [of("3", "VIP"), of("1", "vulnerable")] == ["vip", "vulnerable"]
    assert [of("3", earlier=again), of("1", earlier=again)] == ["repeated", "vip"]
    assert standing(CallFacts(headers={"": "vip"}), Earlier(), Routing()) == "ordinary"


def test_a_withheld_number_that_the_network_vouches_for_still_counts() -> None:
    facts = CallFacts(caller_number="anonymous", asserted_identity="sip:+4930@carrier.example")
    assert standing(facts, Earlier(), Routing(vip=("+4930",))) == "vip"
    assert standing(facts, Earlier(), Routing(vulnerable=("+4930",))) == "vulnerable"
    assert standing(CallFacts(), Earlier(), Routing(vip=("+4930",))) == "ordinary"


# -- what holds always --------------------------------------------------------------------------


@settings(deadline=None)
@given(
    topic=st.sampled_from(["general", "billing", "legal", "unheard of"]),
    anger=st.floats(0, 1),
    language=st.sampled_from(["en", "de", "fr"]),
    waited_s=st.floats(0, 600),
    away=st.sets(st.sampled_from(["anna", "ben", "cleo", "dora"])),
)
def test_everybody_is_called_or_left_out_with_a_reason_and_nobody_twice(
    topic: str, anger: float, language: str, waited_s: float, away: set[str]
) -> None:
    request = Request(topic=topic, anger=anger, language=language, waited_s=waited_s)
    found = route(request, states={name: State(away=True) for name in away})
    called, left = to(found), [entry.person for entry in found.left_out]
    assert sorted(called + left) == ["anna", "ben", "cleo", "dora"]
    assert not away & set(called)
    assert all(entry.why for entry in found.left_out)
    assert [e.score for e in found.to] == sorted((e.score for e in found.to), reverse=True)


def test_the_order_of_the_settings_changes_nothing_but_between_equals() -> None:
    request = Request(topic="billing", anger=0.9, language="de")
    first = {to(route(request, team(*order)))[0] for order in permutations(TEAM)}
    assert first == {"ben"}
