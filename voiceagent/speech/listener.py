"""The agent's ears: frames of a leg in, the caller's turns out.

The thin shell around `turntaking.TurnTaking`: it measures each frame, has speech recognised as
the machine asks for it, and tells the agent's mouth to pause, to go on or to stop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from voiceagent import tasks
from voiceagent.audio.frames import FRAME_S
from voiceagent.audio.vad import VoiceActivity
from voiceagent.config import Turns
from voiceagent.events import Expectation, Utterance
from voiceagent.speech.client import RecognitionStream, SpeechClient, SpeechError
from voiceagent.speech.following import Following
from voiceagent.speech.turncommands import (
    Command,
    DropDecode,
    EndTurn,
    NoInput,
    ResumeAgent,
    StartDecode,
    StopAgent,
)
from voiceagent.speech.turntaking import TurnTaking

log = structlog.get_logger()

_KEPT_S = 5.0
"""Audio kept beyond the longest turn."""
_CLOCK_SLACK_S = 0.2
_LAST_SILENCE_S = 2.0
"""Longer than any silence that a turn may have."""
_SILENT_DB = -90.0


@dataclass(frozen=True)
class Heard:
    """A turn in which the caller said, or keyed, something."""

    utterance: Utterance
    pcm: bytes
    """The audio of the turn, 16-bit at 8 kHz; empty for keys."""
    started_at: float
    """Start of the speech by `time.monotonic()`."""
    ended_at: float
    """End of the speech by `time.monotonic()`."""
    interrupted: bool = False
    """Whether the agent was cut short by it."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds from the end of the speech: ``endpoint`` until the turn was over, and
    ``recognition`` for what was waited for the text beyond that."""


@dataclass(frozen=True)
class Nothing:
    """A turn without words."""

    why: Literal["no-input", "recognition-failed"]


@dataclass(frozen=True)
class Key:
    """A key that was no answer to a question."""

    digit: str


Turn = Heard | Nothing | Key


class Listener:
    """Listens to one caller.

    Args:
        on_pause: the caller seems to speak to the agent: be silent.
        on_resume: they did not: go on.
        on_interrupted: they did; called with the start of their speech and the moment of
            `on_pause`, both by `time.monotonic()`.
        on_recognised: the text of the turn so far, with its audio. It is that of the turn
            unless speech goes on, so what follows from it can be begun now. A text may be told
            twice.
    """

    def __init__(
        self,
        speech: SpeechClient,
        turns: Turns,
        *,
        on_pause: Callable[[], None],
        on_resume: Callable[[], None],
        on_interrupted: Callable[[float, float], None],
        on_recognised: Callable[[str, bytes], None] = lambda text, pcm: None,
        language: str = "en",
        vocabulary: Sequence[str] = (),
    ) -> None:
        self._speech = speech
        self._turns = turns
        self._language = language
        self._vocabulary = vocabulary
        self._on_pause = on_pause
        self._on_resume = on_resume
        self._on_interrupted = on_interrupted
        self._on_recognised = on_recognised
        self._machine = TurnTaking(turns)
        self._asked: Expectation | None = None
        self._activity = VoiceActivity()
        self._frames: deque[tuple[float, bytes]] = deque()
        self._now = 0.0
        self._origin: float | None = None
        self._decodes: dict[int, asyncio.Task[Utterance | Nothing | None]] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._following: Following | None = None
        self._ready: asyncio.Queue[Turn | SpeechError] = asyncio.Queue()
        self._paused_at: float | None = None
        self._agent_speaks = False
        self._interruptible = True
        self._deaf = False

    async def turn(self) -> Turn:
        """The caller's next turn.

        Raises:
            SpeechError: there is no recognition any more.
        """
        turn = await self._ready.get()
        if isinstance(turn, SpeechError):
            raise turn
        return turn

    # -- what happens ---------------------------------------------------------------------------

    def frame(self, pcm: bytes) -> None:
        """The next 20 ms from the caller."""
        self._keep_time()
        if self._deaf:
            return
        self._frames.append((self._now, pcm))
        while self._frames[0][0] < self._now - self._machine.turns.max_turn_s - _KEPT_S:
            self._frames.popleft()
        probability, level_db = self._activity.push(pcm)
        if self._agent_speaks and not self._interruptible:
            probability = 0.0
        if self._following is not None:
            self._following.feed(pcm)
        self._obey(self._machine.audio(self._now, probability, level_db))
        if self._speech.streams:
            self._follow()

    def digit(self, digit: str) -> None:
        """A key was pressed (DTMF)."""
        if self._deaf:
            return
        if self._machine.wants_digits:
            self._obey(self._machine.digit(self._now, digit))
        else:
            self._ready.put_nowait(Key(digit))

    def written(self, turn: Heard) -> bool:
        """The caller has written a turn; False when nobody listens to it just now."""
        if not self._deaf:
            self._ready.put_nowait(turn)
        return not self._deaf

    def agent_speaks(self, speaking: bool) -> None:
        """The agent's first sample leaves, or its last one has left."""
        self._agent_speaks = speaking
        happened = self._machine.agent_started if speaking else self._machine.agent_stopped
        self._obey(happened(self._now))

    def expect(
        self, expected: Expectation | None, limits: dict[str, Any], *, interruptible: bool = True
    ) -> None:
        """What the agent asks for next, with the step's own limits of `Turns`."""
        self._machine.turns = self._turns.model_copy(update=limits)
        self._machine.expect(expected)
        self._asked = expected
        self._interruptible = interruptible

    def deafen(self, deaf: bool) -> None:
        """Recognise nothing while the caller is not talking to the agent."""
        self._deaf = deaf
        self._forget()
        self._machine = TurnTaking(self._turns)

    def hear_out(self) -> None:
        """Become deaf as by `deafen`, but keep what was said before that for `last_words`."""
        self._deaf = True
        for _ in range(round(_LAST_SILENCE_S / FRAME_S)):
            # As if they fell silent now, so that a turn that is going on comes to its end.
            self._now += FRAME_S
            self._obey(self._machine.audio(self._now, 0.0, _SILENT_DB))

    async def last_words(self) -> list[Heard]:
        """After `hear_out`: the turns that nobody has taken, recognised to their end."""
        await asyncio.gather(*self._endings, return_exceptions=True)
        found = []
        while not self._ready.empty():
            turn = self._ready.get_nowait()
            if isinstance(turn, Heard) and turn.utterance.text.strip():
                found.append(turn)
        self.deafen(self._deaf)
        return found

    def hurry(self) -> None:
        """Have `turn` return, though nothing was said."""
        self._ready.put_nowait(Nothing("no-input"))

    def close(self) -> None:
        """Stop listening."""
        self._deaf = True
        self._forget()

    # -- what the machine says ------------------------------------------------------------------

    def _obey(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case StartDecode(decode_id, start_s, end_s):
                    self._decodes[decode_id] = self._begin_decode(decode_id, start_s, end_s)
                case DropDecode(decode_id):
                    self._decodes.pop(decode_id).cancel()
                case StopAgent():
                    self._paused_at = time.monotonic()
                    self._on_pause()
                case ResumeAgent():
                    self._paused_at = None
                    self._on_resume()
                case NoInput():
                    self._ready.put_nowait(Nothing("no-input"))
                case EndTurn():
                    self._end(command)

    def _end(self, turn: EndTurn) -> None:
        interrupted = self._paused_at is not None
        if self._paused_at is not None:
            self._on_interrupted(self._wall(turn.start_s), self._paused_at)
            self._paused_at = None
        if turn.keyed:
            utterance = Utterance(text=turn.text or "", confidence=1.0, engine="dtmf")
            self._deliver(turn, utterance, b"", interrupted)
        elif turn.decode_id is None:
            self._ready.put_nowait(Nothing("recognition-failed"))
        else:
            tasks.start(self._conclude(turn, turn.decode_id, interrupted), self._endings)

    async def _conclude(self, turn: EndTurn, decode_id: int, interrupted: bool) -> None:
        over_at = time.monotonic()
        said = await self._decodes.pop(decode_id)
        if isinstance(said, Nothing):
            self._ready.put_nowait(said)
        elif said is not None:
            pcm = self._audio(turn.start_s, turn.end_s)
            self._deliver(turn, said, pcm, interrupted, waited_s=time.monotonic() - over_at)

    def _deliver(
        self,
        turn: EndTurn,
        utterance: Utterance,
        pcm: bytes,
        interrupted: bool,
        waited_s: float = 0.0,
    ) -> None:
        timings = {
            "endpoint": round(self._now - turn.end_s - waited_s, 3),
            "recognition": round(waited_s, 3),
        }
        started_at, ended_at = self._wall(turn.start_s), self._wall(turn.end_s)
        self._ready.put_nowait(Heard(utterance, pcm, started_at, ended_at, interrupted, timings))

    # -- recognition ----------------------------------------------------------------------------

    def _follow(self) -> None:
        """Have a streaming engine hear the caller's turn as it comes."""
        start_s = self._machine.heard_from_s
        if start_s is None:
            self._drop_following()
        elif self._following is None:
            self._following = Following(self._open(), self._partial)
            self._following.feed(self._audio(start_s, self._now))
            self._partial("")

    def _partial(self, text: str) -> None:
        self._obey(self._machine.partial(self._now, text))

    def _drop_following(self) -> None:
        dropped, self._following = self._following, None
        if dropped is not None:
            dropped.cancel()

    def _open(self) -> Coroutine[Any, Any, RecognitionStream]:
        return self._speech.open(self._language, self._vocabulary, self._asked)

    def _begin_decode(
        self, decode_id: int, start_s: float, end_s: float
    ) -> asyncio.Task[Utterance | Nothing | None]:
        pcm = self._audio(start_s, end_s)
        following, self._following = self._following, None
        if following is None:
            following = Following(self._open())
            following.feed(pcm)
        task = asyncio.create_task(self._decode(decode_id, following, pcm))
        task.add_done_callback(lambda _: following.cancel())
        return task

    async def _decode(
        self, decode_id: int, following: Following, pcm: bytes
    ) -> Utterance | Nothing | None:
        """What was said; nothing where this one decode failed, None when there is no
        recognition any more, which `turn` is then told."""
        try:
            utterance = await following.finish(lambda text: self._tell(decode_id, text, None, pcm))
        except Exception as error:
            # Also what nobody thought of: a turn that never comes is a line gone silent.
            log.warning("recognition.failed", error=str(error) or repr(error))
            if (lost := await self._lost()) is not None:
                self._ready.put_nowait(lost)
                return None
            self._obey(self._machine.recognition_failed(self._now, decode_id))
            return Nothing("recognition-failed")
        self._tell(decode_id, utterance.text, utterance.confidence, pcm)
        return utterance

    def _tell(self, decode_id: int, text: str, confidence: float | None, pcm: bytes) -> None:
        self._on_recognised(text, pcm)
        self._obey(self._machine.recognised(self._now, decode_id, text, confidence))

    async def _lost(self) -> SpeechError | None:
        """Why the speech service is gone; None while it answers, whatever it failed at."""
        try:
            await self._speech.ping()
        except SpeechError as error:
            return error
        return None

    # -- time and audio -------------------------------------------------------------------------

    def _keep_time(self) -> None:
        """Frames are the clock; after a gap in them the clock is put right."""
        now = time.monotonic()
        if self._origin is None:
            self._origin = now
        self._now += FRAME_S
        if abs(now - self._origin - self._now) > _CLOCK_SLACK_S:
            self._now = now - self._origin

    def _wall(self, t: float) -> float:
        return (self._origin or 0.0) + t

    def _audio(self, start_s: float, end_s: float) -> bytes:
        return b"".join(pcm for t, pcm in self._frames if start_s < t <= end_s + FRAME_S / 2)

    def _forget(self) -> None:
        for task in (*self._decodes.values(), *self._endings):
            task.cancel()
        self._decodes.clear()
        self._drop_following()
        self._paused_at = None
        while not self._ready.empty():
            self._ready.get_nowait()
