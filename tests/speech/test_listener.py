"""The agent's ears: real turn-taking and real voice activity, recognition played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.babble import babble
from tests.virtualtime import in_virtual_time
from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SAMPLE_RATE
from voiceagent.audio.tones import comfort_noise
from voiceagent.config import Turns
from voiceagent.events import Expectation, Utterance
from voiceagent.speech.client import SpeechError
from voiceagent.speech.listener import Heard, Key, Listener, Nothing, Turn

LIMITS = Turns(
    decode_after_ms=200,
    end_silence_ms=600,
    end_silence_whole_ms=300,
    end_silence_unfinished_ms=1500,
    barge_in_ms=160,
)
SIX = Expectation(kind="digits", slot="number", min_digits=6, max_digits=6)
QUIET = comfort_noise(5.0, -62.0, seed=3)
VAD_LAG_S = 0.12
"""How late voice activity may be, at either end of the speech."""


@dataclass
class Recogniser:
    """Answers each utterance with the next text, after `takes_s`; an exception is raised."""

    texts: list[str | Exception] = field(default_factory=list)
    takes_s: float = 0.15
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    expected: list[Expectation | None] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    partials: list[str] = field(default_factory=list)
    """For a streaming one: the words so far, one more after each half second of sound."""
    streams: bool = False
    cancelled: int = 0
    lost: bool = False
    early_s: float = 0.0
    """How long before the rest of it the text is told."""

    async def ping(self) -> None:
        if self.lost:
            raise SpeechError("nobody answers")

    async def open(
        self,
        language: str = "en",
        vocabulary: Sequence[str] = (),
        asked: Expectation | None = None,
    ) -> Stream:
        self.asked.append((language, tuple(vocabulary)))
        self.expected.append(asked)
        return Stream(self)


class Stream:
    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._number = len(recogniser.heard)
        recogniser.heard.append(b"")
        self._finished = False
        self._partials = list(recogniser.partials)
        self.on_text: Callable[[str], None] = lambda text: None
        self.on_partial: Callable[[str], None] = lambda text: None

    def feed(self, pcm: bytes) -> None:
        heard = self._recogniser.heard
        before = len(heard[self._number])
        heard[self._number] += pcm
        half_s = SAMPLE_RATE  # in bytes
        if len(heard[self._number]) // half_s > before // half_s and self._partials:
            self.on_partial(self._partials.pop(0))

    async def finish(self) -> Utterance:
        await asyncio.sleep(self._recogniser.takes_s)
        self._finished = True
        text = self._recogniser.texts.pop(0)
        if isinstance(text, Exception):
            raise text
        if self._recogniser.early_s:
            self.on_text(text)
            await asyncio.sleep(self._recogniser.early_s)
        return Utterance(text=text, confidence=0.9, engine="test")

    def cancel(self) -> None:
        if not self._finished:
            self._finished = True
            self._recogniser.cancelled += 1


class Ear:
    """A listener, the line into it, and what it told the agent's mouth."""

    def __init__(self, *texts: str | Exception, takes_s: float = 0.15, **options: Any) -> None:
        self.recogniser = Recogniser(list(texts), takes_s)
        self.told: list[str] = []
        self.interruptions: list[tuple[float, float]] = []
        self.line = b""
        """Everything that came in."""
        turns = LIMITS.model_copy(update=options.pop("turns", {}))
        self.listener = Listener(
            self.recogniser,  # type: ignore[arg-type]
            turns,
            on_pause=lambda: self.told.append("pause"),
            on_resume=lambda: self.told.append("resume"),
            on_interrupted=self._interrupted,
            **options,
        )

    def _interrupted(self, started_at: float, stopped_at: float) -> None:
        self.told.append("interrupted")
        self.interruptions.append((started_at, stopped_at))

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def hear(self, pcm: bytes) -> None:
        for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
            await asyncio.sleep(FRAME_S)
            frame = pcm[start : start + FRAME_BYTES]
            self.line += frame
            self.listener.frame(frame)

    async def speak(self, seconds: float, level_db: float = -20.0) -> float:
        """The caller speaks; returns when they began."""
        began = self.now
        await self.hear(babble(seconds, level_db))
        return began

    async def quiet(self, seconds: float) -> None:
        length = round(seconds * SAMPLE_RATE) * 2
        await self.hear((QUIET * 4)[:length])

    async def turn(self) -> Turn:
        return await asyncio.wait_for(self.listener.turn(), FRAME_S)

    async def heard(self) -> Heard:
        turn = await self.turn()
        assert isinstance(turn, Heard)
        return turn

    async def nothing_comes(self) -> bool:
        try:
            await self.turn()
        except TimeoutError:
            return True
        return False

    def agent(self, speaking: bool) -> None:
        self.listener.agent_speaks(speaking)


