"""What a caller's line carries while the agent speaks: interruptions, and everything else.

People: EmoTale's English sentences. Machines: what callers say to cut in, listening sounds and
words, by the packaged voice at several pitches. By rule: coughs, babble, line noise, street,
tones, clicks. A recording's own background lies beneath, and the agent's echo in a third of
them. Everything is drawn by a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import corpora, utterances
from benchmarks.pauses import TUNING
from benchmarks.texts import Half
from benchmarks.utterances import RATE, Samples
from voiceagent.audio.frames import to_float
from voiceagent.audio.tones import ringback, tone
from voiceagent.simulation.acting import Actor, Cast
from voiceagent.simulation.noises import cough, noise
from voiceagent.speech.piper import levelled

AGENT_S = 8.0
"""How long the agent speaks, from the start of the call."""
_AFTER_S = 3.0
_PITCHES: dict[Half, tuple[int, ...]] = {"tune": (92, 104, 118), "test": (86, 98, 111)}
_LEVELS_DB = (-16.0, -22.0, -28.0)
_AGENT_DB = -20.0
_SOUNDS = 10 ** (-25 / 20)
"""What is this far below the loudest 20 ms is no sound of its own yet."""
_AGENT_SAYS = (
    "Your order was sent on Monday and should be with you by the end of the week. You can follow "
    "it on our website at any time, with the number that is in the message we sent you."
)
CUT_IN = (
    "Stop.",
    "Wait a moment.",
    "No, that is wrong.",
    "Excuse me, I have a question.",
    "I want to talk to a person.",
    "Hold on, please.",
    "That is not what I asked.",
    "Can you say that again?",
    "But I have already paid for it.",
    "Never mind, cancel it.",
    "My number is four seven one.",
    "When will it arrive?",
    "Hang on, which order do you mean?",
    "Listen, it never arrived.",
    "Yes, but it was the wrong size.",
    "Just connect me with somebody.",
)
HUMS = ("Mhm.", "Mm-hmm.", "Uh-huh.", "Hmm.")
NODS = ("Okay.", "Yeah.", "Right.", "Yes.", "Okay, okay.", "Alright.", "Sure.", "Yeah, yeah.")


@dataclass(frozen=True)
class Overlap:
    """A call in which the agent speaks from the start."""

    name: str
    kind: str
    half: Half
    samples: Samples
    start_s: float
    """First sound of what overlaps."""
    end_s: float
    interrupts: bool


def overlaps(root: Path | None) -> list[Overlap]:
    """All of both halves; without the corpora those of machines and rules alone."""
    return list(_all(root))


def _all(root: Path | None) -> Iterator[Overlap]:
    random = np.random.default_rng(1)
    cast = Cast()
    agent = utterances.line(levelled(cast.speak(_AGENT_SAYS, Actor(pitch=100)), level_db=0.0))
    makes: list[tuple[str, str, Half, Samples, bool]] = []
    halves: tuple[Half, ...] = ("tune", "test")
    for found in corpora.recordings(root) if root else ():
        if found.corpus == "emotale-en" and found.emotion in ("neutral", "anger"):
            half: Half = "tune" if found.speaker in TUNING else "test"
            makes.append((found.path.stem, "people", half, corpora.read(found), True))
    for half in halves:
        for pitch in _PITCHES[half]:
            actor = Actor(pitch=pitch)
            for kind, lines in (("voices", CUT_IN), ("hums", HUMS), ("nods", NODS)):
                for text in lines[half == "test" :: 2] if kind == "voices" else lines:
                    said = utterances.line(cast.speak(text, actor))
                    makes.append((f"{text} ({pitch})", kind, half, said, kind == "voices"))
        for number in range(24):
            sound = cough(1 + number % 3, 0.0, random)
            makes.append((f"cough {number}", "coughs", half, utterances.line(0.3 * sound), False))
        for number in range(4):
            for kind in ("white", "street", "babble"):
                sound = noise(kind, 6.0, -20, random, cast)
                makes.append((f"{kind} {number}", f"noise, {kind}", half, sound, False))
        for pcm, name in _tones(half):
            makes.append((name, "tones", half, utterances.line(to_float(pcm)), False))
        for number in range(4):
            makes.append((f"clicks {number}", "clicks", half, _clicks(random), False))
        for number in range(6):
            makes.append((f"echo {number}", "echo", half, np.zeros(RATE, np.float32), False))
    for number, (name, kind, half, sound, interrupts) in enumerate(makes):
        echo_db = (None, None, float(random.uniform(-35, -25)))[number % 3]
        if kind == "echo":
            echo_db = (-25.0, -28.0, -30.0, -32.0, -35.0, -25.0)[int(name[-1])]
        level = _LEVELS_DB[number % 3]
        if kind.startswith("noise"):
            level = float(random.uniform(-50, -38))
        yield _over(name, kind, half, sound, level, interrupts, agent, echo_db, random)


def _over(
    name: str,
    kind: str,
    half: Half,
    sound: Samples,
    level_db: float,
    interrupts: bool,
    agent: Samples,
    echo_db: float | None,
    random: np.random.Generator,
) -> Overlap:
    steady = kind.startswith("noise")
    start_s = 0.0 if steady else float(random.uniform(1.5, 3.0))
    count = round((AGENT_S + _AFTER_S) * RATE)
    line = 3e-4 * random.standard_normal(count)
    if steady:
        line += np.resize(sound, count) * 10 ** ((level_db + 20) / 20)
        start, end = 0, count
    else:
        blocks = sound[: sound.size // 160 * 160].reshape(-1, 160)
        levels = np.sqrt(np.square(blocks).mean(axis=1))
        loud = float(np.sqrt(np.mean(levels[levels >= 0.1 * levels.max()] ** 2))) + 1e-9
        sounding = np.flatnonzero(levels > _SOUNDS * levels.max())
        first = round(start_s * RATE)
        line[first : first + sound.size] += sound * 10 ** (level_db / 20) / loud
        start = first + 160 * int(sounding[0]) if sounding.size else first
        end = first + 160 * int(sounding[-1] + 1) if sounding.size else first
    if echo_db is not None:
        late = round(random.uniform(0.06, 0.2) * RATE)
        echo = agent[: round(AGENT_S * RATE) - late] * 10 ** ((_AGENT_DB + echo_db) / 20)
        line[late : late + echo.size] += echo
    sent = corpora.mulaw(line).astype(np.float32)
    return Overlap(name, kind, half, sent, start / RATE, end / RATE, interrupts)


def _tones(half: Half) -> Iterator[tuple[bytes, str]]:
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    for number, row in enumerate(rows):
        for place, column in enumerate(columns):
            if (number + place) % 2 == (half == "test"):
                yield tone(row, column, seconds=0.2 + 0.1 * place), f"DTMF {row} {column}"
    yield ringback()[: 2 * 2 * RATE], "ringback"
    if half == "tune":
        yield tone(1100, seconds=0.5), "fax, calling"
    else:
        yield tone(2100, seconds=2.5), "fax, answering"
        yield tone(480, 620, seconds=0.5), "busy"


def _clicks(random: np.random.Generator) -> Samples:
    sound = np.zeros(RATE, np.float32)
    for at in random.integers(0, RATE - 200, 4):
        burst = random.standard_normal(random.integers(8, 80))
        sound[at : at + burst.size] = 0.3 * burst
    return sound
