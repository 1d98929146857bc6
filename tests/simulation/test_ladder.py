"""The ladder: a real transfer seen by three parties, and what can be wrong with traces."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from voiceagent.simulation.ladder import as_text, build
from voiceagent.telephony.trace import parse_message, read_trace

DATA = Path(__file__).parents[1] / "telephony" / "data" / "transfer"
STARTED_AT = datetime(2026, 11, 22, 7, 14, 14).timestamp()


def real_traces():
    return {
        party: read_trace(DATA / f"sip-{party}.log", STARTED_AT)
        for party in ("caller", "agent", "person")
    }


def message(start, cseq, at, sent, peer, call="c1", branch="z9hG4bK1", extra=""):
    text = f"{start}\nVia: SIP/2.0/UDP h;branch={branch}\nCall-ID: {call}\nCSeq: {cseq}\n{extra}\n"
    return parse_message(text, at=at, sent=sent, peer=peer, transport="UDP")


def invite(at, sent, peer, **more):
    return message("INVITE sip:b SIP/2.0", "1 INVITE", at, sent, peer, **more)


def test_each_message_of_a_real_transfer_appears_once():
    traces = real_traces()
    ladder = build(traces)
    assert len(ladder.arrows) * 2 == sum(map(len, traces.values()))
    assert ladder.participants == ("caller", "agent", "person")
    assert all(arrow.arrived_s is not None for arrow in ladder.arrows)
    assert not any(arrow.repeated for arrow in ladder.arrows)


def test_the_first_invite_is_the_beginning_of_time():
    ladder = build(real_traces())
    assert ladder.arrows[0].at_s == 0.0
    assert ladder.arrows[0].label == "INVITE (SDP)"
    times = [arrow.at_s for arrow in ladder.arrows]
    assert times == sorted(times)


def test_within_a_millisecond_cause_comes_before_effect():
    steps = [(a.source, a.target, a.label) for a in build(real_traces()).arrows]
    order = [
        ("agent", "caller", "REFER (Replaces)"),
        ("caller", "agent", "202 Accepted (REFER)"),
        ("caller", "person", "INVITE (SDP, Replaces)"),
        ("person", "caller", "200 OK (INVITE)"),
        ("caller", "agent", "NOTIFY (200 OK)"),
    ]
    places = [steps.index(step) for step in order]
    assert places == sorted(places)


def test_the_order_of_the_traces_does_not_change_the_order_of_the_messages():
    traces = real_traces()
    backwards = dict(reversed(traces.items()))
    labels = [(a.source, a.target, a.label) for a in build(traces).arrows]
    assert [(a.source, a.target, a.label) for a in build(backwards).arrows] == labels


def test_a_side_without_a_trace_appears_by_its_address():
    traces = real_traces()
    del traces["caller"]
    ladder = build(traces)
    assert ladder.participants == ("agent", "person", "127.0.0.1:42060")
    assert len(ladder.arrows) == len(build(real_traces()).arrows)


def test_a_lost_message_is_its_own_arrow_and_the_next_try_is_marked():
    traces = {
        "a": [invite(10.0, True, "h:2"), invite(10.5, True, "h:2")],
        "b": [invite(10.501, False, "h:1")],
    }
    first, second = build(traces).arrows
    assert (first.arrived_s, first.repeated) == (None, False)
    assert second.arrived_s == pytest.approx(0.501)
    assert second.repeated
    assert "(again)" in as_text(build(traces))


def test_a_message_that_a_proxy_passed_on_is_two_arrows():
    traces = {
        "a": [invite(10.0, True, "proxy:1")],
        "b": [invite(10.02, False, "proxy:1", branch="z9hG4bKproxy")],
    }
    ladder = build(traces)
    assert [(a.source, a.target) for a in ladder.arrows] == [("a", "proxy:1"), ("proxy:1", "b")]
    assert not any(arrow.repeated for arrow in ladder.arrows)


def test_a_clock_that_is_off_tears_no_message_in_two():
    late = [replace(m, at=m.at + 5) for m in real_traces()["agent"]]
    arrows = build({**real_traces(), "agent": late}).arrows
    assert len(arrows) == len(build(real_traces()).arrows)
    assert all(arrow.arrived_s is not None for arrow in arrows)


def test_traces_that_contradict_each_other_lose_no_message():
    def bye(at, sent):
        return message("BYE sip:b SIP/2.0", "2 BYE", at, sent, "h", branch="z9hG4bK2")

    traces = {
        "a": [bye(1.0, False), invite(2.0, True, "h")],
        "b": [invite(1.0, False, "h"), bye(2.0, True)],
    }
    assert sorted(arrow.label for arrow in build(traces).arrows) == ["BYE", "INVITE"]


def test_without_an_invite_there_is_no_ladder_and_the_mend_is_named():
    with pytest.raises(ValueError, match="msgLogging"):
        build({"a": [message("BYE sip:b SIP/2.0", "1 BYE", 1.0, True, "h:2")]})


def test_text_has_a_line_for_each_message_with_arrows_between_the_right_columns():
    ladder = build(real_traces())
    lines = as_text(ladder).splitlines()
    assert len(lines) == len(ladder.arrows) + 1
    assert lines[0].split() == ["seconds", "caller", "agent", "person"]
    refer = next(line for line in lines if "REFER (Replaces)" in line)
    assert refer.index("|<") == lines[0].index("caller")
    past_the_agent = next(line for line in lines if "INVITE (SDP, Replaces)" in line)
    assert past_the_agent.index(">|") == lines[0].index("person") - 1


def test_text_shows_no_control_character_of_a_message():
    start = "SIP/2.0 200 \x1b[2Jgone"
    trace = [invite(1.0, True, "h:2"), message(start, "1 INVITE", 1.1, False, "h:2")]
    text = as_text(build({"a": trace}))
    assert "\x1b" not in text
    assert "gone" in text
