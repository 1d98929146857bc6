"""What a demonstration call left in its folder, read back and judged.

The folder holds ``events.jsonl`` (a record a line), ``sip-<party>.log`` (PJSIP's own logs),
``caller.wav`` and ``person.wav`` (what each phone sent, left, and received, right; with a
``.json`` that says when they begin) and ``call.wav`` (the agent's: left caller, right agent).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from voiceagent.audio.wav import AudioFileError, load_channels
from voiceagent.events import RECORD, CallAnswered, CallArrived, CallerHeld, Record
from voiceagent.simulation.ladder import Ladder, build
from voiceagent.simulation.moments import (
    Moment,
    complaints,
    first_sound,
    gaps,
    moments,
)
from voiceagent.simulation.proof import Heard, heard
from voiceagent.simulation.sound import Samples
from voiceagent.simulation.wire import Wire
from voiceagent.telephony.trace import read_trace

RATE = 8000
PARTIES = ("caller", "agent", "person")
_SETTLE_S = 0.3
"""Audio already under way when the agent leaves is not held against it."""
_MOST_FOREIGN = 0.2
"""How much of what a side hears may be something else than the other side."""


@dataclass(frozen=True)
class Track:
    """A recording with two channels, 8 kHz, samples from -1 to 1."""

    name: str
    starts_s: float
    """Seconds from the first INVITE to the recording's first sample."""
    left: Samples
    right: Samples

    @property
    def ends_s(self) -> float:
        """End of the recording, seconds from the start of the call."""
        return self.starts_s + len(self.left) / RATE

    def cut(self, channel: Samples, start_s: float, end_s: float) -> Samples:
        """Part of a channel between two moments of the call, silence where there is none."""
        whole = np.zeros(max(0, round((end_s - start_s) * RATE)), np.float32)
        offset = round((self.starts_s - start_s) * RATE)
        source = channel[max(0, -offset) : max(0, len(whole) - offset)]
        whole[max(0, offset) : max(0, offset) + len(source)] = source
        return whole


@dataclass(frozen=True)
class Proof:
    """One claim about who hears whom, with the measurement."""

    claim: str
    measured: Heard
    expected: bool
    alone: bool = False
    """Whether the claim is also that nothing else was heard."""

    @property
    def holds(self) -> bool:
        """Whether the measurement bears the claim out."""
        foreign = self.alone and self.measured.foreign > _MOST_FOREIGN
        return bool(self.measured) is self.expected and not foreign


@dataclass(frozen=True)
class Evidence:
    """All that a call left behind, and what follows from it."""

    folder: Path
    records: tuple[Record, ...]
    """The records of the call, in order."""
    ladder: Ladder
    tracks: dict[str, Track]
    """By name: ``caller``, ``person``, ``call``."""
    moments: list[Moment]
    proofs: list[Proof]
    complaints: list[str]
    """Everything that keeps the call from being proved whole; empty when it is."""


def gather(folder: Path) -> Evidence:
    """Read a run's folder and judge it. What is missing becomes a complaint.

    Raises:
        ValueError: a line of events.jsonl is not a record; the text names the line.
    """
    faults: list[str] = []
    everything = _records(folder / "events.jsonl", faults)
    begun = _beginnings(folder)
    earliest = min([*begun.values(), *(r.at.timestamp() for r in everything[:1])], default=0.0)
    ladder = _ladder(folder, earliest, faults)
    wire = Wire(ladder)
    records = _of_call(everything, wire.call_id)
    for record in records:
        if isinstance(record.event, CallAnswered):
            begun.setdefault("call", record.at.timestamp())
    tracks = {
        name: track
        for name in ("caller", "person", "call")
        if (track := _track(folder / f"{name}.wav", begun, ladder.started_at, faults))
    }
    table = _moments(records, ladder, tracks.get("caller"))
    proofs = _proofs(wire, tracks, _held_s(records))
    if not proofs:
        faults.append("who hears whom after the transfer cannot be shown: steps or files missing")
    faults += complaints(table)
    faults += [f"not shown: {proof.claim}" for proof in proofs if not proof.holds]
    return Evidence(folder, records, ladder, tracks, table, proofs, faults)


# -- reading ------------------------------------------------------------------------------------


