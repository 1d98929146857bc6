"""Whether an agent did what a scenario expects, by the recording of the caller's telephone.

All times are measured at the caller's ear: from the caller's own sound as it left their
telephone to the agent's as it came back.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from text_to_num import alpha2digit

from voiceagent.audio.frames import SAMPLE_RATE, Floats
from voiceagent.simulation.play import PAUSE_S, Deed, Performance
from voiceagent.simulation.scenario import Listen, Step
from voiceagent.simulation.sound import FRAME_S, Stretch, active, stretches

Transcribe = Callable[[Floats], str]
"""Speech at 8 kHz in, its words out."""

_AFTERWARDS_S = 1.0
"""How long after a cough the agent is watched."""
_FALSE_START_S = 0.05
_BEFORE_S = 0.2
_WHOLE_WORD = 6
"""A text of so many letters is also found where the recogniser cut its words otherwise."""


@dataclass(frozen=True)
class Judgement:
    """One expectation, and what was measured."""

    line: int
    """Line of the step in the scenario's file; 0 for the call as a whole."""
    expected: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Judged:
    """A whole call."""

    judgements: tuple[Judgement, ...]
    answers_s: tuple[float, ...]
    """From the end of what the caller said to the agent's answer, for each answer heard."""

    @property
    def holds(self) -> bool:
        """Whether every expectation was met."""
        return all(judgement.holds for judgement in self.judgements)


def judge(performance: Performance, received: Floats, transcribe: Transcribe) -> Judged:
    """Judge a call.

    Args:
        received: what the caller heard, mono at 8 kHz, from the start of the recording.
        transcribe: used only where words are expected.
    """
    return _Court(performance, received, transcribe).judge()


def says(text: str, expected: str, language: str = "en") -> bool:
    """Whether a text holds the expected words, however numbers are written and words are cut."""
    said, wanted = _plain(text, language), _plain(expected, language)
    if f" {wanted} " in f" {said} ":
        return True
    letters = wanted.replace(" ", "")
    return len(letters) >= _WHOLE_WORD and letters.isalpha() and letters in said.replace(" ", "")


def _plain(text: str, language: str) -> str:
    """Lower case without punctuation, numbers in figures, figures that follow each other as one."""
    words = re.sub(r"[^\w\s]", " ", re.sub(r"[’']", "", text.lower()))
    with contextlib.suppress(ValueError):  # a language whose numerals are not known there
        words = alpha2digit(words, language)
    return re.sub(r"(?<=\d)\s+(?=\d)", "", " ".join(words.split()))


