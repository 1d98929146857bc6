"""Barge-in: how soon an interruption silences the agent, and what else does.

    python -m benchmarks.barge_in             both halves
    python -m benchmarks.barge_in --mistakes  and which sounds stopped the agent, or failed to

The whole of voice activity and turn-taking in virtual time, with real recognition that answers
after `--decode-ms`. A stop is any silence of the agent; one that lasted is a stop after which it
did not go on by itself. Limits were chosen on the half called ``tune``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import corpora, listening, results
from benchmarks.heard import Hearing
from benchmarks.listening import activities, listen, share
from benchmarks.overlaps import AGENT_S, Overlap, overlaps
from voiceagent.audio.frames import to_pcm
from voiceagent.config import Turns

_WORDS = ("hums", "nods")
"""Sounds of listening, which only their words tell from an interruption."""


@dataclass(frozen=True)
class Outcome:
    """What became of a call."""

    overlap: Overlap
    stopped_s: float | None
    """From the start of the sound to the agent's silence; None when it spoke on."""
    lasted: bool
    """Whether the agent did not go on by itself."""
    silent_s: float
    """How long it was silent before it went on."""


def play(overlap: Overlap, hearing: Hearing, decode_s: float) -> Outcome:
    """Play one call."""
    pcm = to_pcm(overlap.samples)
    heard = listen(
        pcm, activities(pcm), Turns(), hearing.hear, decode_s=decode_s, agent_until_s=AGENT_S
    )
    stops = [moment for moment in heard.stops if moment <= AGENT_S]
    if not stops:
        return Outcome(overlap, None, False, 0.0)
    lasted = len(heard.resumes) < len(stops)
    silent_s = 0.0 if lasted else heard.resumes[0] - stops[0]
    return Outcome(overlap, stops[0] - overlap.start_s, lasted, silent_s)


def figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """All rates of one half."""
    real = [one for one in outcomes if one.overlap.interrupts]
    sounds = [
        one for one in outcomes if not one.overlap.interrupts and one.overlap.kind not in _WORDS
    ]
    words = [one for one in outcomes if one.overlap.kind in _WORDS]
    times = [1000 * one.stopped_s for one in real if one.stopped_s is not None]
    kinds = sorted({one.overlap.kind for one in outcomes})
    return {
        "interruptions": len(real),
        "missed": share([one.stopped_s is None or not one.lasted for one in real]),
        "time to silence, ms": {
            "median": round(float(np.median(times))),
            "p95": round(float(np.percentile(times, 95))),
        },
        "sounds without words": len(sounds),
        "stops by them": share([one.stopped_s is not None for one in sounds]),
        "stops by them that lasted": share([one.lasted for one in sounds]),
        "listening sounds and words": len(words),
        "stops by these": share([one.stopped_s is not None for one in words]),
        "stops by these that lasted": share([one.lasted for one in words]),
        "false stops that lasted, of all": share([one.lasted for one in (*sounds, *words)]),
        "silence until it went on, median ms": round(
            1000 * float(np.median([one.silent_s for one in words if one.silent_s] or [0.0]))
        ),
        "by kind": {
            kind: {
                "calls": len(found),
                "stopped": sum(one.stopped_s is not None for one in found),
                "lasted": sum(one.lasted for one in found),
            }
            for kind in kinds
            for found in [[one for one in outcomes if one.overlap.kind == kind]]
        },
    }


def main() -> None:
    options = listening.options(__doc__)
    hearing = Hearing(options.model)
    outcomes = [
        play(overlap, hearing, options.decode_ms / 1000) for overlap in overlaps(corpora.folder())
    ]
    found: dict[str, Any] = {"recognition, ms": options.decode_ms}
    for half in ("tune", "test"):
        mine = [one for one in outcomes if one.overlap.half == half]
        found[half] = figures(mine)
        print(half)
        for name, value in found[half].items():
            print(f"  {name}: {value}")
        for one in mine if options.mistakes else ():
            if one.overlap.interrupts != one.lasted:
                print(f"  {one.overlap.kind}, {one.overlap.name}: stopped {one.stopped_s}")
    results.record(f"barge-in, {options.model}", found)


if __name__ == "__main__":
    main()