@in_virtual_time
async def test_a_turn_comes_with_its_words_its_audio_and_its_times() -> None:
    ear = Ear("Where is my order?")
    await ear.quiet(0.5)
    began = await ear.speak(1.0)
    ended = ear.now
    await ear.quiet(0.6)
    turn = await ear.heard()
    assert turn.utterance.text == "Where is my order?"
    assert turn.started_at == pytest.approx(began, abs=VAD_LAG_S)
    assert turn.ended_at == pytest.approx(ended, abs=VAD_LAG_S)
    assert not turn.interrupted
    assert len(turn.pcm) / 2 / SAMPLE_RATE == pytest.approx(1.0, abs=2 * VAD_LAG_S)
    assert turn.pcm in ear.line
    assert turn.timings["endpoint"] == pytest.approx(0.4, abs=VAD_LAG_S)
    assert turn.timings["recognition"] == 0.0


@in_virtual_time
async def test_what_follows_from_a_text_that_is_told_early_is_begun_early() -> None:
    begun: list[tuple[str, float]] = []
    ear = Ear("Where is my order?", on_recognised=lambda text, pcm: begun.append((text, ear.now)))
    ear.recogniser.early_s = 0.1
    await ear.quiet(0.5)
    await ear.speak(1.0)
    await ear.quiet(1.0)
    assert (await ear.heard()).utterance.text == "Where is my order?"
    (early, early_at), (whole, whole_at) = begun
    assert early == whole == "Where is my order?"
    assert whole_at - early_at == pytest.approx(0.1, abs=0.03)


@in_virtual_time
async def test_recognition_knows_what_was_asked() -> None:
    ear = Ear("471229")
    asked = Expectation(kind="digits", min_digits=6, max_digits=6)
    ear.listener.expect(asked, {})
    await ear.speak(1.0)
    await ear.quiet(0.6)
    await ear.heard()
    assert ear.recogniser.expected == [asked]


@in_virtual_time
async def test_recognition_gets_a_little_of_what_was_before_the_speech() -> None:
    ear = Ear("Where is my order?", language="de", vocabulary=("Northwind",))
    await ear.quiet(1.0)
    await ear.speak(1.0)
    await ear.quiet(0.6)
    turn = await ear.heard()
    assert ear.recogniser.asked == [("de", ("Northwind",))]
    (sound,) = ear.recogniser.heard
    assert sound in ear.line
    before = sound.find(turn.pcm[: 20 * FRAME_BYTES])
    assert before / 2 / SAMPLE_RATE == pytest.approx(0.3, abs=2 * FRAME_S)


@in_virtual_time
async def test_a_recognition_that_is_late_is_waited_for_and_told_as_such() -> None:
    ear = Ear("Where is my order?", takes_s=3.0)
    await ear.speak(1.0)
    await ear.quiet(2.0)
    assert await ear.nothing_comes()
    await ear.quiet(2.0)
    turn = await ear.heard()
    assert turn.utterance.text == "Where is my order?"
    assert turn.timings["endpoint"] == pytest.approx(1.5, abs=2 * VAD_LAG_S)
    assert turn.timings["recognition"] == pytest.approx(1.7, abs=2 * VAD_LAG_S)


