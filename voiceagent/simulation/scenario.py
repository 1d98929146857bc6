"""A scenario: what a caller says and does, and what is expected of the agent.

Scenarios are regression tests of dialplans, in YAML. See docs/tools.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    StringConstraints,
    field_validator,
    model_validator,
)

from voiceagent.audio import wav
from voiceagent.config.section import Section
from voiceagent.dialogue import document
from voiceagent.dialogue.document import DocumentError
from voiceagent.dialogue.validation import validate
from voiceagent.simulation.acting import PAUSE, Actor
from voiceagent.simulation.noises import Kind

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=600)]


def _spoken(value: str) -> str:
    words = PAUSE.sub("", value)
    if "<" in words or ">" in words:
        raise ValueError("holds a < that begins no pause: write pauses as <0.8s>")
    if not any(letter.isalnum() for letter in words):
        raise ValueError("holds no words: write what the caller says, or use silence")
    return value


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error}): mend it or use contains") from error
    return value


Spoken = Annotated[Text, AfterValidator(_spoken)]
Pattern = Annotated[Text, AfterValidator(_pattern)]


class ScenarioError(DocumentError):
    """The scenario cannot be used."""


class Part(Section):
    """Something that is written in a scenario."""


class Noise(Part):
    """What is heard behind the caller during the whole call."""

    kind: Kind
    snr_db: Annotated[float, Field(ge=-10, le=60)]
    """How far it is below the caller's voice."""


class Caller(Part):
    """Who calls."""

    voice: Text = "joe-us"
    """A voice of `voiceagent models list`, or the path of a Piper .onnx file."""
    pitch: Annotated[float, Field(ge=60, le=160)] = 100
    """Percent of the voice's own."""
    rate: Annotated[float, Field(ge=50, le=200)] = 100
    """Speed, percent of the voice's own."""
    level_db: Annotated[float, Field(ge=-50, le=-6)] = -20
    """Level of active speech, dBFS."""
    noise: Noise | None = None
    loss: Annotated[float, Field(ge=0, le=50)] = 0
    """Percent of the caller's 20 ms frames that are lost on the line."""

    @property
    def actor(self) -> Actor:
        """Whose voice it is."""
        return Actor(self.pitch, self.rate, self.level_db)


class Listen(Part):
    """Wait until the agent has begun to speak and has finished."""

    within_s: Seconds | None = None
    """It begins so soon after the caller's last sound; for the greeting, after answering. An
    agent that begins before the caller has finished fails."""
    contains: tuple[Text, ...] = ()
    """All of these are said. Digits count in words and in figures alike."""
    not_contains: tuple[Text, ...] = ()
    """None of these is said."""
    matches: Pattern | None = None
    """A regular expression for what is said, as recognised; case does not count."""
    quiet_s: Annotated[float, Field(ge=0.5, le=30)] = 0.8
    """Silence after which it has finished."""
    timeout_s: Seconds = 20
    """How long it may take to begin until the call is given up."""


class Transferred(Part):
    """The caller is connected to somebody else."""

    within_s: Seconds = 40
    """After the caller's last sound."""


class Ended(Part):
    """The agent ends the call."""

    within_s: Seconds = 20
    """After the caller's last sound."""


_EMPTY: dict[str, Any] = {"listen": {}, "transferred": {}, "ended": {}, "hang_up": True, "cough": 1}
"""Actions that may stand alone."""
_SOUNDS = ("say", "play", "digits", "cough", "backchannel")
_ACTIONS = (*_SOUNDS, "silence", "listen", "hold", "hang_up", "transferred", "ended")


