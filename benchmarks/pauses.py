"""Recordings with pauses inside what is said, as people pause: where a turn may be cut off.

People: EmoTale's English sentences, opened at places where a speaker may stop to think, and
six-digit numbers of single digits said in groups. Machines: what customers say, by the packaged
voice, opened in the same way; numbers announced and then given in groups; fillers; and answers
of a word or two. A pause lasts 0.3 to 1.2 s and is filled with the recording's own background.
Everything is drawn by a fixed seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import corpora, texts, utterances
from benchmarks.heard import Hearing
from benchmarks.texts import Half
from benchmarks.utterances import ORDER_NUMBER, RATE, Samples
from voiceagent.audio.frames import to_pcm
from voiceagent.events import Expectation, Word
from voiceagent.simulation.acting import Actor, Cast
from voiceagent.speech.readings import bare

PAUSE_S = (0.3, 1.2)
TUNING = {"emotale-004", "emotale-008", "emotale-012", "jackson"}
"""The people that limits were chosen on; all others are only judged."""
_PITCHES: dict[Half, tuple[int, ...]] = {"tune": (92, 104, 118), "test": (86, 98, 111)}
_BEFORE_S = 0.5
_AFTER_S = 2.6
_SOUND_DB = 30.0
"""What is this far below the loud sounds of a recording is no speech any more."""
_MOODS = ("neutral", "happiness")
_CUSTOMERS = 24
"""Sentences of customers in each half."""
_BREAKS = {
    "1": ("tablecloth", "lying"),
    "2": ("paper", "located", "there"),
    "3": ("upstairs", "and", "now", "going"),
    "4": ("be", "place", "where", "always"),
    "5": ("in", "hours", "be"),
}
"""Words of EmoTale's sentences after which a speaker may stop."""
_OPENS = re.compile(
    "(and|but|because|that|which|who|when|where|if|so|i|to|for|with|on|in|at|about|from|it|the|my"
    "|a|an|you|your|of|is|was)"
)
"""Words that people stop before, to think of what comes."""
YES_NO = Expectation(kind="yes_no", slot="confirmed")
_NUMBERS = (
    "My order number is <p> four seven, <p> one two, <p> two nine.",
    "Yes, it is <p> eight three one, <p> double five six.",
    "The number is nine oh, <p> two two, <p> four seven.",
    "It's order number <p> three one eight, <p> six oh four.",
    "My number is four seven <p> one two two nine.",
    "It is five six <p> seven seven <p> one three.",
)
_FILLED = (
    "I would like to, um, <p> change my address.",
    "It's about, uh, <p> my last invoice.",
    "Well, <p> I think I was charged twice.",
    "So, um, <p> where is my parcel?",
    "I have a question about, er, <p> the delivery costs.",
    "I need, <p> um, <p> to send something back.",
    "Can you tell me, um, <p> when you are open?",
    "I ordered a jacket and, uh, <p> it is the wrong size.",
)
_YES = ("Yes.", "No.", "Yes, please.", "No, thank you.", "Yeah, that's right.", "Correct.")