def _records(path: Path, faults: list[str]) -> tuple[Record, ...]:
    if not path.exists():
        faults.append(f"{path.name}: missing")
        return ()
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        try:
            records.append(RECORD.validate_json(line))
        except ValidationError as error:
            raise ValueError(f"{path}:{number}: is not a record: {error}") from error
    return tuple(records)


def _of_call(records: Sequence[Record], sip_call_id: str) -> tuple[Record, ...]:
    """The records of the call with that Call-ID, or of the first call when none has it."""
    arrived = [(r.call_id, r.event.facts) for r in records if isinstance(r.event, CallArrived)]
    named = [call_id for call_id, facts in arrived if facts.sip_call_id == sip_call_id]
    wanted = next(iter(named or [call_id for call_id, _ in arrived]), None)
    return tuple(r for r in records if r.call_id == wanted)


def _beginnings(folder: Path) -> dict[str, float]:
    """When each recording with a note beside it begins, Unix seconds."""
    notes = {p.stem: p for p in folder.glob("*.json") if p.with_suffix(".wav").exists()}
    return {
        name: float(json.loads(path.read_text(encoding="utf-8"))["started_at"])
        for name, path in notes.items()
    }


def _ladder(folder: Path, earliest: float, faults: list[str]) -> Ladder:
    traces = {}
    for party in PARTIES:
        path = folder / f"sip-{party}.log"
        if path.exists():
            traces[party] = read_trace(path, earliest)
        else:
            faults.append(f"{path.name}: missing")
    try:
        return build(traces)
    except ValueError as error:
        faults.append(str(error))
        return Ladder(earliest, tuple(traces), ())


def _track(path: Path, begun: dict[str, float], origin: float, faults: list[str]) -> Track | None:
    if path.stem not in begun:
        faults.append(f"{path.name}: missing, or nothing says when it begins")
        return None
    try:
        channels = load_channels(path, RATE)
    except AudioFileError as error:
        faults.append(str(error))
        return None
    if len(channels) != 2:
        faults.append(f"{path.name}: has {len(channels)} channels instead of 2")
        return None
    return Track(path.stem, begun[path.stem] - origin, channels[0], channels[1])


# -- judging ------------------------------------------------------------------------------------


def _moments(records: tuple[Record, ...], ladder: Ladder, caller: Track | None) -> list[Moment]:
    if caller is None:
        return moments(records, ladder)
    # From the moment of hold on there is music, and then a person: neither is the agent.
    end_s = _held_s(records) or caller.ends_s
    start_s = max(0.0, caller.starts_s)
    sent = caller.cut(caller.left, start_s, end_s)
    received = caller.cut(caller.right, start_s, end_s)
    measured = gaps(sent, received, RATE, start_s)
    return moments(records, ladder, measured, first_sound(received, RATE, start_s))


def _held_s(records: tuple[Record, ...]) -> float | None:
    return next((r.t_s for r in records if isinstance(r.event, CallerHeld)), None)


def _proofs(wire: Wire, tracks: dict[str, Track], held_s: float | None) -> list[Proof]:
    if len(tracks) < 3 or wire.answer is None or wire.legs_ended is None or held_s is None:
        return []
    caller, person, call = tracks["caller"], tracks["person"], tracks["call"]
    start = wire.legs_ended.at_s + _SETTLE_S
    end = wire.parted.at_s if wire.parted else min(caller.ends_s, person.ends_s)

    def between(
        talker: tuple[Track, Samples], listener: tuple[Track, Samples], start: float, end: float
    ) -> Heard:
        sent, received = (track.cut(side, start, end) for track, side in (talker, listener))
        return heard(sent, received, RATE)

    at_caller, at_person, agent = (
        (caller, caller.right),
        (person, person.right),
        (call, call.right),
    )
    return [
        Proof(
            "before the handover the caller hears the agent",
            between(agent, at_caller, wire.answer.at_s, held_s),
            expected=True,
        ),
        Proof(
            "after it the caller hears the person and nothing else",
            between((person, person.left), at_caller, start, end),
            expected=True,
            alone=True,
        ),
        Proof(
            "after it the person hears the caller and nothing else",
            between((caller, caller.left), at_person, start, end),
            expected=True,
            alone=True,
        ),
        Proof(
            "after it the caller no longer hears the agent",
            between(agent, at_caller, start, end),
            expected=False,
        ),
        Proof(
            "after it the person no longer hears the agent",
            between(agent, at_person, start, end),
            expected=False,
        ),
    ]
