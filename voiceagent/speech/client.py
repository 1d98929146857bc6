"""The line's side of the speech service, and of any other Wyoming service.

Every request has a connection of its own: closing it takes the request back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wyoming.asr import Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

from voiceagent import tasks
from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_float, to_pcm
from voiceagent.audio.resample import Resampler
from voiceagent.config import Config
from voiceagent.config.wyoming import Address, parse_address
from voiceagent.events import EngineChanged, Expectation, Utterance
from voiceagent.language import bare_code
from voiceagent.speech.connection import Connection, SpeechError as SpeechError
from voiceagent.speech.reading_aloud import read_aloud
from voiceagent.speech.wire import (
    EMBED,
    MEASURE,
    PARTIAL_COMPLETE,
    PARTIAL_REPLACES,
    embedding_of,
    own_address,
    transcribe_event,
    utterance_of,
)

_PING_S = 2.0
_RECOGNITION_S = 15.0
"""How long the transcript may take after the audio's end."""
_SYNTHESIS_S = 15.0
"""How long each next piece of speech may take."""
_WORK_S = 10.0
_EMBEDDED_AT_ONCE = 32
_AUDIO: dict[str, Any] = {"rate": SAMPLE_RATE, "width": 2, "channels": 1}


class SpeechClient:
    """Recognition, synthesis, embeddings and acoustic measures for one line.

    All audio is 16-bit mono at 8 kHz. Every method raises `SpeechError` when the service is
    not there, does not answer in time, or refuses.

    Raises:
        ConfigError: the path of the run folder is too long for a socket in it.

    Args:
        language: what is spoken, such as "en-GB".
    """

    def __init__(self, config: Config, language: str = "en") -> None:
        self._language = language
        self.on_engine_changed: Callable[[EngineChanged], None] | None = None
        """Told when utterances come from another engine than before."""
        self._engine = ""
        self.streams = False
        """Whether the recogniser works while it is fed; known after a `ping`."""
        own = own_address(config)
        speech = config.speech
        self._own = own
        self._recognizer = parse_address(speech.recognizer) if speech.recognizer else own
        self._synthesizer = parse_address(speech.synthesizer) if speech.synthesizer else own

    async def open(
        self,
        language: str = "en",
        vocabulary: Sequence[str] = (),
        asked: Expectation | None = None,
    ) -> RecognitionStream:
        """Begin to recognise an utterance.

        Args:
            language: language code, such as "en"; its region is left out.
            vocabulary: words and names that are likely, best first.
            asked: what the caller was asked for.
        """
        connection = await Connection.open(self._recognizer)
        try:
            await connection.send(transcribe_event(bare_code(language), vocabulary, asked))
            await connection.send(AudioStart(**_AUDIO).event())
        except BaseException:
            connection.close()
            raise
        return RecognitionStream(connection, self._note_engine)

    def _note_engine(self, engine: str) -> None:
        before, self._engine = self._engine, engine
        if before and engine and engine != before and self.on_engine_changed:
            self.on_engine_changed(EngineChanged(engine=engine, before=before))

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[bytes]:
        """Speech for the text, in pieces, each as soon as it is there.

        Args:
            voice: a voice of the service; left out, the one in its settings.
        """
        async with contextlib.aclosing(await Connection.open(self._synthesizer)) as connection:
            chosen = SynthesizeVoice(name=voice) if voice else None
            if self._synthesizer != self._own:
                # The own service reads text by itself; nobody knows what another one does.
                text = read_aloud(text, self._language)
                chosen = chosen or SynthesizeVoice(language=bare_code(self._language))
            await connection.send(Synthesize(text=text, voice=chosen).event())
            audio: _Narrowed | None = None
            while True:
                event = await connection.receive(_SYNTHESIS_S)
                if AudioChunk.is_type(event.type):
                    chunk = AudioChunk.from_event(event)
                    audio = audio or _Narrowed(chunk.rate, chunk.width, chunk.channels)
                    if piece := audio.push(chunk.audio):
                        yield piece
                elif AudioStop.is_type(event.type):
                    if audio is not None and (rest := audio.flush()):
                        yield rest
                    return

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sentence vectors of shape (len(texts), dimensions), as `SentenceEmbedder` makes them."""
        parts = [
            texts[at : at + _EMBEDDED_AT_ONCE] for at in range(0, len(texts), _EMBEDDED_AT_ONCE)
        ]
        answers = [await self._ask(Event(EMBED, {"texts": list(part)})) for part in parts]
        return np.concatenate([embedding_of(answer) for answer in answers])

    async def measure(self, pcm: bytes) -> dict[str, float] | None:
        """Acoustic measures of an utterance, None when too little of it is voiced."""
        answer = await self._ask(Event(MEASURE, {"rate": SAMPLE_RATE}, pcm))
        features: dict[str, float] | None = answer.data["features"]
        return features

    async def ping(self) -> None:
        """See that every configured service answers."""
        for address in dict.fromkeys((self._own, self._recognizer, self._synthesizer)):
            info = await self.describe(address)
            if address == self._recognizer:
                self.streams = any(engine.supports_transcript_streaming for engine in info.asr)

    async def describe(self, address: Address) -> Info:
        """What the service at an address says of itself."""
        async with contextlib.aclosing(await Connection.open(address)) as connection:
            await connection.send(Describe().event())
            while True:
                event = await connection.receive(_PING_S)
                if Info.is_type(event.type):
                    return Info.from_event(event)

    async def _ask(self, request: Event) -> Event:
        async with contextlib.aclosing(await Connection.open(self._own)) as connection:
            await connection.send(request)
            return await connection.receive(_WORK_S)


class RecognitionStream:
    """One utterance being recognised. End it by `finish` or by `cancel`."""

    def __init__(self, connection: Connection, note_engine: Callable[[str], None]) -> None:
        self._note_engine = note_engine
        self.partial = ""
        """The text so far, empty when the engine gives none."""
        self.on_partial: Callable[[str], None] = lambda text: None
        """Told the text so far, whenever it changes."""
        self.on_text: Callable[[str], None] = lambda text: None
        """Told the utterance's text when it is known ahead of the rest."""
        self._connection = connection
        self._samples = 0
        self._waiting = bytearray()
        self._more = asyncio.Event()
        self._ended = False
        self._sender = asyncio.create_task(self._send())
        self._answer = asyncio.create_task(self._receive())
        for task in (self._sender, self._answer):
            task.add_done_callback(tasks.look_at)

    def feed(self, pcm: bytes) -> None:
        """Take samples; never blocks and never raises, a lost service shows in `finish`."""
        self._samples += len(pcm) // 2
        self._waiting += pcm
        self._more.set()

    async def finish(self) -> Utterance:
        """The utterance, its times counted from the first sample fed.

        Raises:
            SpeechError: the service was lost, refused or took too long.
        """
        self._ended = True
        self._more.set()
        try:
            await self._sender
            async with asyncio.timeout(_RECOGNITION_S):
                text, context = await self._answer
        except TimeoutError as error:
            raise SpeechError(
                f"{self._connection.address}: no transcript within {_RECOGNITION_S:.0f} s"
            ) from error
        finally:
            self.cancel()
        utterance = utterance_of(text, context, self._samples / SAMPLE_RATE)
        self._note_engine(utterance.engine)
        return utterance

    def cancel(self) -> None:
        """Give the utterance up; its place in the queue is free at once."""
        for task in (self._sender, self._answer):
            task.cancel()
        self._connection.close()

    async def _send(self) -> None:
        while not self._ended or self._waiting:
            await self._more.wait()
            self._more.clear()
            if self._waiting:
                pcm = bytes(self._waiting)
                self._waiting.clear()
                await self._connection.send(AudioChunk(**_AUDIO, audio=pcm).event())
        await self._connection.send(AudioStop().event())

    async def _receive(self) -> tuple[str, dict[str, Any] | None]:
        while True:
            event = await self._connection.receive(None)
            if TranscriptChunk.is_type(event.type):
                text = str(event.data.get("text", ""))
                self.partial = text if event.data.get(PARTIAL_REPLACES) else self.partial + text
                if event.data.get(PARTIAL_COMPLETE):
                    self.on_text(text)
                else:
                    self.on_partial(self.partial)
            elif Transcript.is_type(event.type):
                transcript = Transcript.from_event(event)
                return transcript.text or "", transcript.context


class _Narrowed:
    """Audio of any rate and number of channels as the telephone's."""

    def __init__(self, rate: int, width: int, channels: int) -> None:
        if width != 2 or channels < 1:
            raise SpeechError(f"the synthesizer sends {8 * width}-bit audio, only 16-bit will do")
        self._channels = channels
        self._resampler = Resampler(rate, SAMPLE_RATE) if rate != SAMPLE_RATE else None

    def push(self, pcm: bytes) -> bytes:
        if self._resampler is None and self._channels == 1:
            return pcm
        samples = self._mono(to_float(pcm))
        return to_pcm(self._resampler.push(samples) if self._resampler else samples)

    def flush(self) -> bytes:
        return to_pcm(self._resampler.flush()) if self._resampler else b""

    def _mono(self, samples: Floats) -> Floats:
        if self._channels == 1:
            return samples
        return np.asarray(samples.reshape(-1, self._channels).mean(axis=1), np.float32)
