"""What the recordings and the turns say: the rows of the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.pipecat.agents import QUIET_S
from benchmarks.pipecat.scenes import Deed, Take
from voiceagent.audio.frames import SAMPLE_RATE
from voiceagent.dialogue.entities import find_digits
from voiceagent.simulation.sound import Stretch, stretches

Turns = Sequence[tuple[float, str]]
Figures = dict[str, Any]

MISSED_S = 1.5
"""An interruption is missed when the agent still speaks so long after its start."""
NOISE_S = 2.0
"""A noise has stopped the agent when it falls silent within this time."""


class Heard(NamedTuple):
    """A deed and the agent's sounds, all in Unix seconds."""

    deed: Deed
    sounds: list[Stretch]


def heard(takes: Sequence[Take]) -> Iterator[Heard]:
    """Each deed with what the caller heard in its call."""
    for take in takes:
        assert take.heard is not None
        sounds = [
            Stretch(take.origin_s + sound.start_s, take.origin_s + sound.end_s)
            for sound in stretches(take.heard, SAMPLE_RATE, join_s=QUIET_S)
        ]
        for deed in take.deeds:
            yield Heard(deed, sounds)


def wait(one: Heard) -> float | None:
    """From the caller's last sound to the agent's first; None when it spoke before or not."""
    deed, sounds = one
    inside = (s for s in sounds if s.end_s > deed.end_s and s.start_s < deed.over_s)
    first = next(inside, None)
    return first.start_s - deed.end_s if first and first.start_s >= deed.end_s else None


def spoke_inside(one: Heard) -> bool:
    """Whether the agent began to speak before the caller had ended."""
    deed, sounds = one
    return any(deed.start_s < sound.start_s < deed.end_s for sound in sounds)


def closed_inside(one: Heard, turns: Turns) -> bool:
    """Whether the agent took the turn for ended before the caller had ended."""
    return any(one.deed.start_s < at < one.deed.end_s for at, _ in turns)


def voice_to_voice(takes: Sequence[Take]) -> Figures:
    found = [gap for one in heard(takes) if (gap := wait(one)) is not None]
    return {
        "turns": sum(len(take.deeds) for take in takes),
        "answered": len(found),
        **_median_and_p95(found),
    }


def cut_offs(takes: Sequence[Take], turns: Turns) -> Figures:
    each = list(heard(takes))
    waits = [gap for one in each if not spoke_inside(one) and (gap := wait(one)) is not None]
    return {
        "turns": len(each),
        "agent_spoke_inside": sum(map(spoke_inside, each)),
        "turn_closed_inside": sum(closed_inside(one, turns) for one in each),
        "wait_median_ms": _median_and_p95(waits)["median_ms"],
    }


def numbers(takes: Sequence[Take], turns: Turns) -> Figures:
    each = list(heard(takes))
    said = [[text for at, text in turns if d.start_s < at < d.over_s] for d, _ in each]
    return {
        "numbers": len(each),
        "exact_in_one_turn": sum(
            any(_read(text) == one.deed.clip.what for text in texts)
            for one, texts in zip(each, said, strict=True)
        ),
        "exact_when_joined": sum(
            _read(" ".join(texts)) == one.deed.clip.what
            for one, texts in zip(each, said, strict=True)
        ),
        "agent_spoke_inside": sum(map(spoke_inside, each)),
        "turn_closed_inside": sum(closed_inside(one, turns) for one in each),
        "heard": [
            f"{one.deed.clip.what}: {' | '.join(texts)}"
            for one, texts in zip(each, said, strict=True)
        ],
    }


def _read(text: str) -> str | None:
    return find_digits(text, expected=True, lengths=range(6, 7))


def barge_in(interrupted: Sequence[Take], disturbed: Sequence[Take]) -> Figures:
    ends = [end for one in heard(interrupted) if (end := _falls_silent(one)) is not None]
    stopped = [end for end in ends if end < MISSED_S]
    noises = [
        (one.deed.clip.what, end)
        for one in heard(disturbed)
        if (end := _falls_silent(one)) is not None
    ]
    figures: Figures = {
        "interruptions": len(ends),
        "missed": len(ends) - len(stopped),
        **_median_and_p95(stopped),
    }
    for kind in sorted({kind for kind, _ in noises}):
        figures[f"{kind}s"] = sum(k == kind for k, _ in noises)
        figures[f"stopped_by_{kind}s"] = sum(k == kind and end < NOISE_S for k, end in noises)
    return figures


def _falls_silent(one: Heard) -> float | None:
    """From the deed's first sound to the agent's last; None when it was not speaking."""
    deed, sounds = one
    spoken = (s for s in sounds if s.start_s < deed.start_s < s.end_s)
    sound = next(spoken, None)
    return sound.end_s - deed.start_s if sound else None


def _median_and_p95(seconds: Sequence[float]) -> Figures:
    if not seconds:
        return {"median_ms": None, "p95_ms": None}
    return {
        "median_ms": round(1000 * float(np.median(seconds))),
        "p95_ms": round(1000 * float(np.percentile(seconds, 95))),
    }
