"""What the comparison makes of recordings: each fact of a call is seen, and none is invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pipecat import measures, phone
from benchmarks.pipecat.material import Clip, drawn_apart
from benchmarks.pipecat.scenes import Deed, Take
from voiceagent.audio.frames import SAMPLE_RATE
from voiceagent.simulation.sound import stretches

ORIGIN = 1000.0


def take(clip_text: str, said: tuple[float, float], *sounds: tuple[float, float]) -> Take:
    """A call of 12 s in which the caller said one thing and the agent was heard so often."""
    random = np.random.default_rng(1)
    heard = np.zeros(12 * SAMPLE_RATE, np.float32)
    for start, end in sounds:
        at = slice(round(start * SAMPLE_RATE), round(end * SAMPLE_RATE))
        heard[at] = 0.1 * random.standard_normal(at.stop - at.start)
    clip = Clip(Path("clip.wav"), said[1] - said[0], clip_text)
    deed = Deed(clip, ORIGIN + said[0], ORIGIN + said[1], ORIGIN + 11)
    return Take([deed], ORIGIN, heard)


def test_the_wait_runs_from_the_callers_end_to_the_agents_beginning() -> None:
    figures = measures.voice_to_voice([take("", (1.0, 3.0), (3.6, 5.0))])
    assert figures["answered"] == 1
    assert figures["median_ms"] == pytest.approx(600, abs=20)


def test_an_agent_that_says_nothing_has_not_answered() -> None:
    figures = measures.voice_to_voice([take("", (1.0, 3.0), (0.1, 0.8))])
    assert figures == {"turns": 1, "answered": 0, "median_ms": None, "p95_ms": None}


def test_an_agent_that_begins_in_a_pause_has_cut_the_caller_off() -> None:
    takes = [take("", (1.0, 4.0), (2.5, 3.0), (5.0, 6.0)), take("", (1.0, 4.0), (4.5, 6.0))]
    figures = measures.cut_offs(takes, [(ORIGIN + 2.2, "I would"), (ORIGIN + 4.2, "like to")])
    assert figures["agent_spoke_inside"] == 1
    assert figures["turn_closed_inside"] == 2
    assert figures["wait_median_ms"] == pytest.approx(500, abs=20)


def test_a_number_in_pieces_is_right_only_when_its_turns_are_joined() -> None:
    turns = [(ORIGIN + 2.0, "4, 7, 1,"), (ORIGIN + 4.5, "two two nine")]
    figures = measures.numbers([take("471229", (1.0, 4.0), (5.0, 6.0))], turns)
    assert figures["exact_in_one_turn"] == 0
    assert figures["exact_when_joined"] == 1
    assert figures["turn_closed_inside"] == 1


def test_a_whole_number_is_right_however_it_is_written() -> None:
    figures = measures.numbers(
        [take("471229", (1.0, 4.0), (5.0, 6.0))], [(ORIGIN + 4.5, "It is 471-229.")]
    )
    assert figures["exact_in_one_turn"] == 1


def test_barge_in_tells_silence_from_going_on() -> None:
    stopped = take("stop", (3.0, 4.5), (1.0, 3.4), (6.0, 8.0))
    missed = take("stop", (3.0, 4.5), (1.0, 9.0))
    not_speaking = take("stop", (3.0, 4.5), (6.0, 8.0))
    figures = measures.barge_in([stopped, missed, not_speaking], [])
    assert (figures["interruptions"], figures["missed"]) == (2, 1)
    assert figures["median_ms"] == pytest.approx(400, abs=20)


def test_a_noise_that_ends_the_agents_sentence_is_a_false_stop() -> None:
    stopped, held = (
        take("cough", (3.0, 3.3), (1.0, 3.5), (5.9, 8.0)),
        take("cough", (3.0, 3.3), (1.0, 9.0)),
    )
    figures = measures.barge_in([], [stopped, held])
    assert (figures["coughs"], figures["stopped_by_coughs"]) == (2, 1)


def test_a_sentence_is_drawn_apart_where_it_is_silent() -> None:
    random = np.random.default_rng(2)
    sound = (0.1 * random.standard_normal(2 * SAMPLE_RATE)).astype(np.float32)
    sound[SAMPLE_RATE : SAMPLE_RATE + 800] = 0
    first, second = stretches(drawn_apart(sound, 0.7), SAMPLE_RATE)
    assert first.end_s == pytest.approx(1.0, abs=0.03)
    assert second.start_s - first.end_s == pytest.approx(0.7, abs=0.05)


def test_mu_law_comes_back_as_it_was() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # 0x7F is the other zero
    assert phone.encode(phone.decode(codes)) == codes
    loud = np.array([-32768, -1000, 0, 1000, 32767], "<i2")
    back = np.frombuffer(phone.decode(phone.encode(loud.tobytes())), "<i2")
    assert np.all(np.abs(back - loud.astype(int)) <= np.maximum(8, np.abs(loud.astype(int)) / 25))
