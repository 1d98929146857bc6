"""The agent's mouth, with a voice made of numbers and the test as the clock of the media."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace

import pytest

from voiceagent.audio.frames import FRAME_BYTES, SILENCE
from voiceagent.speech.client import SpeechError
from voiceagent.speech.speaker import Speaker, Spoken, heard
from voiceagent.telephony.media import LegAudio

WORD_FRAMES = 5


def sound(sentence: str) -> list[bytes]:
    """What the voice makes of a sentence: so many frames a word, each unlike silence."""
    return [
        bytes([1 + sum(word.encode()) % 255]) * FRAME_BYTES
        for word in sentence.split()
        for _ in range(WORD_FRAMES)
    ]


@dataclass
class NumberVoice:
    """Speaks a sentence when it is let, or fails at it."""

    fails_at: str = ""
    held: asyncio.Event | None = None
    """Sentences after the first wait for this."""
    asked: list[str] = field(default_factory=list)
    given_up: bool = False

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
        self.asked.append(text)
        try:
            if self.held and len(self.asked) > 1:
                await self.held.wait()
            for number, frame in enumerate(sound(text)):
                if text == self.fails_at and number == WORD_FRAMES:
                    raise SpeechError("the voice is gone")
                await asyncio.sleep(0)
                yield frame
        except asyncio.CancelledError:
            self.given_up = True
            raise


class Stage:
    """A speaker on a leg; `clock` lets the media clock take frames."""

    def __init__(self, voice: NumberVoice) -> None:
        self.audio = LegAudio(asyncio.get_running_loop())
        leg = SimpleNamespace(audio=self.audio)
        self.told: list[bool] = []
        self.speaker = Speaker(leg, voice, on_speech=self.told.append)  # type: ignore[arg-type]
        self.went: list[bytes] = []

    def say(self, text: str) -> asyncio.Task[Spoken | None]:
        return asyncio.create_task(self.speaker.say(text))

    async def clock(self, frames: int) -> None:
        for _ in range(frames):
            await loop_turns()
            self.went.append(self.audio.give_out())
        await loop_turns()

    async def until_done(self, saying: asyncio.Task[Spoken | None]) -> Spoken | None:
        async with asyncio.timeout(5):
            while not saying.done():
                await self.clock(1)
        return saying.result()

    @property
    def spoken(self) -> list[bytes]:
        return [frame for frame in self.went if frame != SILENCE]


async def loop_turns() -> None:
    for _ in range(WORD_FRAMES):
        await asyncio.sleep(0)


async def test_a_text_is_said_whole_and_in_order() -> None:
    stage = Stage(NumberVoice())
    spoken = await stage.until_done(stage.say("One two. Three four!"))
    assert spoken is not None
    assert (spoken.heard, spoken.interrupted) == ("One two. Three four!", False)
    assert stage.spoken == sound("One two.") + sound("Three four!")
    assert stage.told == [True, False]
    assert not stage.speaker.speaking


async def test_the_first_sentence_leaves_while_the_rest_is_made() -> None:
    voice = NumberVoice(held=asyncio.Event())
    stage = Stage(voice)
    saying = stage.say("One two. Three four.")
    await stage.clock(30)
    assert stage.spoken == sound("One two.")
    assert voice.asked == ["One two.", "Three four."]
    assert stage.told == [True]
    assert not saying.done()
    voice.held.set()  # type: ignore[union-attr]
    spoken = await stage.until_done(saying)
    assert spoken is not None
    assert not spoken.interrupted
    assert stage.spoken == sound("One two. Three four.")


async def test_after_an_interruption_it_is_known_what_was_heard() -> None:
    stage = Stage(NumberVoice())
    saying = stage.say("One two. Three four five six. Seven.")
    await stage.clock(22)
    stage.speaker.stop()
    spoken = await stage.until_done(saying)
    assert spoken is not None
    assert spoken.interrupted
    words = len(stage.spoken) // WORD_FRAMES
    assert spoken.heard.split() == spoken.text.split()[:words]
    assert spoken.heard == "One two. Three four"
    assert spoken.ended_at >= spoken.started_at


async def test_after_a_stop_the_rest_is_neither_said_nor_made() -> None:
    voice = NumberVoice(held=asyncio.Event())
    stage = Stage(voice)
    saying = stage.say("One two. Three four.")
    await stage.clock(12)
    stage.speaker.stop()
    await stage.until_done(saying)
    assert voice.given_up
    await stage.clock(5)
    assert stage.went[-5:] == [SILENCE] * 5
    assert stage.told == [True, False]


async def test_a_pause_is_silence_and_nothing_is_lost_by_it() -> None:
    stage = Stage(NumberVoice())
    saying = stage.say("One two. Three four.")
    await stage.clock(7)
    stage.speaker.pause()
    before = len(stage.went)
    await stage.clock(10)
    assert stage.went[before:] == [SILENCE] * 10
    stage.speaker.unpause()
    spoken = await stage.until_done(saying)
    assert spoken is not None
    assert not spoken.interrupted
    assert stage.spoken == sound("One two. Three four.")
    assert stage.told == [True, False]


async def test_a_paused_sentence_can_be_stopped() -> None:
    stage = Stage(NumberVoice())
    saying = stage.say("One two three four.")
    await stage.clock(12)
    stage.speaker.pause()
    await stage.clock(3)
    stage.speaker.stop()
    spoken = await stage.until_done(saying)
    assert spoken is not None
    assert spoken.interrupted
    assert len(spoken.heard.split()) == len(stage.spoken) // WORD_FRAMES


async def test_of_a_text_stopped_before_its_first_sample_nothing_was_spoken() -> None:
    stage = Stage(NumberVoice())
    saying = stage.say("One two.")
    await loop_turns()
    stage.speaker.stop()
    assert await stage.until_done(saying) is None
    assert stage.spoken == []
    assert stage.told == [False]


async def test_when_the_leg_ends_saying_ends() -> None:
    voice = NumberVoice(held=asyncio.Event())
    stage = Stage(voice)
    saying = stage.say("One two. Three.")
    await stage.clock(8)
    stage.audio.close()
    spoken = await stage.until_done(saying)
    assert spoken is not None
    assert spoken.interrupted
    assert voice.given_up


async def test_on_a_leg_that_has_ended_nothing_is_said() -> None:
    stage = Stage(NumberVoice())
    stage.audio.close()
    assert await asyncio.wait_for(stage.say("One two."), 1) is None


async def test_a_voice_that_fails_is_told_after_what_it_had_made_was_said() -> None:
    stage = Stage(NumberVoice(fails_at="Three four."))
    with pytest.raises(SpeechError, match="the voice is gone"):
        await stage.until_done(stage.say("One two. Three four. Five."))
    assert stage.spoken == sound("One two.") + sound("Three")
    assert stage.told == [True, False]


async def test_a_voice_that_fails_before_the_first_sample_is_told_at_once() -> None:
    class Gone(NumberVoice):
        async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
            raise SpeechError("the voice is gone")
            yield b""

    stage = Stage(Gone())
    with pytest.raises(SpeechError):
        await stage.until_done(stage.say("One two."))
    assert stage.told == [False]


async def test_a_text_without_words_is_over_and_tells_so() -> None:
    stage = Stage(NumberVoice())
    assert await stage.until_done(stage.say(" ... ")) is None
    assert stage.told == [False]


async def test_a_new_text_takes_the_place_of_the_old_one() -> None:
    stage = Stage(NumberVoice())
    first = stage.say("One two three four.")
    await stage.clock(7)
    second = stage.say("Five.")
    spoken = await stage.until_done(second)
    assert spoken is not None
    assert spoken.text == "Five."
    assert stage.spoken[-WORD_FRAMES:] == sound("Five.")
    cut = await first
    assert cut is not None
    assert cut.interrupted


def test_the_words_heard_grow_with_the_time_played() -> None:
    parts = [("One two.", 1.0), ("Three four five six.", 2.0)]
    shares = [heard(parts, tenth / 10) for tenth in range(31)]
    assert shares[0] == ""
    assert shares[10] == "One two."
    assert shares[20] == "One two. Three four"
    assert shares[30] == "One two. Three four five six."
    assert all(later.startswith(earlier) for earlier, later in pairwise(shares))
    assert heard([("One.", 0.0)], 0.0) == "One."
