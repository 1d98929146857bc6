"""A call in virtual time: frames through voice activity and turn-taking, with recognition that
answers when it would."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE
from voiceagent.audio.vad import Activity, VoiceActivity
from voiceagent.config import Turns
from voiceagent.events import Expectation, Utterance
from voiceagent.speech.turncommands import (
    Command,
    DropDecode,
    EndTurn,
    ResumeAgent,
    StartDecode,
    StopAgent,
)
from voiceagent.speech.turntaking import TurnTaking

DECODE_S = 0.25
Hear = Callable[[bytes], Utterance]


@dataclass
class Heard:
    """What happened, each with its moment in seconds."""

    ends: list[tuple[float, EndTurn]] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    resumes: list[float] = field(default_factory=list)
    decodes: int = 0
    """How many were begun."""


def frames(pcm: bytes) -> list[bytes]:
    """The whole frames of it."""
    whole = len(pcm) // FRAME_BYTES * FRAME_BYTES
    return [pcm[start : start + FRAME_BYTES] for start in range(0, whole, FRAME_BYTES)]


def activities(pcm: bytes) -> list[Activity]:
    """The activity of each frame of a call that is `pcm`."""
    voice = VoiceActivity()
    return [voice.push(frame) for frame in frames(pcm)]


def listen(
    pcm: bytes,
    active: list[Activity],
    turns: Turns,
    hear: Hear,
    *,
    asked: Expectation | None = None,
    decode_s: float = DECODE_S,
    agent_until_s: float = 0.0,
    until_ended: bool = False,
) -> Heard:
    """Play a call.

    Args:
        pcm: what the caller's side sends, 16-bit at 8 kHz.
        active: its `activities`.
        hear: the recogniser; asked only for what is still wanted when it would answer.
        decode_s: how long recognition takes.
        agent_until_s: the agent speaks from the start until then.
        until_ended: whether the call is over with the first turn.
    """
    machine = TurnTaking(turns)
    machine.expect(asked)
    heard = Heard()
    pending: dict[int, tuple[float, StartDecode]] = {}
    speaking = False

    def obey(t: float, commands: list[Command]) -> None:
        nonlocal speaking
        for command in commands:
            match command:
                case StartDecode():
                    pending[command.decode_id] = (t + decode_s, command)
                    heard.decodes += 1
                case DropDecode():
                    pending.pop(command.decode_id, None)
                case EndTurn():
                    heard.ends.append((t, command))
                case StopAgent():
                    heard.stops.append(t)
                case ResumeAgent():
                    heard.resumes.append(t)

    if agent_until_s:
        speaking = True
        obey(0.0, machine.agent_started(0.0))
    for number, activity in enumerate(active):
        if until_ended and heard.ends:
            break
        t = (number + 1) * FRAME_S
        obey(t, machine.audio(t, *activity))
        for decode_id, (due, decode) in list(pending.items()):
            if t >= due - 1e-9 and decode_id in pending:
                del pending[decode_id]
                first, last = (
                    2 * round(moment * SAMPLE_RATE) for moment in (decode.start_s, decode.end_s)
                )
                said = hear(pcm[first:last])
                obey(t, machine.recognised(t, decode_id, said.text, said.confidence))
        if speaking and t >= agent_until_s:
            speaking = False
            obey(t, machine.agent_stopped(t))
    return heard


def share(found: Sequence[bool]) -> float:
    """How many of them, of all."""
    return round(sum(found) / max(len(found), 1), 3)


def options(about: str | None) -> argparse.Namespace:
    """What the command line says: `model`, `decode_ms` and `mistakes`."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--model", default="whisper-base", help="the recogniser")
    parser.add_argument("--decode-ms", type=int, default=round(1000 * DECODE_S))
    parser.add_argument("--mistakes", action="store_true", help="tell what went wrong too")
    return parser.parse_args()
