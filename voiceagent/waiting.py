"""What becomes of a caller when nobody is free: the thin shell around `handoff.nobody.Nobody`.

It says what the machine says, listens for the caller's choice, plays music, has people called
again when one of them may have become free, and takes down callbacks and messages.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S
from voiceagent.dialogue.choices import chosen, is_aside
from voiceagent.dialogue.notes import Note
from voiceagent.events import (
    AnyEvent,
    Callback,
    CallbackRequested,
    Expectation,
    HandoverContext,
    Understanding,
)
from voiceagent.handoff import nobody
from voiceagent.handoff.dictation import Dictation
from voiceagent.handoff.nobody import Command, Nobody, Outlook, Question
from voiceagent.messages import keep, take, transcript
from voiceagent.services import Services
from voiceagent.speech.listener import Heard, Key, Listener, Turn
from voiceagent.telephony.call import Leg
from voiceagent.telephony.transfer_commands import Outcome

_LEAST_DIGITS = 3


@dataclass(frozen=True)
class Exchange:
    """How the conversation's caller is spoken with."""

    listener: Listener
    say: Callable[[str], Awaitable[None]]
    """Say something to its end."""
    ask: Callable[[str, Expectation], Awaitable[Turn]]
    """Say something, and return the caller's next turn."""
    heard: Callable[[Heard], None]
    """Write a turn down."""


@dataclass(frozen=True)
class Floor:
    """What `NobodyFree` needs of the conversation it belongs to."""

    call_id: str
    leg: Leg
    phrase: Callable[..., str]
    """A phrase of the dialplan in words, by its name, with its values."""
    attempt: Callable[[float], Awaitable[Outcome]]
    """Bring the caller to a person, as one who has waited for so many seconds."""
    free: Callable[[float], frozenset[str]]
    """Targets that could be called now for this caller, who has waited for so many seconds."""
    context: Callable[[], HandoverContext]
    emit: Callable[[AnyEvent], object]
    rank: int
    """The caller's place among those who wait, see `handoff.queueing.rank`."""
    topic: str


@dataclass(frozen=True)
class Chosen:
    """How it ended."""

    how: Literal["go-on", "reached", "noted", "gone"]
    say: str = ""
    """What the caller has still to be told."""
    turn: Heard | None = None
    """What they have said that was no choice but something for the agent."""
    outcome: Outcome = Outcome.NOBODY
    """Of the last attempt."""
    noted: Note | None = None
    """What was put down, for the person."""


