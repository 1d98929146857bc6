"""What the agent says in a call: one thing after the other, written down as far as it was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from voiceagent.course import Course
from voiceagent.events import AgentSpoke
from voiceagent.speech.speaker import Speaker, Spoken


class Saying:
    """Says things in one call, and leaves an event of each.

    Args:
        on_failed: called when the voice failed in what was begun; `finish` raises it.
    """

    def __init__(self, speaker: Speaker, course: Course, on_failed: Callable[[], None]) -> None:
        self._speaker = speaker
        self._course = course
        self._on_failed = on_failed
        self._begun: asyncio.Task[Spoken | None] | None = None
        self._answers: float | None = None

    def answers(self, ended_at: float) -> None:
        """What is said next answers speech that ended at this instant of `time.monotonic()`."""
        self._answers = ended_at

    def begin(self, text: str) -> None:
        """Begin to say something; `finish` what was begun before, first."""
        self._begun = asyncio.create_task(self.say(text))
        self._begun.add_done_callback(self._look_at)

    async def finish(self) -> Spoken | None:
        """Wait until what was begun was said, or the caller cut in; None when there is nothing.

        Raises:
            SpeechError: the voice failed.
        """
        if self._begun is None:
            return None
        begun, self._begun = self._begun, None
        return await begun

    async def finish_if_said(self) -> None:
        """Raise what went wrong in what was begun, where it is over.

        Raises:
            SpeechError: the voice failed.
        """
        if self._begun is not None and self._begun.done():
            await self.finish()

    async def say(self, text: str) -> Spoken | None:
        """Say something to its end, or until the caller cuts in; None when nothing was heard.

        Raises:
            SpeechError: the voice failed.
        """
        turn, record = self._course.turn, self._course.record
        answers, self._answers = self._answers, None
        spoken = await self._speaker.say(text)
        if spoken is None:
            return None
        start_s, end_s = record.clock(spoken.started_at), record.clock(spoken.ended_at)
        record.event(
            AgentSpoke(
                turn=turn,
                text=text,
                heard=spoken.heard,
                interrupted=spoken.interrupted,
                start_s=start_s,
                end_s=end_s,
                gap_s=None if answers is None else spoken.started_at - answers,
            )
        )
        if spoken.heard:
            record.said("agent", spoken.heard, start_s, end_s)
        return spoken

    def forget(self) -> None:
        """Nobody waits any more for what was begun."""
        self._begun = None

    async def stop(self) -> None:
        """Fall silent for good; whatever went wrong does not matter any more."""
        self._speaker.stop()
        if self._begun is not None:
            await asyncio.gather(self._begun, return_exceptions=True)

    def _look_at(self, begun: asyncio.Task[Spoken | None]) -> None:
        if not begun.cancelled() and begun.exception() is not None:
            self._on_failed()