@in_virtual_time
async def test_a_recognition_overtaken_by_speech_is_taken_back() -> None:
    ear = Ear("Where is my order, please?", takes_s=1.0)
    await ear.speak(0.8)
    await ear.quiet(0.4)
    await ear.speak(0.8)
    await ear.quiet(2.0)
    turn = await ear.heard()
    assert ear.recogniser.cancelled == 1
    assert len(ear.recogniser.heard) == 2
    assert turn.ended_at - turn.started_at == pytest.approx(2.0, abs=2 * VAD_LAG_S)
    assert await ear.nothing_comes()


@in_virtual_time
async def test_who_speaks_over_the_agent_pauses_it_at_once_and_stops_it_with_their_words() -> None:
    ear = Ear("No, another order.")
    ear.agent(True)
    await ear.quiet(1.0)
    began = await ear.speak(0.4)
    assert ear.told == ["pause"]
    paused_by = ear.now
    await ear.speak(0.8)
    await ear.quiet(0.8)
    assert ear.told == ["pause", "interrupted"]
    turn = await ear.heard()
    assert turn.interrupted
    ((started_at, stopped_at),) = ear.interruptions
    assert started_at == pytest.approx(began, abs=VAD_LAG_S)
    assert began < stopped_at <= paused_by


@in_virtual_time
async def test_a_streaming_recogniser_hears_the_caller_while_they_speak() -> None:
    ear = Ear("Where is my order?")
    ear.recogniser.streams = True
    await ear.speak(1.2)
    assert len(ear.recogniser.heard[0]) > SAMPLE_RATE * 2 * 0.8
    await ear.quiet(0.8)
    turn = await ear.heard()
    (sound,) = ear.recogniser.heard
    assert sound in ear.line
    assert len(sound) > SAMPLE_RATE * 2 * 1.2
    assert turn.utterance.text == "Where is my order?"
    assert ear.recogniser.cancelled == 0


@in_virtual_time
async def test_after_a_pause_a_streaming_recogniser_hears_the_turn_from_its_start() -> None:
    ear = Ear("Where is", "Where is my order?")
    ear.recogniser.streams = True
    await ear.speak(0.8)
    await ear.quiet(0.4)
    await ear.speak(0.8)
    await ear.quiet(0.8)
    turn = await ear.heard()
    first, second = ear.recogniser.heard
    assert second.startswith(first)
    assert turn.utterance.text == "Where is my order?"
    assert await ear.nothing_comes()


@in_virtual_time
async def test_a_streaming_recogniser_is_let_go_after_a_noise_that_was_no_turn() -> None:
    ear = Ear("")
    ear.recogniser.streams = True
    await ear.speak(0.3)
    await ear.quiet(0.8)
    assert len(ear.recogniser.heard) == 1
    ear.listener.close()
    assert await ear.nothing_comes()


@in_virtual_time
async def test_the_agent_goes_on_under_a_sound_in_which_there_are_no_words() -> None:
    ear = Ear("")
    ear.recogniser.streams = True
    ear.agent(True)
    await ear.quiet(0.5)
    await ear.speak(2.5)
    assert ear.told == ["pause", "resume"]
    ear.agent(False)
    await ear.quiet(1.0)
    assert ear.told == ["pause", "resume"]


@in_virtual_time
async def test_the_agent_stays_silent_under_words() -> None:
    ear = Ear("No, that is not the one I mean.")
    ear.recogniser.streams = True
    ear.recogniser.partials = ["no", "no that is not", "no that is not the one"]
    ear.agent(True)
    await ear.quiet(0.5)
    await ear.speak(2.5)
    assert ear.told == ["pause"]
    await ear.quiet(1.0)
    assert ear.told == ["pause", "interrupted"]
    assert (await ear.heard()).interrupted


@in_virtual_time
async def test_words_after_a_long_sound_without_any_stop_the_agent_again() -> None:
    ear = Ear("Excuse me?")
    ear.recogniser.streams = True
    ear.recogniser.partials = ["", "", "", "excuse me"]
    ear.agent(True)
    await ear.quiet(0.5)
    await ear.speak(3.0)
    assert ear.told == ["pause", "resume", "pause"]