class NobodyFree:
    """One caller whom nobody could take. `run` it once."""

    def __init__(self, floor: Floor, exchange: Exchange, services: Services) -> None:
        self._caller = floor.leg.facts.shown_number
        dialable = self._caller.removeprefix("+").isdecimal()
        self._floor = floor
        self._exchange = exchange
        self._leaving = False
        self._services = services
        self._staff = services.staff
        self._queue = services.staff.queue
        self._machine = Nobody(services.config.waiting, self._caller if dialable else "")
        self._targets = services.staff.pool_targets(floor.topic)
        self._since = time.monotonic()
        self._asked_at = services.staff.now().timestamp()
        self._news: asyncio.Queue[str] = asyncio.Queue()
        """Keys, and empty texts for whatever else has changed."""
        self._words: list[str] = []
        self._tried = floor.free(0.0)
        self._message: Dictation | None = None
        self._message_over = asyncio.Event()
        self._outcome = Outcome.NOBODY
        self._noted: Note | None = None
        self._ended: Chosen | None = None

    @property
    def keeps_word(self) -> bool:
        """Whether it goes on when the caller has hung up: to keep the message they have left."""
        return self._message is not None

    def key(self, digit: str) -> bool:
        """A key was pressed; False when it is for the listener."""
        if self._machine.stage is nobody.Stage.MESSAGE:
            self._message_over.set()
            return True
        if self._machine.stage is nobody.Stage.WAITING:
            self._news.put_nowait(digit)
            return True
        return False

    def hurry(self) -> None:
        """The line shuts down."""
        self._leaving = True
        self._news.put_nowait("")

    async def run(self) -> Chosen:
        """Tell the caller how it stands, and do what they choose."""
        self._staff.on_change.add(self._changed)
        todo: deque[Command] = deque(self._machine.start(time.monotonic(), self._outlook()))
        try:
            while self._ended is None:
                todo.extend(await self._do(todo.popleft()) if todo else await self._wait())
        finally:
            self._staff.on_change.discard(self._changed)
            self._end_wait()
        return self._ended

    def _changed(self) -> None:
        self._news.put_nowait("")

    @property
    def _waited_s(self) -> float:
        return time.monotonic() - self._since

    def _free(self) -> frozenset[str]:
        return self._floor.free(self._waited_s)

    # -- what the machine says ------------------------------------------------------------------

    async def _do(self, command: Command) -> list[Command]:
        floor, machine = self._floor, self._machine
        match command:
            case nobody.Say(phrase, values):
                self._words.append(floor.phrase(phrase, **self._in_words(values)))
            case nobody.Ask(what):
                return await self._ask(what)
            case nobody.Wait():
                await self._tell()
                if self._queue.ahead(floor.call_id) is None:
                    self._queue.join(floor.call_id, floor.rank, self._asked_at, self._targets)
                    self._staff.changed()
                self._exchange.listener.deafen(True)
                floor.leg.audio.background(self._services.music)
            case nobody.EndWait():
                self._end_wait()
            case nobody.Try():
                self._tried = self._free()
                self._queue.trying(floor.call_id, True)
                self._outcome = await floor.attempt(self._waited_s)
                self._queue.trying(floor.call_id, False)
                self._staff.changed()
                reached = self._outcome is not Outcome.NOBODY
                return machine.tried(time.monotonic(), reached=reached)
            case nobody.Note(kind, number):
                await self._note(kind, number)
            case nobody.Over(how):
                self._end(how)
        return []

    def _end(
        self, how: Literal["go-on", "reached", "noted", "gone"], turn: Heard | None = None
    ) -> list[Command]:
        said = " ".join(self._words)
        self._ended = Chosen(how, said, turn, self._outcome, self._noted)
        return []

    def _end_wait(self) -> None:
        waited = self._queue.ahead(self._floor.call_id) is not None
        self._queue.leave(self._floor.call_id)
        if waited:
            self._floor.leg.audio.background(self._services.quiet)
            self._exchange.listener.deafen(False)
            self._staff.changed()  # the next one may be in turn

    async def _tell(self) -> None:
        said, self._words = " ".join(self._words), []
        if said:
            await self._exchange.say(said)

    async def _wait(self) -> list[Command]:
        """Until a key, until somebody may have become free, or until it is time for a word."""
        machine = self._machine
        wait_s = max(0.0, (machine.deadline or 0.0) - time.monotonic())
        try:
            async with asyncio.timeout(wait_s):
                digit = await self._news.get()
        except TimeoutError:
            can = bool(self._free())
            return machine.tick(time.monotonic(), self._outlook(), can_try=can)
        if self._leaving:
            return self._end("go-on")
        if digit:
            return machine.key(time.monotonic(), digit, self._outlook())
        free = self._free()
        self._tried &= free  # who was not free meanwhile can be called again
        return machine.free() if free - self._tried else []

    def _outlook(self) -> Outlook:
        floor = self._floor
        ahead = self._queue.ahead(floor.call_id)
        if ahead is None:
            ahead = self._queue.before_newcomer(floor.call_id, floor.rank, self._targets)
        minutes = self._staff.minutes(floor.topic, ahead)
        return Outlook(ahead, self._staff.opens(floor.topic), minutes)

    def _in_words(self, values: Any) -> dict[str, Any]:
        if "choices" not in values:
            return dict(values)
        names = (name.replace("-", "_") for name in values["choices"])
        return {"choices": [self._floor.phrase(f"choice_{name}") for name in names]}

    # -- what the caller says -------------------------------------------------------------------

    async def _ask(self, what: Question) -> list[Command]:
        if what == "message":
            return await self._take_message()
        machine = self._machine
        text, self._words = " ".join(self._words), []
        expecting = Expectation(kind="open" if what == "choice" else what)
        turn = await self._exchange.ask(text, expecting)
        if self._leaving:
            return self._end("go-on")
        if isinstance(turn, Heard) and turn.utterance.text.strip():
            return await self._answered(what, turn, expecting)
        match what:
            case "choice" if isinstance(turn, Key):
                return machine.key(time.monotonic(), turn.digit, self._outlook())
            case "choice":
                return machine.chose(time.monotonic(), None, self._outlook())
            case "yes_no":
                return machine.answered(None)
            case _:
                return machine.number(None)

    async def _answered(self, what: Question, turn: Heard, expecting: Expectation) -> list[Command]:
        machine, text = self._machine, turn.utterance.text
        meant, _ = await self._services.understander.understand(text, expecting)
        if what == "choice":
            plan, chooser = self._services.plan, self._services.chooser
            likely = None if chooser is None else (await chooser.understand(text))[0]
            choice = chosen(meant, likely, machine.offered, plan)
            if choice is None and is_aside(meant, plan):
                return self._end("go-on", turn)
            self._exchange.heard(turn)
            return machine.chose(time.monotonic(), choice, self._outlook())
        self._exchange.heard(turn)
        number = _number(meant)
        if what == "phone":
            return machine.number(number)
        yes = meant.entities.get("yes_no")
        return machine.answered(yes if isinstance(yes, bool) else None, number)

    # -- callbacks and messages -----------------------------------------------------------------

    async def _take_message(self) -> list[Command]:
        floor = self._floor
        await self._tell()
        self._exchange.listener.deafen(True)
        self._message_over.clear()
        self._message = Dictation(self._services.config.waiting.message_s)
        message = self._message
        await take(floor.leg, message, self._message_over)
        self._exchange.listener.deafen(False)
        if not message.anything:
            self._message = None
            if floor.leg.ended.is_set():
                return self._end("gone")
        return self._machine.message(anything=message.anything, outlook=self._outlook())

    async def _note(self, kind: Literal["call", "message"], number: str) -> None:
        callback_id, floor = secrets.token_hex(6), self._floor
        text = recording = ""
        length_s = 0.0
        if self._message is not None and kind == "message":
            length_s = round(len(self._message.pcm) / FRAME_BYTES * FRAME_S, 1)
            services = self._services
            folder = services.config.waiting.messages
            transcribing = asyncio.create_task(
                transcript(services.speech, services.plan.language, self._message)
            )
            recording = await keep(folder / f"{callback_id}.wav", self._message)
            await self._tell()
            text = await transcribing
        floor.emit(
            CallbackRequested(
                callback=Callback(
                    callback_id=callback_id,
                    kind=kind,
                    number=number or self._caller,
                    topic=floor.topic,
                    group=self._staff.roster.group(floor.topic),
                    text=text,
                    recording=recording,
                    length_s=length_s,
                    left_at=datetime.now(UTC),
                    context=floor.context(),
                )
            )
        )
        self._message = None
        self._noted = (
            Note(says="wants_callback", values={"number": number})
            if kind == "call"
            else Note(says="left_message")
        )


def _number(meant: Understanding) -> str | None:
    said = meant.entities.get("phone") or meant.entities.get("digits")
    number = str(said) if said else "".join(meant.text.split())
    digits = number.removeprefix("+")
    return number if digits.isdecimal() and len(digits) >= _LEAST_DIGITS else None
