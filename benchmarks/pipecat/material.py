"""What the caller says and does, the same to either agent. All of it is drawn by fixed seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from benchmarks import utterances
from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.audio.wav import save
from voiceagent.simulation.acting import Actor, Cast
from voiceagent.simulation.noises import cough
from voiceagent.simulation.sound import stretches
from voiceagent.speech.piper import levelled

QUESTIONS = (
    "Hello, when are you open?",
    "How much does delivery cost?",
    "Can I pay by credit card?",
    "Where do I find my invoice?",
    "How do I send something back?",
    "My voucher does not work.",
    "I have moved, and I need to change my address.",
    "Do you deliver abroad?",
    "Is the blue one still in stock?",
    "I want to exchange the shoes for another size.",
    "What time do you close on Fridays?",
    "How long does the delivery take?",
    "Do you accept vouchers?",
    "I would like a copy of the invoice.",
    "The parcel has not arrived yet.",
    "Can you send it to my office instead?",
    "Which parcel service do you use?",
    "Is there a fee for sending it back?",
    "I typed in the wrong street.",
    "Are you open on Saturdays?",
    "Do you have this in green?",
    "How can I reach you by mail?",
    "Can I pay when it arrives?",
    "When will I get my money back?",
)
HESITANT = (
    "I would like to know, when you are open on Saturdays.",
    "I ordered two pairs of shoes, and I want to send one back.",
    "Could you tell me, how much the delivery costs?",
    "My name is Miller, and my voucher does not work.",
    "I have moved to Berlin, and I need to change my address.",
    "If I order today, when will the parcel arrive?",
    "I looked in my account, but I cannot find the invoice.",
    "Do you have the blue one, in a smaller size?",
)
OPENING = "Please read me the terms."
INTERRUPTIONS = (
    "Sorry, could you read me the terms again?",
    "Stop. Read me the terms from the beginning.",
    "Wait a moment, what were the terms again?",
    "Hold on, please read the terms once more.",
    "Excuse me, can you repeat the terms?",
    "No, wait, please read me the terms again.",
    "One second, could you say the terms again?",
    "Please stop and start the terms from the top.",
    "I did not get that, what are the terms?",
    "Let me stop you there, what are the terms?",
)
MURMURS = ("Mm-hm.", "Uh-huh.", "Mhm.", "Mm.", "Mm-hmm.")
NUMBERS = "I have some order numbers for you."
_ACTORS = (Actor(114), Actor(90), Actor(107), Actor(84))
_SEED = 11
_FLOOR = 0.02
"""Share of the loudest sample below which a sound counts as a gap."""


@dataclass(frozen=True)
class Clip:
    """Something the caller says, or a noise."""

    file: Path
    ends_s: float
    """Where its sound ends; what follows is breath."""
    what: str
    """The text, the digits, or the kind of noise."""
    speaker: str = ""


class Material:
    """Clips as 8 kHz files in a folder, each beginning and ending with its sound."""

    def __init__(self, folder: Path, data: Path | None) -> None:
        self._folder = folder
        self._data = data
        self._made = 0

    @cached_property
    def _cast(self) -> Cast:
        return Cast()

    def questions(self, count: int) -> list[Clip]:
        return self._spoken(list(islice(cycle(QUESTIONS), count)))

    def hesitant(self, count: int) -> list[Clip]:
        """Sentences with a pause inside, of 0.4 to 0.9 s.

        Each is spoken in one piece and drawn apart where it is most silent, so that the melody
        before the pause is of a sentence that goes on. Two in three are of the packaged voice,
        the third is a person's where there are recordings.
        """
        random = np.random.default_rng(_SEED)
        machine = cycle(zip(HESITANT, cycle(_ACTORS), strict=False))
        people = cycle(self._people())
        found = []
        for number in range(count):
            person = next(people, None) if number % 3 == 2 else None
            if person is None:
                text, actor = next(machine)
                person = utterances.Spoken(text, self._cast.speak(text, actor), "joe-us", "")
            sound = drawn_apart(person.samples, random.uniform(0.4, 0.9))
            found.append(self._clip(sound, person.text, person.speaker))
        return found

    def numbers(self, each: int) -> list[list[Clip]]:
        """Six-digit numbers of people with pauses of 0.2 to 0.6 s, so many of each speaker."""
        if self._data is None:
            return []
        said = utterances.numbers(self._data, each, gaps=(0.2, 0.6), seed=_SEED)
        people = dict.fromkeys(one.speaker for one in said)
        return [
            [self._clip(one.samples, one.text, name) for one in said if one.speaker == name]
            for name in people
        ]

    def interruptions(self, count: int) -> list[Clip]:
        return self._spoken(list(islice(cycle(INTERRUPTIONS), count)))

    def noises(self, count: int) -> list[Clip]:
        """Coughs and murmurs in turn."""
        random = np.random.default_rng(_SEED)
        murmurs = cycle(zip(MURMURS, cycle(_ACTORS), strict=False))
        found = []
        for number in range(count):
            if number % 2:
                text, actor = next(murmurs)
                found.append(self._clip(self._cast.speak(text, actor), "murmur"))
            else:
                found.append(self._clip(cough(1 + number // 2 % 2, -20, random), "cough"))
        return found

    def says(self, text: str) -> Clip:
        return self._spoken([text])[0]

    def _spoken(self, said: Sequence[str]) -> list[Clip]:
        return [
            self._clip(self._cast.speak(text, actor), text)
            for text, actor in zip(said, cycle(_ACTORS), strict=False)
        ]

    def _people(self) -> list[utterances.Spoken]:
        if self._data is None:
            return []
        said = utterances.sentences(self._data)
        order = np.random.default_rng(_SEED).permutation(len(said))
        return [said[number] for number in order]

    def _clip(self, sound: Floats, what: str, speaker: str = "") -> Clip:
        sounding = np.flatnonzero(np.abs(sound) > _FLOOR * np.abs(sound).max())
        sound = sound[sounding[0] : sounding[-1] + 1]
        self._made += 1
        file = self._folder / f"clip-{self._made}.wav"
        save(file, levelled(sound) if speaker else sound)
        return Clip(file, stretches(sound, SAMPLE_RATE)[-1].end_s, what, speaker)


def drawn_apart(sound: Floats, seconds: float) -> Floats:
    """The sound with its quietest place in the middle made a silence of so many seconds."""
    hop = SAMPLE_RATE // 100
    blocks = sound[: sound.size // hop * hop].reshape(-1, hop)
    power = np.convolve(np.square(blocks).mean(axis=1), np.ones(5) / 5, "same")
    first, last = len(power) // 4, 3 * len(power) // 4
    quiet = first + int(np.argmin(power[first:last]))
    edge = power.max() * 1e-3
    start, end = quiet, quiet + 1
    while start > first and power[start - 1] <= edge:
        start -= 1
    while end < last and power[end] <= edge:
        end += 1
    pause = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    return np.concatenate([sound[: start * hop], pause, sound[end * hop :]])