@in_virtual_time
async def test_a_word_of_attention_lets_the_agent_go_on() -> None:
    ear = Ear("Mhm.")
    ear.agent(True)
    await ear.quiet(1.0)
    await ear.speak(0.4)
    await ear.quiet(1.0)
    assert ear.told == ["pause", "resume"]
    assert await ear.nothing_comes()


@in_virtual_time
async def test_a_short_noise_does_not_stop_the_agent() -> None:
    ear = Ear()
    ear.agent(True)
    await ear.quiet(1.0)
    await ear.speak(0.06)
    await ear.quiet(1.0)
    assert ear.told == []


@in_virtual_time
async def test_what_may_not_be_interrupted_is_not() -> None:
    ear = Ear()
    ear.listener.expect(None, {}, interruptible=False)
    ear.agent(True)
    await ear.quiet(0.5)
    await ear.speak(1.5)
    await ear.quiet(1.0)
    assert ear.told == []
    assert await ear.nothing_comes()


@in_virtual_time
async def test_a_silent_caller_is_told_after_the_agents_last_word() -> None:
    ear = Ear(turns={"no_input_s": 2.0})
    ear.agent(True)
    await ear.quiet(3.0)
    ear.agent(False)
    await ear.quiet(1.9)
    assert await ear.nothing_comes()
    await ear.quiet(0.2)
    assert await ear.turn() == Nothing("no-input")


@in_virtual_time
async def test_a_step_has_limits_of_its_own_for_as_long_as_it_lasts() -> None:
    ear = Ear(turns={"no_input_s": 5.0})
    ear.listener.expect(SIX, {"no_input_s": 1.0})
    ear.agent(False)
    await ear.quiet(1.1)
    assert await ear.turn() == Nothing("no-input")
    ear.listener.expect(None, {})
    ear.agent(False)
    await ear.quiet(4.5)
    assert await ear.nothing_comes()


@in_virtual_time
async def test_keys_are_an_answer_where_digits_are_asked_for() -> None:
    ear = Ear()
    ear.listener.expect(SIX, {})
    ear.agent(False)
    for digit in "471229":
        ear.listener.digit(digit)
        await ear.quiet(0.2)
    turn = await ear.heard()
    assert turn.utterance.text == "471229"
    assert turn.utterance.confidence == 1.0
    assert turn.utterance.engine == "dtmf"
    assert turn.pcm == b""
    assert ear.recogniser.asked == []


@in_virtual_time
async def test_a_key_stops_the_agent_where_digits_are_asked_for() -> None:
    ear = Ear()
    ear.listener.expect(SIX, {})
    ear.agent(True)
    await ear.quiet(0.5)
    ear.listener.digit("4")
    assert ear.told == ["pause"]
    for digit in "71229":
        ear.listener.digit(digit)
    assert ear.told == ["pause", "interrupted"]
    assert (await ear.heard()).interrupted


@in_virtual_time
async def test_a_key_where_none_is_asked_for_is_told_by_itself() -> None:
    ear = Ear()
    ear.listener.digit("0")
    assert await ear.turn() == Key("0")


@in_virtual_time
async def test_a_deaf_listener_recognises_nothing_and_forgets_what_it_had() -> None:
    ear = Ear("Where is my order?", takes_s=0.8)
    ear.listener.digit("1")
    await ear.speak(1.0)
    await ear.quiet(0.5)
    ear.listener.deafen(True)
    ear.listener.digit("0")
    await ear.speak(1.0)
    await ear.quiet(2.0)
    assert await ear.nothing_comes()
    assert ear.recogniser.cancelled == 1
    assert len(ear.recogniser.asked) == 1
    ear.listener.deafen(False)
    began = await ear.speak(1.0)
    await ear.quiet(2.0)
    turn = await ear.heard()
    assert turn.utterance.text == "Where is my order?"
    assert turn.started_at == pytest.approx(began, abs=VAD_LAG_S)


