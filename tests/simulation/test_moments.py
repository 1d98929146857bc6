"""The table of moments: from the wire, from events, and gaps measured in recordings."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sample_run import RATE, voice

from voiceagent.events import AgentSpoke, CallerHeld, Record, TurnHeard, Utterance, Verdict
from voiceagent.simulation import moments as m
from voiceagent.simulation.ladder import build
from voiceagent.simulation.wire import Wire
from voiceagent.telephony.trace import read_trace

DATA = Path(__file__).parents[1] / "telephony" / "data" / "transfer"
STARTED_AT = datetime(2026, 11, 22, 7, 14, 14).timestamp()


@pytest.fixture
def ladder():
    return build(
        {
            party: read_trace(DATA / f"sip-{party}.log", STARTED_AT)
            for party in ("caller", "agent", "person")
        }
    )


def record(t_s, event):
    return Record(line="line-1", call_id="c", t_s=t_s, event=event)


def heard(turn, end_s):
    return record(
        end_s + 0.4,
        TurnHeard(turn=turn, utterance=Utterance(text="x", start_s=end_s - 1, end_s=end_s)),
    )


def spoke(turn, start_s, gap_s):
    return record(
        start_s + 2,
        AgentSpoke(turn=turn, text="y", heard="y", start_s=start_s, end_s=start_s + 2, gap_s=gap_s),
    )


def named(table):
    return {moment.name: moment for moment in table}


def without(ladder, unwanted):
    return replace(ladder, arrows=tuple(a for a in ladder.arrows if not unwanted(a)))


def test_a_real_transfer_has_all_moments_of_the_wire_in_order(ladder):
    table = named(m.moments([], ladder))
    wire = [m.ANSWERED, m.CALLED, m.CONSULTED, m.REFERRED, m.CONNECTED, m.NOTIFIED, m.ENDED]
    times = [table[name].at_s for name in wire]
    assert None not in times
    assert times == sorted(times)
    assert {table[name].seen for name in wire} == {"wire"}


def test_the_reinvite_for_hold_is_not_taken_for_the_consultation(ladder):
    wire = Wire(ladder)
    assert wire.consultation.target == "person"
    assert wire.consultation.message.call_id != wire.call_id


def test_a_call_that_was_refused_is_not_taken_for_the_one_answered(ladder):
    first = ladder.arrows[0]
    earlier = replace(first, message=replace(first.message, call_id="refused"))
    assert Wire(replace(ladder, arrows=(earlier, *ladder.arrows))).invite == first


@pytest.mark.parametrize(
    ("method", "name"), [("NOTIFY", m.NOTIFIED), ("REFER", m.REFERRED), ("BYE", m.ENDED)]
)
def test_a_step_missing_on_the_wire_is_a_complaint(ladder, method, name):
    table = m.moments([], without(ladder, lambda a: a.message.method == method))
    assert named(table)[name].at_s is None
    assert f"{name}: not seen (wire)" in m.complaints(table)


def test_a_notify_with_100_is_not_success(ladder):
    table = m.moments([], without(ladder, lambda a: a.label == "NOTIFY (200 OK)"))
    assert named(table)[m.NOTIFIED].at_s is None


def test_one_leg_still_up_means_the_agent_is_not_gone(ladder):
    first_call = Wire(ladder).call_id
    table = m.moments(
        [],
        without(ladder, lambda a: a.message.method == "BYE" and a.message.call_id == first_call),
    )
    assert named(table)[m.ENDED].at_s is None


def test_events_fill_in_what_neither_wire_nor_recording_shows(ladder):
    verdict = Verdict(turn=1, action="handover", understood=0.9, anger=0.8)
    calm = Verdict(turn=0, action="continue", understood=0.9, anger=0.1)
    table = named(
        m.moments([record(0.5, calm), record(1.0, verdict), record(1.2, CallerHeld())], ladder)
    )
    assert (table[m.DECIDED].at_s, table[m.DECIDED].seen) == (1.0, "event")
    assert table[m.HELD].at_s == 1.2
    assert table[m.PUBLISHED].at_s is None


def test_a_reply_is_timed_by_the_recording_when_it_was_heard_there(ladder):
    records = [heard(1, 5.0), spoke(1, 5.6, 0.6), heard(2, 9.0), spoke(2, 9.5, 0.5)]
    table = named(m.moments(records, ladder, measured=[m.Gap(5.05, 5.75)]))
    assert table["reply to turn 1"].seen == "audio"
    assert table["reply to turn 1"].gap_s == pytest.approx(0.7)
    assert (table["reply to turn 2"].seen, table["reply to turn 2"].gap_s) == ("event", 0.5)


def test_a_turn_nobody_answered_is_a_complaint(ladder):
    assert "reply to turn 1: not seen (audio)" in m.complaints(m.moments([heard(1, 5.0)], ladder))


def test_context_after_the_person_answered_is_a_complaint():
    table = [m.Moment(m.PUBLISHED, "event", 9.0), m.Moment(m.CONSULTED, "wire", 8.0)]
    [complaint] = m.complaints(table)
    assert complaint.startswith(m.CONSULTED)
    assert not m.complaints([replace(table[0], at_s=7.0), table[1]])


# -- gaps in a recording ------------------------------------------------------------------------


def channel(*spans, noise=0.0):
    samples = np.random.default_rng(1).normal(0, noise or 1e-9, 20 * RATE)
    for seed, (start, end) in enumerate(spans):
        sound = voice(end - start, seed)
        at = round(start * RATE)
        samples[at : at + len(sound)] += sound
    return samples


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.004])
def test_gaps_run_from_the_callers_last_sound_to_the_agents_first(noise):
    sent = channel((2, 4), (8, 9.5), noise=noise)
    received = channel((0.5, 1.5), (4.7, 7), (10.1, 12), noise=noise)
    found = m.gaps(sent, received, RATE, origin_s=100.0)
    assert [gap.ended_s for gap in found] == pytest.approx([104.0, 109.5], abs=0.06)
    assert [gap.gap_s for gap in found] == pytest.approx([0.7, 0.6], abs=0.08)


def test_a_pause_within_a_turn_is_not_the_end_of_it():
    [gap] = m.gaps(channel((2, 3), (4, 5)), channel((5.6, 7)), RATE)
    assert gap.ended_s == pytest.approx(5.0, abs=0.06)


def test_an_interruption_counts_from_the_end_of_the_interrupting_words():
    [gap] = m.gaps(channel((2, 4)), channel((0.5, 2.3), (4.5, 6)), RATE)
    assert gap.began_s == pytest.approx(4.5, abs=0.06)


def test_silence_has_no_gaps_and_no_first_sound():
    assert m.gaps(channel(), channel(), RATE) == []
    assert m.first_sound(np.zeros(RATE), RATE) is None
    assert m.first_sound(np.zeros(0), RATE) is None