class Step(Part):
    """One thing the caller does, or one thing that has to happen."""

    say: Spoken | None = None
    """Say this; ``<0.8s>`` in it is a pause."""
    play: Path | None = None
    """Play a sound file, its path counted from the scenario's folder."""
    digits: Annotated[str, Field(pattern=r"^[0-9*#A-D]+$")] | None = None
    """Press these keys (RFC 4733)."""
    cough: Annotated[int, Field(ge=1, le=5)] | None = None
    """Cough so many times."""
    backchannel: Spoken | None = None
    """Say such as "mhm" while the agent speaks."""
    silence: Seconds | None = None
    """Say nothing for so many seconds."""
    listen: Listen | None = None
    hold: Seconds | None = None
    """Put the agent on hold for so many seconds."""
    hang_up: Literal[True] | None = None
    transferred: Transferred | None = None
    ended: Ended | None = None

    after_s: Annotated[float, Field(ge=0, le=60)] | None = None
    """Make the sound when the agent has spoken for so long, to interrupt it."""
    stops_within_ms: Annotated[int, Field(ge=20, le=10000)] | None = None
    """The agent falls silent so soon after the sound has begun."""
    goes_on: Literal[True] | None = None
    """The agent does not stop for the sound."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str) and value in _EMPTY:
            return {value: _EMPTY[value]}
        if isinstance(value, dict):
            return {
                key: _EMPTY[key] if given is None and key in _EMPTY else given
                for key, given in value.items()
            }
        return value

    @field_validator("digits", mode="before")
    @classmethod
    def _digits_are_text(cls, value: Any) -> Any:
        if isinstance(value, int):
            raise ValueError(f'is a number, which loses its first zeros: write "{value}"')
        return value

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = [name for name in _ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"does {' and '.join(given) or 'nothing'}: write one of {', '.join(_ACTIONS)}"
            )
        over = [name for name in ("stops_within_ms", "goes_on") if getattr(self, name)]
        if (self.after_s is not None or over) and self.action not in _SOUNDS:
            raise ValueError(
                f"{self.action} makes no sound: take out {', '.join(['after_s', *over])}"
            )
        if over and self.after_s is None:
            raise ValueError(
                f"{over[0]} says nothing where the agent is silent: add after_s, "
                "the seconds that the agent has spoken by then"
            )
        if len(over) > 1:
            raise ValueError("the agent cannot both stop and go on: take one of the two out")
        return self

    @property
    def action(self) -> str:
        """Name of the one thing that is done."""
        return next(name for name in _ACTIONS if getattr(self, name) is not None)

    @property
    def is_turn(self) -> bool:
        """Whether the caller makes a sound that asks for an answer."""
        return self.action in _SOUNDS and not self.goes_on


class Scenario(Part):
    """A scripted call."""

    name: Text
    about: str = ""
    language: Text = "en"
    """What the agent speaks."""
    caller: Caller = Caller()
    answered_within_s: Seconds = 5
    """The agent answers the call so soon."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    _file: Path = PrivateAttr(Path())
    _lines: tuple[int, ...] = PrivateAttr(())

    @property
    def file(self) -> Path:
        """Where it was read from."""
        return self._file

    def line(self, step: int) -> int:
        """Line of a step in its file."""
        return self._lines[step] if self._lines else 0


def load(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        ScenarioError: something is wrong with it; it holds every problem, with line and mend.
    """
    source = document.read(path, "scenario")
    if source.problems and source.value is None:
        raise ScenarioError(source.problems)
    if not isinstance(source.value, dict):
        source.problem((), "is not a scenario", "begin with a line such as `name: My scenario`")
        raise ScenarioError(source.problems)
    scenario = validate(source, Scenario)
    if scenario is not None:
        _check_files(source, scenario)
    if source.problems or scenario is None:
        raise ScenarioError(source.problems)
    scenario._file = path
    scenario._lines = tuple(source.line(("steps", at)) for at in range(len(scenario.steps)))
    return scenario


def _check_files(source: document.Document, scenario: Scenario) -> None:
    for number, step in enumerate(scenario.steps):
        if step.play is not None:
            try:
                wav.rate_of(source.file.parent / step.play)
            except wav.AudioFileError as error:
                source.problem(("steps", number, "play"), str(error), "correct the path")