@in_virtual_time
async def test_the_last_words_are_those_begun_before_it_became_deaf() -> None:
    ear = Ear("Where is my order?", "Hello?", takes_s=0.8)
    began = await ear.speak(1.0)
    ear.listener.hear_out()
    await ear.speak(1.0)
    (turn,) = await ear.listener.last_words()
    assert turn.utterance.text == "Where is my order?"
    assert turn.started_at == pytest.approx(began, abs=VAD_LAG_S)
    assert turn.ended_at - turn.started_at < 1.5
    await ear.speak(1.0)
    await ear.quiet(2.0)
    assert await ear.nothing_comes()
    assert len(ear.recogniser.asked) == 1
    ear.listener.deafen(False)
    await ear.speak(1.0)
    await ear.quiet(2.0)
    assert (await ear.heard()).utterance.text == "Hello?"


@in_virtual_time
async def test_who_had_said_all_has_no_last_words_and_keys_are_none() -> None:
    ear = Ear("Where is my order?")
    await ear.speak(1.0)
    await ear.quiet(2.0)
    await ear.heard()
    ear.listener.digit("1")
    await ear.quiet(0.2)
    ear.listener.hear_out()
    assert await ear.listener.last_words() == []


@in_virtual_time
async def test_lost_recognition_is_an_error_of_the_turn() -> None:
    ear = Ear(SpeechError("the connection was closed"))
    ear.recogniser.lost = True
    await ear.speak(1.0)
    await ear.quiet(1.0)
    with pytest.raises(SpeechError, match="nobody answers"):
        await ear.turn()
    assert await ear.nothing_comes()


@in_virtual_time
@pytest.mark.parametrize("failure", [SpeechError("refused"), KeyError("words")])
async def test_one_failed_recognition_is_a_turn_that_was_not_understood(failure: Exception) -> None:
    ear = Ear(failure, "Where is my order?")
    await ear.speak(1.0)
    await ear.quiet(1.0)
    assert await ear.turn() == Nothing("recognition-failed")
    await ear.speak(1.0)
    await ear.quiet(1.0)
    assert (await ear.heard()).utterance.text == "Where is my order?"


@in_virtual_time
async def test_a_recognition_that_fails_after_the_turns_end_is_told_too() -> None:
    ear = Ear(SpeechError("no transcript within 15 s"), takes_s=3.0)
    await ear.speak(1.0)
    await ear.quiet(4.0)
    assert await ear.turn() == Nothing("recognition-failed")
    assert await ear.nothing_comes()


@in_virtual_time
async def test_a_failure_nobody_waits_for_any_more_disturbs_nobody() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    ear = Ear(SpeechError("nobody answers"))
    await ear.speak(1.0)
    await ear.quiet(0.5)
    ear.listener.close()
    del ear
    await asyncio.sleep(0.1)
    assert complaints == []


@in_virtual_time
async def test_hurrying_has_the_turn_come() -> None:
    ear = Ear()
    waiting = asyncio.create_task(ear.listener.turn())
    await asyncio.sleep(1.0)
    ear.listener.hurry()
    assert await waiting == Nothing("no-input")


@in_virtual_time
async def test_after_a_gap_in_the_frames_times_are_right_again() -> None:
    ear = Ear("Where is my order?", turns={"no_input_s": 10.0})
    await ear.quiet(1.0)
    await asyncio.sleep(3.0)
    await ear.quiet(0.2)
    began = await ear.speak(1.0)
    await ear.quiet(1.0)
    assert (await ear.heard()).started_at == pytest.approx(began, abs=VAD_LAG_S)


@in_virtual_time
async def test_audio_kept_for_recognition_does_not_grow_without_end() -> None:
    ear = Ear(turns={"max_turn_s": 2.0, "no_input_s": 120.0})
    for _ in range(3):
        await ear.quiet(5.0)
    assert len(ear.listener._frames) * FRAME_S == pytest.approx(7.0, abs=0.1)
