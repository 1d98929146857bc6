"""What a caller of a scenario will play, made before the call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.audio.wav import load, save
from voiceagent.simulation.acting import Cast
from voiceagent.simulation.noises import cough, lossy, noise
from voiceagent.simulation.scenario import Scenario

_BACKGROUND_S = 12.0
_LOUDER_DB = 4.0
"""A cough is so much louder than the voice."""


class Clip(NamedTuple):
    """A sound file, and when its own sound begins and ends, noise apart."""

    path: Path
    starts_s: float
    ends_s: float


@dataclass(frozen=True)
class Props:
    """What one caller takes along."""

    clips: dict[int, Clip]
    """By step."""
    background: Path | None = None
    """Played whenever nothing else is."""


class Rehearsal:
    """Makes the sounds of a scenario: the voice once, noise and lost frames for each caller.

    Raises:
        ModelError: there is no such voice.
        SynthesisError: the voice failed.
    """

    def __init__(self, scenario: Scenario, cast: Cast) -> None:
        self._scenario = scenario
        self._cast = cast
        self._voiced: dict[int, Floats] = {}
        caller = scenario.caller
        for number, step in enumerate(scenario.steps):
            text = step.say or step.backchannel
            if text is not None:
                self._voiced[number] = cast.speak(text, caller.actor, caller.voice)
            elif step.play is not None:
                self._voiced[number] = load(scenario.file.parent / step.play)

    def props(self, folder: Path, seed: int) -> Props:
        """Write what a caller plays into a folder.

        Raises:
            OSError: it cannot be written.
        """
        random = np.random.default_rng(seed)
        caller = self._scenario.caller
        background = self._background(random)
        sounds = dict(self._voiced)
        for number, step in enumerate(self._scenario.steps):
            if step.cough is not None:
                sounds[number] = cough(step.cough, caller.level_db + _LOUDER_DB, random)
        clips = {}
        for number, sound in sorted(sounds.items()):
            path = folder / f"step-{number + 1}.wav"
            save(path, lossy(_with(sound, background, random), caller.loss, random))
            clips[number] = Clip(path, *_extent(sound))
        if background is None:
            return Props(clips)
        path = folder / "background.wav"
        save(path, lossy(background, caller.loss, random))
        return Props(clips, path)

    def _background(self, random: np.random.Generator) -> Floats | None:
        caller = self._scenario.caller
        if caller.noise is None:
            return None
        level_db = caller.level_db - caller.noise.snr_db
        return noise(caller.noise.kind, _BACKGROUND_S, level_db, random, self._cast)


def _with(sound: Floats, background: Floats | None, random: np.random.Generator) -> Floats:
    if background is None:
        return sound
    behind = np.roll(background, int(random.integers(background.size)))
    return sound + np.resize(behind, sound.size)


def _extent(sound: Floats) -> tuple[float, float]:
    """When the sound begins and ends, seconds: from 40 dB below its loudest sample."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max(initial=0.0))
    if not loud.size:
        return 0.0, 0.0
    return int(loud[0]) / SAMPLE_RATE, (int(loud[-1]) + 1) / SAMPLE_RATE
