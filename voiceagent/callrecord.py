"""What is written down of a call while it goes on: its events, its transcript, its sound."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from voiceagent.audio.frames import FRAME_S
from voiceagent.audio.recording import Recorder, Track
from voiceagent.events import AnyEvent, Journal, LookupDone, Record, TranscriptLine, Verdict
from voiceagent.telephony.call import Leg

log = structlog.get_logger()


def new_call_id() -> str:
    """The agent's own id of a conversation: it sorts by time and tells when that was."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


class CallRecord:
    """The record of one call; its clock starts with the INVITE."""

    def __init__(self, line: str, call_id: str, journal: Journal) -> None:
        self.call_id = call_id
        self.transcript: list[TranscriptLine] = []
        self._line = line
        self._journal = journal
        self._started = time.monotonic()
        self.decisive: list[Record] = []
        """Verdicts and look-ups, for the person who takes the call."""
        self._recorder: Recorder | None = None
        self._bridged: Callable[[], bool] = lambda: False
        """Whether the caller hears a person, and not the agent."""

    def clock(self, at: float) -> float:
        """Seconds from the INVITE of an instant of `time.monotonic()`."""
        return round(at - self._started, 3)

    @property
    def age_s(self) -> float:
        """Seconds since the INVITE."""
        return self.clock(time.monotonic())

    def event(self, event: AnyEvent) -> Record:
        """Write an event down; it is stored, then published."""
        record = Record(line=self._line, call_id=self.call_id, t_s=self.age_s, event=event)
        if isinstance(event, (LookupDone, Verdict)):
            self.decisive.append(record)
        self._journal.write(record)
        return record

    async def delivered(self, record: Record, timeout_s: float) -> bool:
        """Wait until the record has reached the bus; False when it did not in time."""
        return await self._journal.delivered(record.id, timeout_s)

    def said(
        self,
        who: Literal["caller", "agent"],
        text: str,
        start_s: float,
        end_s: float,
        verdict: Verdict | None = None,
    ) -> None:
        """Add a line to the transcript, times in seconds from the INVITE."""
        self.transcript.append(
            TranscriptLine(
                who=who,
                text=text,
                start_s=start_s,
                end_s=end_s,
                confidence=verdict.understood if verdict else None,
                anger=verdict.anger if verdict else None,
            )
        )

    def listen(self, leg: Leg, received: Callable[[bytes], None], recordings: Path | None) -> None:
        """Give the leg's frames to `received`, and record both directions into a folder."""
        leg.audio.received = received
        if recordings is None:
            return
        with self._not_at_the_calls_cost():
            self._recorder = Recorder(recordings / f"{self.call_id}.wav")
            caller, agent = Track(self._recorder.caller), Track(self._recorder.agent)

            def take(pcm: bytes) -> None:
                self._keep(caller, self.age_s - FRAME_S, pcm)
                received(pcm)

            leg.audio.received = take
            leg.audio.sent = lambda pcm: (
                None if self._bridged() else self._keep(agent, self.age_s, pcm)
            )

    def listen_to_person(self, leg: Leg) -> None:
        """Record a person to whom the caller talks through the agent where it was the agent."""
        if self._recorder is not None:
            person = Track(self._recorder.agent)

            def take(pcm: bytes) -> None:
                self._keep(person, self.age_s - FRAME_S, pcm)

            leg.audio.received = take
            self._bridged = lambda: leg.audio.received is take and not leg.ended.is_set()

    def close(self) -> None:
        """Finish the recording."""
        with self._not_at_the_calls_cost():
            if self._recorder is not None:
                self._recorder.close()

    def _keep(self, track: Track, at_s: float, pcm: bytes) -> None:
        if self._recorder is not None:
            with self._not_at_the_calls_cost():
                track.add(at_s, pcm)

    @contextlib.contextmanager
    def _not_at_the_calls_cost(self) -> Iterator[None]:
        """A full disk ends the recording and nothing else."""
        try:
            yield
        except OSError as error:
            self._recorder = None
            log.error("recording.failed", call_id=self.call_id, error=str(error))
