"""One connection to the speech service: Wyoming events in, Wyoming events out.

Events are read on while work is being done, so that a connection closed in the middle is
noticed: the work is cancelled, and what has not begun leaves the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import structlog
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler
from wyoming.tts import Synthesize

from voiceagent import tasks
from voiceagent.audio.frames import SAMPLE_RATE, to_float
from voiceagent.audio.prosody import measure
from voiceagent.events import Expectation
from voiceagent.speech.engines import Engines
from voiceagent.speech.piper import SynthesisError
from voiceagent.speech.recognizer import OnText, Recognition, RecognitionError
from voiceagent.speech.wire import (
    EMBED,
    MEASURE,
    MEASURES,
    PARTIAL_COMPLETE,
    PARTIAL_REPLACES,
    asked_of,
    embedding_event,
    utterance_context,
)
from voiceagent.speech.workers import Refusal, Workers

log = structlog.get_logger()

RATES = (8000, 48000)
"""Lowest and highest sampling rate accepted."""
LONGEST_S = 180.0
"""Longest audio accepted in one request."""
_MOST_TEXT = 20_000
_MOST_SENTENCES = 5_000
_CHUNK_BYTES = 2 * SAMPLE_RATE // 10


class Handler(AsyncEventHandler):  # type: ignore[misc]
    """Serves one connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        engines: Engines,
        workers: Workers,
    ) -> None:
        super().__init__(reader, writer)
        self._engines = engines
        self._workers = workers
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._request: Transcribe | None = None
        self._asked: Expectation | None = None
        self._recognition: _Running | None = None

    async def run(self) -> None:
        """Serve until the client leaves."""
        try:
            await super().run()
        except (ConnectionError, asyncio.IncompleteReadError):
            log.debug("speech.client_vanished")

    async def disconnect(self) -> None:
        """Take back what the client was waiting for."""
        for task in self._tasks:
            task.cancel()
        self._drop_recognition()

    async def handle_event(self, event: Event) -> bool:
        """Handle one event; errors are answered, and the connection stays open."""
        try:
            await self._handle(event)
        except (Refusal, RecognitionError) as error:
            self._drop_recognition()
            await self._refuse(error)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._drop_recognition()
            await self._refuse(Refusal("bad-event", f"{event.type}: malformed: {error!r}"))
        return True

    async def _handle(self, event: Event) -> None:
        if AudioChunk.is_type(event.type):
            self._take_audio(AudioChunk.from_event(event))
        elif AudioStart.is_type(event.type):
            self._begin_audio(AudioStart.from_event(event))
        elif AudioStop.is_type(event.type):
            self._end_audio()
        elif Transcribe.is_type(event.type):
            self._drop_recognition()
            self._request, self._asked = Transcribe.from_event(event), asked_of(event)
        elif Synthesize.is_type(event.type):
            self._work(self._synthesize(Synthesize.from_event(event)))
        elif event.type == EMBED:
            self._work(self._embed(event))
        elif event.type == MEASURE:
            self._work(self._measure(event))
        elif Describe.is_type(event.type):
            await self.write_event(self._engines.info().event())
        elif Ping.is_type(event.type):
            await self.write_event(Pong(Ping.from_event(event).text).event())
        else:
            log.debug("speech.unknown_event", type=event.type)

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        tasks.start(self._guarded(work), self._tasks)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work in its turn: answers come in the order of the requests."""
        try:
            async with self._turn:
                await work
        except (Refusal, RecognitionError, SynthesisError) as error:
            await self._refuse(error)
        except ConnectionError:
            log.debug("speech.client_vanished")
        except Exception as error:
            log.exception("speech.failed")
            await self._refuse(Refusal("failed", f"the service failed: {error!r}"))

    async def _refuse(self, error: Exception) -> None:
        code = error.code if isinstance(error, Refusal) else "failed"
        log.warning("speech.refused", code=code, reason=str(error))
        try:
            await self.write_event(Error(str(error), code).event())
        except ConnectionError:
            log.debug("speech.client_vanished")

    # -- recognition ----------------------------------------------------------------------------

    def _begin_audio(self, start: AudioStart) -> None:
        self._drop_recognition()
        if self._engines.recognizer is None:
            raise Refusal("unsupported", "recognition is done by another service")
        if start.width != 2 or start.channels != 1:
            raise Refusal(
                "bad-audio",
                f"audio has to be 16-bit mono, not {8 * start.width}-bit with "
                f"{start.channels} channels",
            )
        if not isinstance(start.rate, int) or not RATES[0] <= start.rate <= RATES[1]:
            raise Refusal(
                "bad-audio", f"audio has to have {RATES[0]} to {RATES[1]} Hz, not {start.rate}"
            )
        request = self._request or Transcribe()
        vocabulary = [*(request.transcript_names or ()), *(request.transcript_terms or ())]
        language = request.language or "en"
        recognizer = self._engines.recognizer_for(language, self._workers.relief_needed())
        recognition = recognizer.open(start.rate, language, vocabulary, self._asked)
        small = recognizer is not self._engines.recognizer
        self._recognition = _Running(recognition, recognizer.streaming, small, start.rate, self)

    def _take_audio(self, chunk: AudioChunk) -> None:
        if self._recognition is None:
            return
        if chunk.rate != self._recognition.rate or chunk.width != 2 or chunk.channels != 1:
            raise Refusal("bad-audio", "the audio's format changed in the middle")
        self._recognition.take(chunk.audio)

    def _end_audio(self) -> None:
        running, self._recognition = self._recognition, None
        self._request = self._asked = None
        if running is not None:
            self._work(running.finish())

    def _drop_recognition(self) -> None:
        if self._recognition is not None:
            self._recognition.cancel()
            self._recognition = None

    @property
    def workers(self) -> Workers:
        """The threads to work on."""
        return self._workers

    # -- the rest -------------------------------------------------------------------------------

    async def _synthesize(self, request: Synthesize) -> None:
        if len(request.text) > _MOST_TEXT:
            raise Refusal("bad-text", f"a text has at most {_MOST_TEXT} characters")
        name = request.voice.name if request.voice else None
        voice = await self._workers.synthesize(self._engines.voice, name)
        audio = {"rate": SAMPLE_RATE, "width": 2, "channels": 1}
        await self.write_event(AudioStart(**audio).event())
        pieces = voice.synthesize(request.text)
        while (piece := await self._workers.synthesize(_next, pieces)) is not None:
            for start in range(0, len(piece), _CHUNK_BYTES):
                chunk = piece[start : start + _CHUNK_BYTES]
                await self.write_event(AudioChunk(**audio, audio=chunk).event())
        await self.write_event(AudioStop().event())

    async def _embed(self, event: Event) -> None:
        texts = event.data.get("texts")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise Refusal("bad-text", f"{EMBED}: texts has to be a list of strings")
        if len(texts) > _MOST_SENTENCES or any(len(text) > _MOST_TEXT for text in texts):
            raise Refusal("bad-text", f"{EMBED}: at most {_MOST_SENTENCES} texts at once")
        vectors = await self._workers.short(self._engines.embedder.embed, texts)
        await self.write_event(embedding_event(vectors))

    async def _measure(self, event: Event) -> None:
        pcm, rate = event.payload or b"", event.data.get("rate")
        if rate != SAMPLE_RATE or len(pcm) % 2 or len(pcm) > 2 * SAMPLE_RATE * LONGEST_S:
            raise Refusal(
                "bad-audio",
                f"{MEASURE}: takes 16-bit mono at {SAMPLE_RATE} Hz, at most {LONGEST_S:.0f} s",
            )
        features = await self._workers.short(measure, to_float(pcm), SAMPLE_RATE)
        await self.write_event(Event(MEASURES, {"features": features}))


class _Running:
    """A recognition that is being fed."""

    def __init__(
        self,
        recognition: Recognition,
        streaming: bool,
        small: bool,
        rate: int,
        handler: Handler,
    ) -> None:
        self.rate = rate
        self._small = small
        self._recognition = recognition
        self._streaming = streaming
        self._handler = handler
        self._bytes = 0
        self._waiting = bytearray()
        self._feeder: asyncio.Task[None] | None = None
        self._partial = ""

    def take(self, pcm: bytes) -> None:
        """More audio; a streaming engine works on it at once, off the event loop."""
        if len(pcm) % 2:
            raise Refusal("bad-audio", f"16-bit audio has an even byte count, not {len(pcm)}")
        self._bytes += len(pcm)
        if self._bytes > 2 * self.rate * LONGEST_S:
            raise Refusal("bad-audio", f"an utterance has at most {LONGEST_S:.0f} s")
        if not self._streaming:
            self._recognition.feed(pcm)
            return
        self._waiting += pcm
        if self._feeder is None or self._feeder.done():
            self._feeder = asyncio.create_task(self._feed())
            self._feeder.add_done_callback(_note_failure)

    async def finish(self) -> None:
        """Answer with the transcript."""
        if self._feeder is not None:
            await self._feeder
        try:
            utterance = await self._handler.workers.finish(
                self._recognition, self._small, self._tell_early()
            )
        except asyncio.CancelledError:
            self._recognition.abandon()
            raise
        context = utterance_context(utterance)
        await self._handler.write_event(Transcript(utterance.text, context).event())

    def _tell_early(self) -> OnText:
        """Sends the text ahead of the transcript, from any thread."""
        loop = asyncio.get_running_loop()

        def tell(text: str) -> None:
            chunk = Event(
                "transcript-chunk",
                {"text": text, PARTIAL_REPLACES: True, PARTIAL_COMPLETE: True},
            )
            asyncio.run_coroutine_threadsafe(self._handler.write_event(chunk), loop)

        return tell

    def cancel(self) -> None:
        """The client wants no answer any more."""
        self._recognition.abandon()
        if self._feeder is not None:
            self._feeder.cancel()

    async def _feed(self) -> None:
        while self._waiting:
            pcm = bytes(self._waiting)
            self._waiting.clear()
            partial = await self._handler.workers.recognize(self._recognition.feed, pcm)
            if partial != self._partial:
                self._partial = partial
                data = {"text": partial, PARTIAL_REPLACES: True}
                await self._handler.write_event(Event("transcript-chunk", data))


def _note_failure(feeder: asyncio.Task[None]) -> None:
    """Look at the outcome even if the client left and nobody else will."""
    if not feeder.cancelled() and feeder.exception() is not None:
        log.debug("speech.partial_failed", error=repr(feeder.exception()))


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
