"""The report of a demonstration call: one HTML page, the transcript, and the SIP ladder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from voiceagent.events import (
    AgentSpoke,
    BriefingSpoken,
    CallArrived,
    CallEnded,
    CallerHeld,
    CallerResumed,
    ConsultationCalling,
    ConsultationFailed,
    HandoverCompleted,
    HandoverContextReady,
    HandoverFailed,
    HandoverReturned,
    LookupDone,
    Record,
    TurnHeard,
    TurnMissed,
    Verdict,
)
from voiceagent.markup import markup
from voiceagent.records import transcript
from voiceagent.records.timeline import Label, labels, ticks
from voiceagent.simulation import moments
from voiceagent.simulation.evidence import RATE, Evidence, Track, gather
from voiceagent.simulation.ladder import as_text
from voiceagent.simulation.sound import Samples

WIDTH = 1200
"""Width of the timeline in its own units."""
_LANE_HALF = 26
_BIN = 2
"""Width of one step of the waveform, in units of the timeline."""

_MARKS = {
    moments.ANSWERED: "answered",
    moments.DECIDED: "decides: a person",
    moments.HELD: "on hold",
    moments.CALLED: "calls the person",
    moments.CONSULTED: "person answers",
    moments.REFERRED: "REFER",
    moments.ENDED: "agent gone",
}


def write_report(folder: Path) -> Path:
    """Write ``report.html``, ``transcript.json``, ``transcript.txt`` and ``ladder.txt``.

    The page needs nothing from anywhere else but the recordings beside it. A call that failed
    gets its report too, with what is missing named.

    Raises:
        ValueError: a line of events.jsonl is not a record.
        OSError: the folder cannot be written.
    """
    evidence = gather(folder)
    as_json = json.dumps(transcript.as_json(evidence.records), indent=2, ensure_ascii=False)
    _write(folder / "transcript.json", as_json + "\n")
    _write(folder / "transcript.txt", transcript.as_text(evidence.records))
    _write(folder / "ladder.txt", as_text(evidence.ladder))
    return _write(folder / "report.html", render(evidence))


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def render(evidence: Evidence) -> str:
    """The page. Everything that came from outside is escaped: names, words, SIP messages."""
    environment = markup("voiceagent.simulation", ".")
    environment.filters["clock"] = _clock
    environment.filters["percent"] = _percent
    events = [r.event for r in evidence.records]
    replies = [m.gap_s for m in evidence.moments if m.gap_s is not None]
    at = {moment.name: moment.at_s for moment in evidence.moments}
    return environment.get_template("report.html.j2").render(
        nonce=secrets.token_urlsafe(12),
        evidence=evidence,
        arrived=next((r for r in evidence.records if isinstance(r.event, CallArrived)), None),
        handed_to=next((e.target for e in events if isinstance(e, HandoverCompleted)), None),
        context=next((e.context for e in events if isinstance(e, HandoverContextReady)), None),
        median_gap_s=float(np.median(replies)) if replies else None,
        answer_s=at[moments.ANSWERED],
        handover_s=_between(at[moments.DECIDED], at[moments.CONNECTED]),
        talk=list(_talk(evidence)),
        timeline=_timeline(evidence),
        ladder=_ladder(evidence),
        files=_files(evidence.folder),
        player=next((t for t in ("caller", "call") if t in evidence.tracks), None),
    )


def _between(first: float | None, second: float | None) -> float | None:
    return second - first if first is not None and second is not None else None


def _clock(seconds: float | None) -> str:
    minutes, rest = divmod(max(0.0, seconds or 0.0), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


# -- what was said ------------------------------------------------------------------------------


def _talk(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """The transcript's entries in order: turns with their verdicts, and notes between them."""
    verdicts = {r.event.turn: r.event for r in evidence.records if isinstance(r.event, Verdict)}
    gap = {m.name: m for m in evidence.moments}
    entries: list[tuple[float, dict[str, Any]]] = []
    for record in evidence.records:
        event = record.event
        if isinstance(event, TurnHeard):
            start_s = event.utterance.start_s
            entry = {
                "who": "caller",
                "event": event,
                "verdict": verdicts.get(event.turn),
                "reply": gap.get(f"reply to turn {event.turn}"),
            }
        elif isinstance(event, AgentSpoke):
            start_s = event.start_s
            unheard = event.text.removeprefix(event.heard) if event.interrupted else ""
            entry = {"who": "agent", "event": event, "unheard": unheard}
        elif note := _note(record):
            start_s = record.t_s or 0.0
            entry = {"who": "note", "text": note}
        else:
            continue
        entries.append((start_s, {"at_s": start_s, **entry}))
    yield from (entry for _, entry in sorted(entries, key=lambda item: item[0]))


