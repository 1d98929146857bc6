"""What is I/O around a conversation, played by the test: a leg, people, speech, the journal.

Everything that decides is real: turn-taking, voice activity, the speaker and its playback, the
dialogue, the judge, the transfer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np

from tests.babble import babble
from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SILENCE
from voiceagent.audio.tones import comfort_noise, hold_tune, tone
from voiceagent.config import Config
from voiceagent.conversation import Conversation
from voiceagent.dialogue.choices import choosing
from voiceagent.dialogue.notes.sentences import english, load
from voiceagent.dialogue.notes.teller import Teller
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.understanding import Embedder, Understander
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import (
    AnyEvent,
    CallEnded,
    CallFacts,
    Event,
    Expectation,
    Record,
    Utterance,
)
from voiceagent.handoff.routing import Earlier
from voiceagent.handoff.staff import Staff
from voiceagent.handoff.tongues import Tongue
from voiceagent.services import SAFE_PHRASES, SafeVoice, Services, phrase
from voiceagent.speech.client import SpeechError
from voiceagent.speech.sentences import sentences
from voiceagent.telephony.call import Confirmed, Digit, Ended, LegEvent, Progress, TransferStatus
from voiceagent.telephony.media import LegAudio
from voiceagent.telephony.useragent import TelephonyError

E = TypeVar("E", bound=Event)

WORD_S = 0.08
"""How long the voice takes over a word."""
SPEECH_S = 1.2
"""How long the caller takes over a sentence."""
_QUIET = comfort_noise(5.0, -62.0, seed=3)


class FakeLeg:
    """A leg whose other side is the test: it says when what happens and sees what is done."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts = CallFacts(caller_number="+4930123")
        self.audio = LegAudio(asyncio.get_running_loop())
        self.events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self.confirmed = asyncio.Event()
        self.ended = asyncio.Event()
        self.replaces = True
        self.done: list[str] = []
        """What the agent did with this leg."""
        self.refer_answers: tuple[tuple[int, bool], ...] = ((100, False), (200, True))

    def pick_up(self) -> None:
        self.confirmed.set()
        self.events.put_nowait(Confirmed())

    def end(self, code: int = 200, reason: str = "") -> None:
        if not self.ended.is_set():
            self.audio.close()
            self.ended.set()
            self.events.put_nowait(Ended(code, reason))

    async def answer(self) -> None:
        self.done.append("answer")
        self.pick_up()

    async def hang_up(self, reason: str = "") -> None:
        self.done.append("hang up")
        self.end(reason=reason)

    async def hold(self) -> bool:
        self.done.append("hold")
        return True

    async def resume(self) -> bool:
        self.done.append("resume")
        return not self.ended.is_set()

    async def join(self, other: FakeLeg) -> bool:
        self.done.append(f"join {other.name}")
        return True

    async def part(self) -> None:
        self.done.append("part")

    async def send_digits(self, digits: str) -> None:
        self.done.append(f"send {digits}")

    async def refer_replacing(
        self, other: FakeLeg, *, contact: bool = False, user_to_user: str = ""
    ) -> bool:
        self.done.append(f"refer to {other.name}")
        for code, final in self.refer_answers:
            self.events.put_nowait(TransferStatus(code, "", final))
        return True


Picks = Callable[[FakeLeg], None]
"""What a person's phone does when it is called."""


def picks_up(leg: FakeLeg) -> None:
    leg.events.put_nowait(Progress(180))
    leg.pick_up()


def is_busy(leg: FakeLeg) -> None:
    leg.end(486, "Busy Here")


def rings(leg: FakeLeg) -> None:
    leg.events.put_nowait(Progress(180))


class FakeAgent:
    """The user agent, as far as a conversation needs it."""

    def __init__(self, people: dict[str, Picks]) -> None:
        self._people = people
        self.called: list[FakeLeg] = []

    async def call(self, target: str, headers: Sequence[tuple[str, str]] = ()) -> FakeLeg:
        if target not in self._people:
            raise TelephonyError(f"{target}: no such extension")
        leg = FakeLeg(target)
        self.called.append(leg)
        self._people[target](leg)
        return leg


class FakeSpeech:
    """The speech service: hears what the test has the caller say, speaks in tones."""

    def __init__(self, embedder: Embedder) -> None:
        self.texts: deque[str] = deque()
        self.said: list[str] = []
        self.hears = self.speaks = True
        self.streams = False
        self._embedder = embedder

    async def open(
        self,
        language: str = "en",
        vocabulary: Sequence[str] = (),
        asked: Expectation | None = None,
    ) -> FakeSpeech:
        if not self.hears:
            raise SpeechError("nobody listens")
        return self

    async def ping(self) -> None:
        if not self.hears:
            raise SpeechError("nobody listens")

    def feed(self, pcm: bytes) -> None:
        pass

    async def finish(self) -> Utterance:
        await asyncio.sleep(0.1)
        return Utterance(text=self.texts[0], confidence=0.95, engine="test")

    def cancel(self) -> None:
        pass

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
        if not self.speaks:
            raise SpeechError("nobody speaks")
        self.said.append(text)
        await asyncio.sleep(0.05)
        yield tone(300.0, seconds=WORD_S * len(text.split()))

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        return await self._embedder.embed(texts)

    async def measure(self, pcm: bytes) -> dict[str, float] | None:
        return None


@dataclass
class FakeJournal:
    records: list[Record] = field(default_factory=list)

    def write(self, record: Record) -> None:
        self.records.append(record)

    async def delivered(self, record_id: str, timeout_s: float) -> bool:
        return True


