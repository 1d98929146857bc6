"""A call in virtual time, and recordings with pauses put into them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cutoffs import Prepared, end, figures, silence
from benchmarks.listening import activities, listen
from benchmarks.pauses import PAUSE_S, _opened
from tests.babble import babble
from voiceagent.audio.frames import to_float, to_pcm
from voiceagent.config import Turns
from voiceagent.events import Utterance


@pytest.fixture(scope="module")
def paused() -> Prepared:
    """2 s of sound with a pause in its middle."""
    sound = to_float(babble(2.0))
    random = np.random.default_rng(1)
    recording = _opened("babble", "made", "tune", sound, [8000], random)
    pcm = to_pcm(recording.samples)
    return Prepared(recording, pcm, activities(pcm))


def test_a_pause_has_a_persons_length(paused: Prepared) -> None:
    (pause,) = paused.recording.pauses
    assert PAUSE_S[0] <= pause.end_s - pause.start_s + 0.02
    assert pause.end_s - pause.start_s - 0.02 <= PAUSE_S[1]
    assert paused.recording.end_s == pytest.approx(0.5 + 2.0 + pause.end_s - pause.start_s, abs=0.1)


def test_too_short_a_limit_of_silence_cuts_the_turn_off_and_a_long_one_waits(
    paused: Prepared,
) -> None:
    short, long = (end(paused, silence(limit), None, 0.0) for limit in (100, 1400))
    assert short.cut
    assert not long.cut
    assert long.wait_s == pytest.approx(1.4, abs=0.1)
    assert figures([short, long])["turns cut off"] == 0.5


def test_recognition_answers_after_its_time_and_only_for_what_is_wanted(paused: Prepared) -> None:
    heard: list[float] = []

    def hear(pcm: bytes) -> Utterance:
        heard.append(len(pcm) / 16000)
        return Utterance(text="I would like to", confidence=0.9)

    call = listen(paused.pcm, paused.active, Turns(), hear, decode_s=0.2)
    assert len(call.ends) == 1
    assert len(heard) <= call.decodes
    assert heard == sorted(heard)
