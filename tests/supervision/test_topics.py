"""Topics, by the rules of MQTT 3.1.1, section 4.7."""

from __future__ import annotations

import aiomqtt
import pytest
from hypothesis import given, strategies as st

from voiceagent.events import DtmfReceived, LineStarted, Record
from voiceagent.supervision.topics import Topics, level, person

TOPICS = Topics("voiceagent/v1/")


@given(st.text())
def test_any_text_becomes_exactly_one_level(text: str) -> None:
    assert level(text)
    assert not set(level(text)) & set("/+#\x00$ ")


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_texts_never_share_a_level(one: str, two: str) -> None:
    assert (level(one) == level(two)) == (one == two) or "-" in (one, two)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("6001", "6001"),
        ("sip:6001@pbx.example.com", "6001@pbx.example.com"),
        ("SIPS:anna@example.com;transport=tls?Subject=x", "anna@example.com"),
        ("<sip:anna@10.0.0.1:5080>", "anna@10.0.0.1:5080"),
        ("sip:+49301@pbx", "%2B49301@pbx"),
    ],
)
def test_a_person_is_named_by_user_and_host_alone(target: str, expected: str) -> None:
    assert person(target) == expected


def test_events_of_calls_and_of_lines_have_their_own_branches() -> None:
    of_call = Record(line="l 1", call_id="a/b", event=DtmfReceived(digit="1"))
    of_line = Record(line="l 1", event=LineStarted(line="l 1", max_callers=3))
    assert TOPICS.event(of_call) == "voiceagent/v1/calls/a%2Fb/events/dtmf.received"
    assert TOPICS.event(of_line) == "voiceagent/v1/lines/l%201/events/line.started"


def test_filters_catch_their_topics_and_no_others() -> None:
    event = aiomqtt.Topic(
        TOPICS.event(Record(line="l", call_id="c+1", event=DtmfReceived(digit="1")))
    )
    assert event.matches(TOPICS.events())
    assert event.matches(TOPICS.events("c+1"))
    assert not event.matches(TOPICS.events("c"))
    assert not aiomqtt.Topic(TOPICS.call_state("c+1")).matches(TOPICS.events())
    offer = aiomqtt.Topic(TOPICS.offer("sip:6001@pbx", "h1"))
    assert offer.matches(TOPICS.offers("sip:6001@pbx"))
    assert not offer.matches(TOPICS.offers("sip:6002@pbx"))
