"""What the agent says is written down as far as it was heard, and a voice that fails is told of."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakecall import FakeJournal
from voiceagent.callrecord import CallRecord
from voiceagent.saying import Saying
from voiceagent.speech.client import SpeechError
from voiceagent.speech.speaker import Spoken


class Voice:
    """A speaker of whose words the caller hears the first only, or that fails."""

    def __init__(self) -> None:
        self.fails = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def say(self, text: str) -> Spoken | None:
        await self.goes_on.wait()
        if self.fails:
            raise SpeechError("the voice is gone")
        now = time.monotonic()
        return Spoken(text, text.split()[0], True, now, now + 0.5) if text else None

    def stop(self) -> None:
        self.goes_on.set()


class Scene:
    def __init__(self) -> None:
        self.voice, self.journal = Voice(), FakeJournal()
        self.record = CallRecord("line", "call-1", self.journal)
        self.failed = asyncio.Event()
        course: Any = SimpleNamespace(turn=3, record=self.record)
        speaker: Any = self.voice
        self.saying = Saying(speaker, course, on_failed=self.failed.set)


async def test_the_record_has_what_was_heard_and_the_wait_before_it() -> None:
    scene = Scene()
    scene.saying.answers(time.monotonic() - 2)
    scene.saying.begin("Good morning to you.")
    await scene.saying.finish()
    (spoke,) = [record.event for record in scene.journal.records]
    assert (spoke.turn, spoke.text, spoke.heard) == (3, "Good morning to you.", "Good")
    assert 2 <= spoke.gap_s < 10
    assert [line.text for line in scene.record.transcript] == ["Good"]


async def test_what_is_said_unasked_answers_nothing() -> None:
    scene = Scene()
    scene.saying.answers(time.monotonic())
    await scene.saying.say("Yes.")
    await scene.saying.say("And more.")
    gaps = [record.event.gap_s for record in scene.journal.records]
    assert gaps[0] is not None
    assert gaps[1] is None


async def test_what_nothing_was_heard_of_is_not_written_down() -> None:
    scene = Scene()
    assert await scene.saying.say("") is None
    assert scene.journal.records == []


async def test_a_voice_that_fails_is_told_of_and_raised_by_who_looks() -> None:
    scene = Scene()
    scene.voice.fails = True
    scene.saying.begin("Good morning.")
    async with asyncio.timeout(5):
        await scene.failed.wait()
    with pytest.raises(SpeechError):
        await scene.saying.finish_if_said()
    assert await scene.saying.finish() is None


async def test_what_is_still_being_said_is_not_waited_for_by_who_looks() -> None:
    scene = Scene()
    scene.voice.goes_on.clear()
    scene.saying.begin("Good morning.")
    await scene.saying.finish_if_said()
    assert scene.journal.records == []
    await scene.saying.stop()
    assert len(scene.journal.records) == 1
