"""What a caller can do when nobody is free, as a pure state machine.

::

    choosing ──go on──▶ over            ◀── a key, or waited long ──┐
       │  └──wait──▶ waiting ──somebody may be free──▶ trying ──▶ over: reached
       │                ▲───────────────── in vain ──────┘
       ├──callback──▶ confirming ◀──▶ number
       │                  └──yes──▶ over: noted
       └──message──▶ message ──▶ over: noted

It knows no speech, no legs and no clock of its own: each input says when it happened, in
seconds of any monotonic clock, and returns what is to be done, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from voiceagent.config.people import Choice, Waiting

_MOST_MISSES = 3
"""After so many answers that cannot be used, the agent goes on."""
_SLACK_S = 60.0
"""What was promised to the minute has not changed by less."""

Question = Literal["choice", "yes_no", "phone", "message"]


# -- commands -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Say:
    """Say a phrase of the dialplan."""

    phrase: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """Say what was to be said, and take the answer."""

    what: Question


@dataclass(frozen=True)
class Wait:
    """Play music; the caller is in the queue from now on."""


@dataclass(frozen=True)
class EndWait:
    """No more music, and no place in the queue."""


@dataclass(frozen=True)
class Try:
    """Call people once more."""


@dataclass(frozen=True)
class Note:
    """Put down a callback or the message that was left."""

    kind: Literal["call", "message"]
    number: str


@dataclass(frozen=True)
class Over:
    """It is over, and what has become of the caller."""

    how: Literal["go-on", "reached", "noted"]


Command = Say | Ask | Wait | EndWait | Try | Note | Over


class Stage(StrEnum):
    """Where the caller is; see the picture above."""

    CHOOSING = "choosing"
    WAITING = "waiting"
    TRYING = "trying"
    CONFIRMING = "confirming"
    NUMBER = "number"
    MESSAGE = "message"
    OVER = "over"


@dataclass(frozen=True)
class Outlook:
    """What is true for the caller when they are told."""

    ahead: int = 0
    """Callers who wait for the same people and go before them."""
    opens: datetime | None = None
    """When somebody is at work again, by the clock there; None when somebody is."""
    minutes: int | None = None
    """Within how many minutes they will probably be with a person; None where not known."""


class Nobody:
    """One caller whom nobody could take.

    Args:
        number: the caller's own, empty where it is withheld.
    """

    def __init__(self, settings: Waiting, number: str) -> None:
        self._settings = settings
        self._own = number
        self._number = ""
        self._choices: tuple[Choice, ...] = ()
        self._misses = 0
        self._until = self._next_word = self._next_try = 0.0
        self._promised: float | None = None
        """Until when the caller was told that it may take."""
        self._waited_long = False
        self.stage = Stage.CHOOSING

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called, None for never."""
        if self.stage is not Stage.WAITING:
            return None
        return min(self._until, self._next_word, self._next_try)

    @property
    def offered(self) -> tuple[Choice, ...]:
        """What the caller can choose, in the order in which it was said."""
        return self._choices

    # -- inputs ---------------------------------------------------------------------------------

    def start(self, now: float, outlook: Outlook) -> list[Command]:
        """Tell the caller that nobody is free, and what they can choose."""
        return [Say("nobody_free"), *self._how_it_stands(now, outlook), *self._choose(outlook)]

    def chose(self, now: float, choice: Choice | None, outlook: Outlook) -> list[Command]:
        """The caller has chosen; None when that was not understood."""
        if self.stage is not Stage.CHOOSING:
            return []
        if choice not in self._choices:
            return self._missed(Say("choose_by_key", {"choices": self._choices}), Ask("choice"))
        self._misses = 0
        match choice:
            case "wait":
                self.stage = Stage.WAITING
                self._until = now + self._settings.longest_s
                self._next_try = now + self._settings.retry_s
                self._next_word = now + self._settings.word_s
                return [Say("wait_music"), Wait()]
            case "callback":
                return self._confirm(self._own) if self._own else self._ask_number()
            case "message":
                self.stage = Stage.MESSAGE
                return [Say("leave_message"), Ask("message")]
            case _:
                return self._end("go-on")

    def key(self, now: float, digit: str, outlook: Outlook) -> list[Command]:
        """A key was pressed: a choice by its number, or any key while waiting."""
        if self.stage is Stage.WAITING:
            return [EndWait(), *self._choose(outlook)]
        place = int(digit) - 1 if digit.isdecimal() else -1
        known = 0 <= place < len(self._choices)
        return self.chose(now, self._choices[place] if known else None, outlook)

    def free(self) -> list[Command]:
        """Somebody who is for this caller may have become free."""
        if self.stage is not Stage.WAITING:
            return []
        self.stage = Stage.TRYING
        return [Try()]

    def tried(self, now: float, *, reached: bool) -> list[Command]:
        """People were called: the caller was brought to one, or is back."""
        if self.stage is not Stage.TRYING:
            return []
        if reached:
            return self._end("reached")
        self.stage = Stage.WAITING
        self._next_try = now + self._settings.retry_s
        return [Wait()]

    def tick(self, now: float, outlook: Outlook, *, can_try: bool) -> list[Command]:
        """Time has passed.

        Args:
            can_try: whether there is somebody who can be called, and is for this caller.
        """
        if self.stage is not Stage.WAITING:
            return []
        if now >= self._until:
            self._waited_long = True
            return [EndWait(), Say("waited_long"), *self._choose(outlook)]
        if now >= self._next_try:
            self._next_try = now + self._settings.retry_s
            if can_try:
                return self.free()
        if now >= self._next_word:
            self._next_word = now + self._settings.word_s
            return [Say("still_waiting"), *self._how_it_stands(now, outlook), Wait()]
        return []

    def number(self, number: str | None) -> list[Command]:
        """The caller was asked for a number; None when there was none in the answer."""
        if self.stage is not Stage.NUMBER:
            return []
        if number is None:
            return self._missed(Say("callback_number"), Ask("phone"))
        return self._confirm(number)

    def answered(self, yes: bool | None, number: str | None = None) -> list[Command]:
        """The caller was asked whether the number is right; perhaps they gave another."""
        if self.stage is not Stage.CONFIRMING:
            return []
        if number is not None and number != self._number:
            return self._confirm(number)
        if yes is None:
            return self._missed(Say("yes_or_no"), *self._question())
        if not yes:
            return self._ask_number()
        return [Say("callback_noted"), Note("call", self._number), *self._end("noted")]

    def message(self, *, anything: bool, outlook: Outlook) -> list[Command]:
        """The message is over."""
        if self.stage is not Stage.MESSAGE:
            return []
        if not anything:
            return [Say("message_empty"), *self._choose(outlook)]
        return [Say("message_noted"), Note("message", self._own), *self._end("noted")]

    # -- rules ----------------------------------------------------------------------------------

    def _choose(self, outlook: Outlook) -> list[Command]:
        self.stage = Stage.CHOOSING
        in_vain = outlook.opens is not None or self._waited_long
        self._choices = tuple(
            choice for choice in self._settings.choices if not (choice == "wait" and in_vain)
        )
        if not set(self._choices) - {"go-on"}:
            return self._end("go-on")
        return [Say("choose", {"choices": self._choices}), Ask("choice")]

    def _how_it_stands(self, now: float, outlook: Outlook) -> list[Command]:
        if outlook.opens is not None:
            day, time = f"{outlook.opens:%Y-%m-%d}", f"{outlook.opens:%H:%M}"
            return [Say("nobody_until", {"day": day, "time": time})]
        tells, minutes = self._settings.tells, outlook.minutes
        told: list[Command] = []
        if outlook.ahead and not (tells == "time" and minutes):
            told.append(Say("place_in_queue", {"ahead": outlook.ahead}))
        if minutes and tells != "position":
            told.append(Say(self._promise(now, minutes), {"minutes": minutes}))
        return told

    def _promise(self, now: float, minutes: int) -> str:
        """The phrase for a time that it will take: nobody is put off without being told so."""
        until = now + minutes * 60
        if self._promised is None or until <= self._promised + _SLACK_S:
            self._promised = min(until, self._promised or until)
            return "expected_wait"
        self._promised = until
        return "longer_wait"

    def _confirm(self, number: str) -> list[Command]:
        self.stage = Stage.CONFIRMING
        self._number = number
        return self._question()

    def _question(self) -> list[Command]:
        return [Say("callback_confirm", {"number": self._number}), Ask("yes_no")]

    def _ask_number(self) -> list[Command]:
        self.stage = Stage.NUMBER
        return [Say("callback_number"), Ask("phone")]

    def _missed(self, *again: Command) -> list[Command]:
        self._misses += 1
        return self._end("go-on") if self._misses >= _MOST_MISSES else list(again)

    def _end(self, how: Literal["go-on", "reached", "noted"]) -> list[Command]:
        self.stage = Stage.OVER
        return [Over(how)]