@dataclass(frozen=True)
class Stretch:
    """Seconds of a recording."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Recording:
    """One turn of a caller, on a quiet line."""

    name: str
    kind: str
    half: Half
    samples: Samples
    """At 8 kHz, with silence before and after."""
    pauses: tuple[Stretch, ...]
    """From the last sound before each to the first one after it."""
    end_s: float
    """The last sound."""
    asked: Expectation | None = None


def recordings(root: Path | None, hearing: Hearing) -> list[Recording]:
    """All of both halves; without the corpora those of machines alone."""
    people = [*_sentences(root, hearing), *_grouped(root)] if root else []
    return [*people, *_customers(hearing), *_composed()]


def _sentences(root: Path, hearing: Hearing) -> Iterator[Recording]:
    random = np.random.default_rng(1)
    for found in corpora.recordings(root):
        if found.corpus != "emotale-en" or found.emotion not in _MOODS:
            continue
        samples = corpora.read(found)
        half: Half = "tune" if found.speaker in TUNING else "test"
        name = found.path.stem
        words = hearing.hear(to_pcm(samples)).words
        after = _BREAKS[name[-1]]
        places = [
            number for number, word in enumerate(words[:-1]) if bare(word.word).strip() in after
        ]
        yield _opened(name, "emotale whole", half, samples, [], random)
        if places:
            cuts = _cuts(samples, words, _some(places, 2, random))
            yield _opened(name, "emotale", half, samples, cuts, random)


def _customers(hearing: Hearing) -> Iterator[Recording]:
    cast = Cast()
    random = np.random.default_rng(2)
    halves: tuple[Half, ...] = ("tune", "test")
    for half in halves:
        turns = texts.load("customer_turns", half)
        said = [text for text, mood in turns if mood == "neutral"][:_CUSTOMERS]
        for number, text in enumerate(said):
            actor = Actor(pitch=_PITCHES[half][number % 3])
            samples = utterances.line(cast.speak(text, actor))
            words = hearing.hear(to_pcm(samples)).words
            places = [
                place
                for place, (word, following) in enumerate(pairwise(words))
                if _OPENS.fullmatch(bare(following.word)) or word.word.endswith(",")
            ]
            yield _opened(text, "customers whole", half, samples, [], random)
            if places:
                cuts = _cuts(samples, words, _some(places, 2, random))
                yield _opened(text, "customers", half, samples, cuts, random)


def _grouped(root: Path) -> Iterator[Recording]:
    """Six digits of one person in groups of two or three, asked for."""
    takes: dict[tuple[str, str], list[Samples]] = {}
    for path in sorted((root / "digits").glob("*.flac")):
        digit, speaker, _ = path.stem.split("_")
        takes.setdefault((speaker, digit), []).append(utterances.load(path))
    random = np.random.default_rng(3)
    for speaker in sorted({speaker for speaker, _ in takes}):
        half: Half = "tune" if speaker in TUNING else "test"
        for number in range(16):
            digits = [str(digit) for digit in random.integers(0, 10, 6)]
            size = (2, 3, 0, 2)[number % 4]
            pieces: list[Samples] = []
            cuts: list[int] = []
            for place, digit in enumerate(digits):
                if place:
                    pieces.append(_silence(random.uniform(0.06, 0.25)))
                    if size and place % size == 0:
                        cuts.append(sum(piece.size for piece in pieces))
                choice = takes[speaker, digit]
                pieces.append(_trimmed(choice[random.integers(len(choice))]))
            samples = utterances.line(np.concatenate(pieces))
            kind = "digits" if size else "digits whole"
            name = f"{speaker} {''.join(digits)}"
            yield _opened(name, kind, half, samples, cuts, random, ORDER_NUMBER)


def _composed() -> Iterator[Recording]:
    cast = Cast()
    random = np.random.default_rng(4)
    groups = (
        ("numbers", _NUMBERS, None),
        ("fillers", _FILLED, None),
        ("yes or no", _YES, YES_NO),
    )
    for kind, lines, asked in groups:
        for number, text in enumerate(lines):
            half: Half = "tune" if number % 2 else "test"
            for pitch in _PITCHES[half]:
                parts = [
                    utterances.line(cast.speak(part.strip(), Actor(pitch=pitch)))
                    for part in text.split("<p>")
                ]
                cuts = [int(cut) for cut in np.cumsum([part.size for part in parts])[:-1]]
                samples = np.concatenate(parts)
                name = f"{text} ({pitch})"
                yield _opened(name, kind, half, samples, cuts, random, asked)
    halves: tuple[Half, ...] = ("tune", "test")
    for half in halves:
        for number, (text, _) in enumerate(texts.load("answers", half)):
            actor = Actor(pitch=_PITCHES[half][number % 3])
            samples = utterances.line(cast.speak(text, actor))
            yield _opened(text, "answers whole", half, samples, [], random)


def _some(places: list[int], most: int, random: np.random.Generator) -> list[int]:
    """Up to so many of the places, not next to each other."""
    chosen = sorted(random.permutation(places)[: int(random.integers(1, most + 1))])
    return [
        int(place)
        for number, place in enumerate(chosen)
        if not number or place - chosen[number - 1] > 1
    ]


def _cuts(samples: Samples, words: tuple[Word, ...], places: list[int]) -> list[int]:
    """The quietest moment at the border after each of these words."""
    found = []
    for place in places:
        around = words[place].end_s, words[place + 1].start_s
        first = max(0, round((min(around) - 0.06) * RATE))
        last = min(samples.size, round((max(around) + 0.08) * RATE))
        power = np.convolve(np.square(samples[first:last]), np.ones(160), mode="same")
        found.append(first + int(power.argmin()))
    return found


def _opened(
    name: str,
    kind: str,
    half: Half,
    samples: Samples,
    cuts: list[int],
    random: np.random.Generator,
    asked: Expectation | None = None,
) -> Recording:
    """The recording with a pause at each cut."""
    blocks = samples[: samples.size // 80 * 80].reshape(-1, 80)
    levels = np.sqrt(np.square(blocks).mean(axis=1) + 1e-12)
    background = float(np.clip(np.percentile(levels, 5), 1e-4, 2e-3))
    sound = float(np.percentile(levels, 95)) * 10 ** (-_SOUND_DB / 20)
    sound = max(sound, 3 * background)
    borders = [0, *cuts, samples.size]
    pieces = [_faded(samples[a:b]) for a, b in pairwise(borders)]
    inside = [_extent(piece, sound) for piece in pieces]
    made = [_hiss(_BEFORE_S, background, random)]
    extents: list[Stretch] = []
    at = made[0].size
    for number, (piece, sounds) in enumerate(zip(pieces, inside, strict=True)):
        extents.append(Stretch(at / RATE + sounds.start_s, at / RATE + sounds.end_s))
        seconds = _AFTER_S
        if number + 1 < len(pieces):
            # The pieces' own quiet edges are part of the pause.
            quiet = piece.size / RATE - sounds.end_s + inside[number + 1].start_s
            seconds = max(0.02, random.uniform(*PAUSE_S) - quiet)
        made += [piece, _hiss(seconds, background, random)]
        at += piece.size + made[-1].size
    pauses = [Stretch(before.end_s, after.start_s) for before, after in pairwise(extents)]
    return Recording(
        name, kind, half, np.concatenate(made), tuple(pauses), extents[-1].end_s, asked
    )


def _extent(piece: Samples, sound: float) -> Stretch:
    """From the first to the last 10 ms that sound."""
    blocks = piece[: piece.size // 80 * 80].reshape(-1, 80)
    sounding = np.flatnonzero(np.sqrt(np.square(blocks).mean(axis=1)) > sound)
    if not sounding.size:
        return Stretch(0.0, piece.size / RATE)
    return Stretch(sounding[0] * 0.01, (sounding[-1] + 1) * 0.01)


def _trimmed(digit: Samples) -> Samples:
    """A digit without the silence of its recording."""
    loud = np.flatnonzero(np.abs(digit) > 0.02 * np.abs(digit).max())
    return digit[loud[0] : loud[-1] + 1]


def _faded(piece: Samples) -> Samples:
    edge = min(40, piece.size // 2)
    ramp = np.linspace(0, 1, edge, dtype=np.float32)
    faded = piece.copy()
    faded[:edge] *= ramp
    faded[faded.size - edge :] *= ramp[::-1]
    return faded


def _hiss(seconds: float, level: float, random: np.random.Generator) -> Samples:
    return (level * random.standard_normal(round(seconds * RATE))).astype(np.float32)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)