@dataclass
class _Court:
    performance: Performance
    received: Floats
    transcribe: Transcribe
    answers_s: list[float] = field(default_factory=list)

    def judge(self) -> Judged:
        performance = self.performance
        self._sound = active(self.received, SAMPLE_RATE)
        self._speech = stretches(self.received, SAMPLE_RATE, join_s=PAUSE_S)
        judgements = [self._answered()]
        if performance.answered_s is not None:
            for number, step in enumerate(performance.scenario.steps):
                line = performance.scenario.line(number)
                judgements += [
                    Judgement(line, expected, measured, holds)
                    for expected, measured, holds in self._step(number, step)
                ]
        return Judged(tuple(judgements), tuple(self.answers_s))

    def _answered(self) -> Judgement:
        performance = self.performance
        limit_s = performance.scenario.answered_within_s
        expected = f"the call is answered within {limit_s:g} s"
        if performance.answered_s is None:
            return Judgement(0, expected, performance.refusal, False)
        took_s = performance.answered_s - performance.dialled_s
        return Judgement(0, expected, f"{took_s:.2f} s", took_s <= limit_s)

    def _step(self, number: int, step: Step) -> Iterator[tuple[str, str, bool]]:
        broken = self.performance.broken_off
        if (deed := self.performance.deeds.get(number)) is None:
            if broken is not None and broken[0] == number:
                yield f"{step.action} can be done", broken[1], False
            else:
                yield f"{step.action} is reached", "not reached", False
            return
        if step.listen is not None:
            yield from self._listened(number, step.listen, deed)
        elif step.transferred is not None:
            yield self._connected(number, step.transferred.within_s)
        elif step.ended is not None:
            yield self._ended(number, step.ended.within_s)
        elif step.stops_within_ms is not None:
            yield self._stops(deed, step.stops_within_ms)
        elif step.goes_on:
            yield self._goes_on(deed)

    # -- what the agent said --------------------------------------------------------------------

    def _listened(self, number: int, listen: Listen, deed: Deed) -> Iterator[tuple[str, str, bool]]:
        asked, since_s, done_s = self._before(number)
        answer = [s for s in self._speech if since_s < s.start_s < deed.end_s]
        began_s = answer[0].start_s if answer else None
        gap_s = None if began_s is None else began_s - done_s
        if asked and gap_s is not None:
            self.answers_s.append(gap_s)
        if listen.within_s is not None:
            yield self._prompt(gap_s, listen.within_s)
        if not (listen.contains or listen.not_contains or listen.matches):
            return
        text = self._words(began_s, deed.end_s)
        heard, language = f"“{text}”", self.performance.scenario.language
        for part in listen.contains:
            yield f"says “{part}”", heard, says(text, part, language)
        for part in listen.not_contains:
            yield f"does not say “{part}”", heard, not says(text, part, language)
        if listen.matches is not None:
            found = re.search(listen.matches, text, re.IGNORECASE) is not None
            yield f"says what matches {listen.matches}", heard, found

    def _prompt(self, gap_s: float | None, within_s: float) -> tuple[str, str, bool]:
        expected = f"answers within {within_s:g} s"
        if gap_s is None:
            return expected, "no sound", False
        if gap_s < -_FALSE_START_S:
            return expected, f"began {-gap_s:.2f} s before the caller had finished", False
        return expected, f"{gap_s:.2f} s", gap_s <= within_s

    def _words(self, began_s: float | None, ended_s: float) -> str:
        if began_s is None:
            return ""
        first, last = (round(at * SAMPLE_RATE) for at in (max(0, began_s - _BEFORE_S), ended_s))
        return self.transcribe(self.received[first:last])

    def _before(self, number: int) -> tuple[bool, float, float]:
        """What an answer belongs to: whether it is to something the caller said, after what
        moment it may begin, and from what moment it is waited for."""
        performance = self.performance
        assert performance.answered_s is not None
        for earlier in reversed(range(number)):
            step, deed = performance.scenario.steps[earlier], performance.deeds[earlier]
            if step.is_turn:
                return True, deed.start_s, deed.end_s
            if step.action in ("listen", "hold"):
                return False, deed.end_s, deed.end_s
        return False, performance.answered_s - 0.5, performance.answered_s

    # -- what the agent did ---------------------------------------------------------------------

    def _speaking(self, at_s: float) -> Stretch | None:
        return next((s for s in self._speech if s.start_s <= at_s < s.end_s), None)

    def _stops(self, deed: Deed, within_ms: int) -> tuple[str, str, bool]:
        expected = f"falls silent within {within_ms} ms"
        speech = self._speaking(deed.start_s)
        if speech is None:
            return expected, "was not speaking when interrupted", False
        took_ms = (speech.end_s - deed.start_s) * 1000
        return expected, f"{took_ms:.0f} ms", took_ms <= within_ms

    def _goes_on(self, deed: Deed) -> tuple[str, str, bool]:
        expected = "goes on speaking"
        if self._speaking(deed.start_s) is None:
            return expected, "was not speaking when it came", False
        first, last = (round(at / FRAME_S) for at in (deed.start_s, deed.end_s + _AFTERWARDS_S))
        pauses = np.diff(np.flatnonzero(np.concatenate([[True], self._sound[first:last], [True]])))
        longest_s = (int(pauses.max()) - 1) * FRAME_S
        return expected, f"longest pause {longest_s * 1000:.0f} ms", longest_s <= PAUSE_S

    def _connected(self, number: int, within_s: float) -> tuple[str, str, bool]:
        expected = f"the caller is transferred within {within_s:g} s"
        at_s = self.performance.connected_s
        return expected, *self._since_last_turn(number, at_s, within_s)

    def _ended(self, number: int, within_s: float) -> tuple[str, str, bool]:
        expected = f"the agent ends the call within {within_s:g} s"
        return expected, *self._since_last_turn(number, self.performance.ended_s, within_s)

    def _since_last_turn(
        self, number: int, at_s: float | None, within_s: float
    ) -> tuple[str, bool]:
        if at_s is None:
            return "not seen", False
        performance = self.performance
        turns = [n for n in range(number) if performance.scenario.steps[n].is_turn]
        since_s = performance.deeds[turns[-1]].end_s if turns else performance.answered_s
        assert since_s is not None
        return f"{at_s - since_s:.1f} s", at_s - since_s <= within_s
