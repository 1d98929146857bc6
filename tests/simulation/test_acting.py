"""Voices for people who do not exist."""

import numpy as np
import pytest

from voiceagent.audio.prosody import measure
from voiceagent.audio.wav import load, save
from voiceagent.simulation.acting import Actor, Cast
from voiceagent.simulation.rehearsal import Rehearsal
from voiceagent.simulation.scenario import Scenario

pytestmark = pytest.mark.models

TEXT = "I ordered a pair of shoes last week."


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast()


def test_a_higher_voice_is_higher_and_no_faster(cast: Cast) -> None:
    low, high = (cast.speak(TEXT, Actor(pitch=pitch)) for pitch in (90, 120))
    apart = measure(high)["pitch"] - measure(low)["pitch"]
    assert apart == pytest.approx(12 * np.log2(120 / 90), abs=1.5)
    assert high.size == pytest.approx(low.size, rel=0.25)


def test_a_faster_voice_is_faster(cast: Cast) -> None:
    slow, fast = (cast.speak(TEXT, Actor(rate=rate)) for rate in (80, 130))
    assert fast.size < 0.85 * slow.size


def test_pauses_in_a_text_are_as_long_as_written(cast: Cast) -> None:
    spoken = cast.speak("four seven one <1.2s> two two nine", Actor())
    quiet = np.abs(spoken) < 10 ** (-50 / 20)
    edges = np.flatnonzero(np.diff(np.pad(quiet.astype(int), 1)))
    longest = (edges[1::2] - edges[::2]).max() / 8000
    assert longest == pytest.approx(1.2, abs=0.05)


def test_a_caller_takes_along_a_clip_for_each_sound_with_the_noise_behind_it(
    cast: Cast, tmp_path
) -> None:
    save(tmp_path / "own.wav", np.full(4000, 0.25, np.float32))
    scenario = Scenario.model_validate(
        {
            "name": "Test",
            "caller": {"noise": {"kind": "white", "snr_db": 20}, "level_db": -25},
            "steps": [
                {"say": "Hello there."},
                "listen",
                {"cough": 2},
                {"play": str(tmp_path / "own.wav")},
                {"digits": "12"},
            ],
        }
    )
    props = Rehearsal(scenario, cast).props(tmp_path, seed=1)
    assert sorted(props.clips) == [0, 2, 3]
    for clip in props.clips.values():
        sound = load(clip.path)
        assert 0 <= clip.starts_s < clip.ends_s <= sound.size / 8000
    behind = load(props.background)
    assert 10 * np.log10(np.mean(behind**2)) == pytest.approx(-45, abs=0.5)
