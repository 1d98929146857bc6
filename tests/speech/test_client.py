"""The client against a foreign Wyoming server, which here is played by a few lines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from wyoming.asr import Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Info
from wyoming.server import AsyncEventHandler, AsyncServer

from voiceagent.audio.frames import to_float, to_pcm
from voiceagent.config import Config, Speech
from voiceagent.speech import client as client_module
from voiceagent.speech.client import SpeechClient, SpeechError
from voiceagent.speech.wire import PARTIAL_COMPLETE, PARTIAL_REPLACES

Answer = Callable[[Event], list[Event] | None]


class Foreign:
    """A server that answers by rule and remembers what it got; None hangs up."""

    def __init__(self, answer: Answer) -> None:
        self.got: list[Event] = []
        self.left = asyncio.Event()
        self._answer = answer

    @contextlib.asynccontextmanager
    async def at(self, path: Path) -> AsyncIterator[None]:
        foreign = self

        class Handler(AsyncEventHandler):
            async def handle_event(self, event: Event) -> bool:
                foreign.got.append(event)
                answers = foreign._answer(event)
                for answer in answers or []:
                    await self.write_event(answer)
                return answers is not None

            async def disconnect(self) -> None:
                foreign.left.set()

        server = AsyncServer.from_uri(f"unix://{path}")
        await server.start(Handler)
        try:
            yield
        finally:
            await server.stop()


@contextlib.asynccontextmanager
async def talking_to(tmp_path: Path, answer: Answer) -> AsyncIterator[tuple[SpeechClient, Foreign]]:
    address = f"unix:{tmp_path / 'foreign.sock'}"
    speech = Speech(address=address, recognizer=address, synthesizer=address)
    foreign = Foreign(answer)
    async with foreign.at(tmp_path / "foreign.sock"):
        yield SpeechClient(Config(dialplan=Path("x.yaml"), speech=speech)), foreign


def on(kind: str, *answers: Event) -> Answer:
    return lambda event: list(answers) if event.type == kind else []


async def test_a_foreign_transcript_has_no_confidence(tmp_path: Path) -> None:
    answer = on("audio-stop", Transcript("Where is my order?").event())
    async with talking_to(tmp_path, answer) as (client, foreign):
        stream = await client.open("en", ["Northwind"])
        stream.feed(bytes(16000))
        utterance = await stream.finish()
    assert (utterance.text, utterance.confidence) == ("Where is my order?", None)
    assert utterance.end_s == pytest.approx(1.0)
    asked = foreign.got[0]
    assert asked.data == {"language": "en", "transcript_names": ["Northwind"]}


async def test_all_audio_arrives_in_order_as_telephone_audio(tmp_path: Path) -> None:
    answer = on("audio-stop", Transcript("").event())
    sound = np.arange(8000, dtype="<i2").tobytes()
    async with talking_to(tmp_path, answer) as (client, foreign):
        stream = await client.open()
        for start in range(0, len(sound), 320):
            stream.feed(sound[start : start + 320])
            if start % 3200 == 0:
                await asyncio.sleep(0)
        await stream.finish()
    chunks = [AudioChunk.from_event(event) for event in foreign.got if event.type == "audio-chunk"]
    assert b"".join(chunk.audio for chunk in chunks) == sound
    assert {(chunk.rate, chunk.width, chunk.channels) for chunk in chunks} == {(8000, 2, 1)}


async def test_partials_that_append_and_partials_that_replace(tmp_path: Path) -> None:
    replies = [
        TranscriptChunk("where").event(),
        TranscriptChunk(" is").event(),
        Event("transcript-chunk", {"text": "wear is my", "replaces": True}),
    ]
    seen: list[str] = []
    async with talking_to(tmp_path, lambda event: [replies.pop(0)] if event.payload else []) as (
        client,
        _,
    ):
        stream = await client.open()
        for _ in range(3):
            stream.feed(bytes(320))
            await asyncio.sleep(0.05)
            seen.append(stream.partial)
        stream.cancel()
    assert seen == ["where", "where is", "wear is my"]


async def test_a_text_that_comes_ahead_of_its_transcript_is_told_at_once(tmp_path: Path) -> None:
    early = Event(
        "transcript-chunk", {"text": "Hello.", PARTIAL_REPLACES: True, PARTIAL_COMPLETE: True}
    )
    partial = Event("transcript-chunk", {"text": "Hell", PARTIAL_REPLACES: True})
    answer = on("audio-stop", partial, early, Transcript("Hello.").event())
    told: list[str] = []
    async with talking_to(tmp_path, answer) as (client, _):
        stream = await client.open()
        stream.on_text = told.append
        assert (await stream.finish()).text == "Hello."
    assert told == ["Hello."]


async def test_cancelling_closes_the_connection(tmp_path: Path) -> None:
    async with talking_to(tmp_path, lambda event: []) as (client, foreign):
        stream = await client.open()
        stream.feed(bytes(320))
        stream.cancel()
        await asyncio.wait_for(foreign.left.wait(), 1)


async def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    client = SpeechClient(Config(dialplan=Path("x.yaml"), run_dir=tmp_path))
    with pytest.raises(SpeechError, match=r"speech\.sock: the speech service is not there"):
        await client.open()
    with pytest.raises(SpeechError):
        await client.ping()


async def test_a_service_lost_in_the_middle_is_told_at_the_end(tmp_path: Path) -> None:
    hang_up: Answer = lambda event: None if event.payload else []  # noqa: E731
    async with talking_to(tmp_path, hang_up) as (client, foreign):
        stream = await client.open()
        stream.feed(bytes(320))
        await asyncio.wait_for(foreign.left.wait(), 1)
        stream.feed(bytes(320))
        with pytest.raises(SpeechError):
            await stream.finish()


async def test_an_error_event_is_raised_with_its_text(tmp_path: Path) -> None:
    async with talking_to(tmp_path, on("audio-stop", Error("no model").event())) as (client, _):
        stream = await client.open()
        with pytest.raises(SpeechError, match="no model"):
            await stream.finish()


async def test_a_transcript_that_does_not_come_in_time_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_RECOGNITION_S", 0.1)
    async with talking_to(tmp_path, lambda event: []) as (client, foreign):
        stream = await client.open()
        with pytest.raises(SpeechError, match="no transcript within"):
            await stream.finish()
        await asyncio.wait_for(foreign.left.wait(), 1)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22050, 1), (16000, 2)])
async def test_foreign_speech_of_any_rate_becomes_telephone_audio(
    tmp_path: Path, rate: int, channels: int
) -> None:
    sine = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    pcm = to_pcm(np.repeat(sine, channels).astype(np.float32))
    audio = {"rate": rate, "width": 2, "channels": channels}
    step = 1000 * channels * 2
    chunks = [
        AudioChunk(**audio, audio=pcm[start : start + step]).event()
        for start in range(0, len(pcm), step)
    ]
    answer = on("synthesize", AudioStart(**audio).event(), *chunks, AudioStop().event())
    async with talking_to(tmp_path, answer) as (client, foreign):
        pieces = [piece async for piece in client.synthesize("Hello.", "alice")]
    sound = to_float(b"".join(pieces))
    assert sound.size == pytest.approx(8000, abs=1)
    assert np.abs(np.fft.rfft(sound, 8000)).argmax() == 440
    assert len(pieces) > 3
    assert foreign.got[0].data == {"text": "Hello.", "voice": {"name": "alice"}}


async def test_synthesis_given_up_closes_the_connection(tmp_path: Path) -> None:
    audio = {"rate": 8000, "width": 2, "channels": 1}
    answer = on("synthesize", *[AudioChunk(**audio, audio=bytes(320)).event()] * 3)
    async with talking_to(tmp_path, answer) as (client, foreign):
        async with contextlib.aclosing(client.synthesize("Hello.")) as pieces:
            assert await anext(pieces) == bytes(320)
        await asyncio.wait_for(foreign.left.wait(), 1)


async def test_ping_asks_every_configured_service(tmp_path: Path) -> None:
    async with talking_to(tmp_path, on("describe", Info().event())) as (client, foreign):
        await client.ping()
    assert [event.type for event in foreign.got] == ["describe"]


async def test_a_change_of_the_engine_is_told_once(tmp_path: Path) -> None:
    engines = iter(["base", "base", "tiny", "tiny", "base"])

    def answer(event: Event) -> list[Event]:
        if event.type != "audio-stop":
            return []
        return [Transcript("yes", {"engine": next(engines)}).event()]

    changes: list[tuple[str, str]] = []
    async with talking_to(tmp_path, answer) as (client, _):
        client.on_engine_changed = lambda event: changes.append((event.before, event.engine))
        for _ in range(5):
            await (await client.open("en")).finish()
    assert changes == [("base", "tiny"), ("tiny", "base")]