class Call:
    """A conversation under way, and its caller: ``async with Call(...) as call``."""

    def __init__(
        self,
        plan: Dialplan,
        embedder: Embedder,
        *,
        people: dict[str, Picks] | None = None,
        staff: Sequence[dict[str, Any]] = (),
        http: Callable[[httpx.Request], Any] | None = None,
        earlier: Earlier | None = None,
        languages: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        self.plan = plan
        self.people = people or {}
        self.speech = FakeSpeech(embedder)
        self.journal = FakeJournal()
        self._http = httpx.MockTransport(http or (lambda request: httpx.Response(404)))
        self._config = Config(dialplan=Path("plan.yaml"), people=staff, **settings)
        self.staff = Staff.of(self._config, plan)
        self._earlier = earlier or Earlier()
        self._languages = languages
        self._line: deque[bytes] = deque()
        self._persons_line: deque[bytes] = deque()

    async def __aenter__(self) -> Call:
        self.leg = FakeLeg("caller")
        self.agent = FakeAgent(self.people)
        self._client = httpx.AsyncClient(transport=self._http)
        self.conversation = Conversation("call-1", self.leg, await self._services())  # type: ignore[arg-type]
        self._clock = asyncio.create_task(self._run_clock())
        self.running = asyncio.create_task(self.conversation.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        self._clock.cancel()
        await self._client.aclose()

    async def _services(self) -> Services:
        prompts = {
            sentence: tone(500.0, seconds=0.5)
            for name in SAFE_PHRASES
            for sentence in sentences(phrase(self.plan, name))
        }
        return Services(
            config=self._config,
            plan=self.plan,
            agent=self.agent,  # type: ignore[arg-type]
            speech=self.speech,  # type: ignore[arg-type]
            voice=SafeVoice(self.speech, prompts),  # type: ignore[arg-type]
            understander=await Understander.create(self.plan, self.speech),
            prototypes=await Prototypes.create(self.speech),
            http=self._client,
            journal=self.journal,
            music=hold_tune(),
            quiet=_QUIET,
            staff=self.staff,
            look_back=self._look_back,
            chooser=await self._chooser(),
            tongues={language: self._tongue(language) for language in self._languages},
        )

    def _tongue(self, language: str) -> Tongue:
        spoken = load(language)
        assert spoken
        teller = Teller(self.plan, spoken, english())
        return Tongue(language, teller, self.speech, self.speech, language)  # type: ignore[arg-type]

    async def _look_back(self, facts: CallFacts) -> Earlier:
        return self._earlier

    async def _chooser(self) -> Understander:
        choices = choosing(self.plan)
        assert choices
        return await Understander.create(choices, self.speech)

    async def _run_clock(self) -> None:
        """The media clock of all legs; sound is in one line at a time."""
        at = 0
        while True:
            await asyncio.sleep(FRAME_S)
            for leg in (self.leg, *self.agent.called):
                if not leg.ended.is_set():
                    leg.audio.give_out()
            for leg in self.agent.called:
                if not leg.ended.is_set():
                    sound = self._persons_line.popleft() if self._persons_line else SILENCE
                    leg.audio.take_in(sound)
            if not self.leg.ended.is_set():
                quiet = _QUIET[at : at + FRAME_BYTES]
                at = (at + FRAME_BYTES) % (len(_QUIET) - FRAME_BYTES)
                self.leg.audio.take_in(self._line.popleft() if self._line else quiet)

    # -- what the caller does -------------------------------------------------------------------

    async def say(self, text: str) -> None:
        """Say something, and wait until the agent has heard it."""
        heard = len(self.of(Event, "turn.heard"))
        await self.start_saying(text)
        await self.until(lambda: len(self.of(Event, "turn.heard")) > heard, f"hear {text!r}")

    async def start_saying(self, text: str) -> None:
        self._speak(text, self._line)

    def person_says(self, text: str) -> None:
        """Have the person on the phone say something."""
        self._speak(text, self._persons_line)

    def _speak(self, text: str, line: deque[bytes]) -> None:
        self.speech.texts.clear()
        self.speech.texts.append(text)
        sound = babble(SPEECH_S)
        line.extend(
            sound[i : i + FRAME_BYTES] for i in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES)
        )

    def press(self, digits: str) -> None:
        for digit in digits:
            self.leg.events.put_nowait(Digit(digit))

    def hang_up(self) -> None:
        self.leg.end(200, "BYE")

    # -- what the agent did ---------------------------------------------------------------------

    @property
    def events(self) -> list[AnyEvent]:
        return [record.event for record in self.journal.records]

    def of(self, kind: type[E], name: str = "") -> list[E]:
        return [e for e in self.events if isinstance(e, kind) and (not name or e.type == name)]

    async def event(self, kind: type[E], count: int = 1) -> E:
        """The so-manieth event of a kind, waited for."""
        await self.until(lambda: len(self.of(kind)) >= count, f"tell of {kind.__name__} {count}")
        return self.of(kind)[count - 1]

    async def reply(self, part: str) -> None:
        """Wait until the agent has said something with this in it to the end, or was cut."""
        await self.until(
            lambda: any(part in getattr(e, "text", "") for e in self.of(Event, "agent.spoke")),
            f"say {part!r}",
        )

    async def end(self) -> CallEnded:
        """Wait until the conversation is over."""
        await self.until(self.running.done, "end")
        self.running.result()
        return self.of(CallEnded)[0]

    async def until(self, true: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        for _ in range(round(timeout_s / FRAME_S)):
            if true():
                return
            await asyncio.sleep(FRAME_S)
        seen = "\n".join(str(event) for event in self.events)
        raise AssertionError(f"the agent did not {what} within {timeout_s} s; it told of\n{seen}")