def _note(record: Record) -> str:
    match record.event:
        case LookupDone(name=name, found=found, error=error, took_s=took_s):
            outcome = "found" if found else error or "nothing found"
            return f"looked up {name}: {outcome}, {took_s * 1000:.0f} ms"
        case TurnMissed(why=why):
            return f"turn missed: {why}"
        case CallerHeld():
            return "caller on hold, with music"
        case CallerResumed():
            return "caller back from hold"
        case ConsultationCalling(target=target):
            return f"calling {target}"
        case BriefingSpoken(text=text):
            return f"to the person: “{text}”"
        case ConsultationFailed() | HandoverCompleted() | HandoverReturned() | HandoverFailed():
            return transcript.note(record)
        case CallEnded(by=by, reason=reason):
            return f"the agent's part ended ({by}): {reason}"
        case _:
            return ""


# -- the timeline -------------------------------------------------------------------------------


def _timeline(evidence: Evidence) -> dict[str, Any]:
    """Lanes with waveforms and turns, and the moments that divide the call."""
    ends = [track.ends_s for track in evidence.tracks.values()]
    ends += [arrow.at_s for arrow in evidence.ladder.arrows[-1:]]
    total_s = max([*ends, 1.0])
    scale = WIDTH / total_s
    events = [r.event for r in evidence.records]
    heard = [
        (e.utterance.start_s, e.utterance.end_s, e.utterance.text)
        for e in events
        if isinstance(e, TurnHeard)
    ]
    spoken = [(e.start_s, e.end_s, e.heard) for e in events if isinstance(e, AgentSpoke)]
    caller, person, call = (evidence.tracks.get(name) for name in ("caller", "person", "call"))
    lanes = [
        _lane("caller", caller or call, "left", heard, scale),
        _lane("agent", call, "right", spoken, scale),
        _lane("person", person, "left", [], scale),
    ]
    return {
        "lanes": lanes,
        "marks": _marks(evidence, scale),
        "ticks": [{"x": second * scale, "s": second} for second in ticks(total_s)],
        "total_s": total_s,
        "width": WIDTH,
        "half": _LANE_HALF,
        "starts_s": caller.starts_s if caller else call.starts_s if call else 0.0,
    }


def _lane(
    name: str,
    track: Track | None,
    side: str,
    spans: list[tuple[float, float, str]],
    scale: float,
) -> dict[str, Any]:
    path = ""
    if track is not None:
        path = _outline(getattr(track, side), track.starts_s, scale)
    turns = [
        {"x": start * scale, "width": max(2.0, (end - start) * scale), "text": text, "at_s": start}
        for start, end, text in spans
    ]
    return {"name": name, "path": path, "turns": turns}


def _outline(samples: Samples, starts_s: float, scale: float) -> str:
    """A waveform's outline as an SVG path about its own middle, loudness as a square root."""
    step = max(1, round(_BIN / scale * RATE))
    whole = np.abs(samples[: len(samples) // step * step]).reshape(-1, step)
    if not len(whole):
        return ""
    heights = np.sqrt(whole.max(axis=1)) * _LANE_HALF
    x = (starts_s + (np.arange(len(heights)) + 0.5) * step / RATE) * scale
    bars = (
        f"M{left:.1f} {-height:.1f}V{height:.1f}"
        for left, height in zip(x, heights, strict=True)
        if height >= 0.4
    )
    return "".join(bars)


def _marks(evidence: Evidence, scale: float) -> list[Label]:
    """Moments as vertical lines with labels."""
    found = [
        (m.at_s, _MARKS[m.name])
        for m in evidence.moments
        if m.at_s is not None and m.name in _MARKS
    ]
    return labels(found, scale, WIDTH)


# -- the ladder and the files -------------------------------------------------------------------


def _ladder(evidence: Evidence) -> dict[str, Any]:
    names = evidence.ladder.participants
    lane = {name: (index + 0.5) / len(names) * 100 for index, name in enumerate(names)}
    rows = []
    for arrow in evidence.ladder.arrows:
        source, target = lane[arrow.source], lane[arrow.target]
        rows.append(
            {
                "arrow": arrow,
                "left": min(source, target),
                "width": abs(target - source),
                "rightward": target >= source,
                "kind": _kind(arrow.message.status),
            }
        )
    return {"lanes": lane, "rows": rows}


def _kind(status: int | None) -> str:
    if status is None:
        return "request"
    return "provisional" if status < 200 else "success" if status < 300 else "failure"


class _File(NamedTuple):
    name: str
    what: str


def _files(folder: Path) -> list[_File]:
    known = [
        _File("caller.wav", "the caller's phone: left what it sent, right what it heard"),
        _File("person.wav", "the person's phone: left what it sent, right what it heard"),
        _File("call.wav", "the agent: left the caller, right the agent"),
        _File("transcript.txt", "the transcript, for reading"),
        _File("transcript.json", "the transcript, for programs"),
        _File("ladder.txt", "the SIP ladder as text"),
        _File("events.jsonl", "every event of the agent"),
    ]
    return [file for file in known if (folder / file.name).exists()]
