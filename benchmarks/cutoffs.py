"""Cut-offs: turns ended inside a pause, against the wait at their true end.

    python -m benchmarks.cutoffs            both halves, and the curve
    python -m benchmarks.cutoffs --mistakes and what was cut

The whole of voice activity and turn-taking in virtual time, with real recognition that answers
after `--decode-ms`. Beside it, in the same run, endpointing by one limit of silence. Limits were
chosen on the half called ``tune``; the half called ``test`` has other people and other texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import corpora, listening, results
from benchmarks.heard import Hearing
from benchmarks.listening import activities, listen, share
from benchmarks.pauses import Recording, recordings
from voiceagent.audio.frames import to_pcm
from voiceagent.audio.vad import Activity
from voiceagent.config import Turns
from voiceagent.events import Utterance

_SCALES = (0.5, 0.65, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5)
_SILENCES_MS = (200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200, 1400)
_LIMITS = (
    "end_silence_ms",
    "end_silence_whole_ms",
    "end_silence_statement_ms",
    "end_silence_unfinished_ms",
)
_STARTED_S = 0.1
"""A turn that ends this early in the speech after a pause was decided in the pause."""


@dataclass(frozen=True)
class Prepared:
    """A recording and what does not depend on the limits."""

    recording: Recording
    pcm: bytes
    active: list[Activity]


@dataclass(frozen=True)
class Ended:
    """What became of a recording."""

    prepared: Prepared
    cut: bool
    """Whether its first turn ended before its speech."""
    wait_s: float | None
    """From its last sound to the end of its turn; None when it was cut."""
    text: str
    decodes: int


def end(each: Prepared, turns: Turns, hearing: Hearing | None, decode_s: float) -> Ended:
    """Play one recording; without `hearing` silence alone decides."""
    recording = each.recording

    def hear(pcm: bytes) -> Utterance:
        return hearing.hear(pcm, recording.asked) if hearing else Utterance(text="so")

    last = recording.pauses[-1].end_s if recording.pauses else 0.0
    heard = listen(
        each.pcm,
        each.active,
        turns,
        hear,
        asked=recording.asked,
        decode_s=decode_s if hearing else 0.0,
        until_ended=True,
    )
    if not heard.ends:
        return Ended(each, False, None, "", heard.decodes)
    at, turn = heard.ends[0]
    cut = at <= last + _STARTED_S
    wait_s = None if cut else at - recording.end_s
    return Ended(each, cut, wait_s, turn.text or "", heard.decodes)


def silence(limit_ms: int) -> Turns:
    """One limit of silence, whatever was said."""
    return Turns(**dict.fromkeys(_LIMITS, limit_ms))


def scaled(scale: float) -> Turns:
    """The limits that ship, all multiplied."""
    turns = Turns()
    return turns.model_copy(update={name: round(getattr(turns, name) * scale) for name in _LIMITS})


def figures(ended: list[Ended]) -> dict[str, Any]:
    """Cut-offs and waits of recordings with pauses, and of plain ones."""
    paused = [one for one in ended if one.prepared.recording.pauses]
    plain = [one for one in ended if not one.prepared.recording.pauses]
    kinds = sorted({one.prepared.recording.kind for one in ended})
    return {
        "turns with pauses": len(paused),
        "turns cut off": share([one.cut for one in paused]),
        "pauses": sum(len(one.prepared.recording.pauses) for one in paused),
        "wait, ms": _waits(paused),
        "plain turns": len(plain),
        "plain, wait, ms": _waits(plain),
        "decodes a turn": round(float(np.mean([one.decodes for one in ended])), 2),
        "by kind": {
            kind: {
                "turns": len(found),
                "cut off": share([one.cut for one in found]),
                "wait, ms": _waits(found),
            }
            for kind in kinds
            for found in [[one for one in ended if one.prepared.recording.kind == kind]]
        },
    }


def point(ended: list[Ended]) -> dict[str, Any]:
    """One point of a curve."""
    whole = figures(ended)
    return {
        "cut off": whole["turns cut off"],
        "median wait, ms": whole["wait, ms"].get("median"),
        "p95, ms": whole["wait, ms"].get("p95"),
        "plain, median wait, ms": whole["plain, wait, ms"].get("median"),
    }


def _waits(found: list[Ended]) -> dict[str, float]:
    waits = [1000 * one.wait_s for one in found if one.wait_s is not None]
    if not waits:
        return {}
    return {"median": round(float(np.median(waits))), "p95": round(float(np.percentile(waits, 95)))}


def main() -> None:
    options = listening.options(__doc__)
    hearing = Hearing(options.model)
    decode_s = options.decode_ms / 1000
    prepared = [
        Prepared(recording, pcm, activities(pcm))
        for recording in recordings(corpora.folder(), hearing)
        for pcm in [to_pcm(recording.samples)]
    ]
    found: dict[str, Any] = {"recognition, ms": options.decode_ms}
    for half in ("tune", "test"):
        mine = [each for each in prepared if each.recording.half == half]
        shipped = [end(each, Turns(), hearing, decode_s) for each in mine]
        found[half] = {
            **figures(shipped),
            "curve": {
                f"limits x {scale}": point(
                    [end(each, scaled(scale), hearing, decode_s) for each in mine]
                )
                for scale in _SCALES
            },
            "silence only": {
                f"{limit} ms": point([end(each, silence(limit), None, 0.0) for each in mine])
                for limit in _SILENCES_MS
            },
        }
        _show(half, found[half])
        if options.mistakes:
            for one in shipped:
                if one.cut:
                    recording = one.prepared.recording
                    print(f"  cut: {recording.kind}, {recording.name!r} after {one.text!r}")
    results.record(f"cut-offs, {options.model}", found)


def _show(half: str, measured: dict[str, Any]) -> None:
    print(half)
    for name, value in measured.items():
        if isinstance(value, dict) and name != "wait, ms" and name != "plain, wait, ms":
            print(f"  {name}:")
            for inner, figure in value.items():
                print(f"    {inner}: {figure}")
        else:
            print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
