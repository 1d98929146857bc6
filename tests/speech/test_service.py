"""The speech service, with the real models, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from wyoming.asr import Transcribe
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event

from tests.patience import until
from voiceagent.audio.frames import FRAME_BYTES, FRAME_S
from voiceagent.children import Child
from voiceagent.config import Turns, load
from voiceagent.events import Utterance
from voiceagent.speech.client import RecognitionStream, SpeechClient, SpeechError
from voiceagent.speech.embedding import meaning
from voiceagent.speech.listener import Heard, Listener, Turn

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

AUDIO = {"rate": 8000, "width": 2, "channels": 1}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "voiceagent.toml"
    path.write_text('dialplan = "shop.yaml"\nrun_dir = "run"\n')
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(settings: Path) -> AsyncIterator[Child]:
    arguments = ["--config", str(settings)]
    async with Child("speech", "voiceagent.speech.service", arguments, start_s=90) as child:
        yield child


@pytest.fixture
def client(service: Child, settings: Path) -> SpeechClient:
    return SpeechClient(load(settings))


async def recognise(client: SpeechClient, pcm: bytes) -> str:
    stream = await client.open("en")
    for start in range(0, len(pcm), 320):
        stream.feed(pcm[start : start + 320])
    return (await stream.finish()).text


async def _finish(stream: RecognitionStream, pcm: bytes) -> Utterance:
    stream.feed(pcm)
    return await stream.finish()


async def _open_and_finish(client: SpeechClient, pcm: bytes) -> Utterance:
    return await _finish(await client.open("en"), pcm)


async def raw(service: Child, *events: Event) -> Event:
    """Send events past our own client; the first answer."""
    uri = service.ready["address"].replace("unix:", "unix://")
    async with AsyncClient.from_uri(uri) as connection:
        for event in events:
            await connection.write_event(event)
        answer = await asyncio.wait_for(connection.read_event(), 20)
    assert answer is not None
    return answer


async def test_what_was_synthesised_is_recognised(client: SpeechClient, telephone) -> None:
    text = "I want to talk about my last bill"
    pieces = [piece async for piece in client.synthesize(f"{text}.")]
    stream = await client.open("en")
    for piece in pieces:
        stream.feed(piece)
    utterance = await stream.finish()
    heard = utterance.text.lower().rstrip(".").split()
    assert len(set(text.lower().split()) & set(heard)) >= 5  # of eight: the voice varies
    assert utterance.engine == "whisper-base"
    assert utterance.confidence is not None
    assert utterance.words


async def test_many_utterances_at_once_each_get_their_own_text(client, telephone) -> None:
    nouns = ["parcel", "invoice", "doctor", "password", "garden", "window"]
    sounds = [telephone.say(f"I would like to ask about the {noun}.") for noun in nouns]
    texts = await asyncio.gather(*(recognise(client, sound) for sound in sounds))
    assert [noun in text.lower() for noun, text in zip(nouns, texts, strict=True)] == [True] * 6


async def test_a_growing_queue_is_worked_off_by_the_small_engine(client, telephone) -> None:
    pcm = telephone.say("I would like to ask about the parcel.")
    streams = [await client.open("en") for _ in range(10)]
    early = [asyncio.create_task(_finish(stream, pcm)) for stream in streams]
    await asyncio.sleep(0.05)
    late = [asyncio.create_task(_open_and_finish(client, pcm)) for _ in range(5)]
    utterances = await asyncio.gather(*early, *late)
    assert all("parcel" in utterance.text.lower() for utterance in utterances)
    assert {utterance.engine for utterance in utterances} == {"whisper-base", "whisper-tiny-en"}


async def test_embeddings_and_measures_come_from_the_service(client, telephone) -> None:
    vectors = await client.embed(["Where is my parcel?", "Goodbye."])
    assert vectors.shape == (2, 1152)
    assert np.allclose(np.linalg.norm(meaning(vectors), axis=1), 1, atol=1e-5)
    measures = await client.measure(telephone.say("I have been waiting for three weeks now."))
    assert measures
    assert all(isinstance(value, float) for value in measures.values())
    assert await client.measure(bytes(8000)) is None


async def test_it_describes_itself(client: SpeechClient, service: Child) -> None:
    await client.ping()
    answer = await raw(service, Event("describe"))
    assert answer.data["asr"][0]["models"][0]["name"] == "whisper-base"
    assert answer.data["tts"][0]["voices"][0]["name"] == "joe-us"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([AudioStart(**AUDIO), AudioChunk(**AUDIO, audio=b"odd")], "even byte count"),
        ([AudioStart(rate=4000, width=2, channels=1)], "8000 to 48000 Hz"),
        ([AudioStart(rate=8000, width=4, channels=1)], "16-bit mono"),
        ([AudioStart(rate=8000, width=2, channels=2)], "16-bit mono"),
        (
            [AudioStart(**AUDIO), AudioChunk(rate=16000, width=2, channels=1, audio=bytes(2))],
            "format changed",
        ),
        (
            [AudioStart(**AUDIO), *[AudioChunk(**AUDIO, audio=bytes(800_000))] * 4],
            "at most 180 s",
        ),
        ([Transcribe(language="xx"), AudioStart(**AUDIO)], "language 'xx'"),
    ],
    ids=["odd", "slow", "wide", "stereo", "changing", "endless", "language"],
)
async def test_bad_audio_is_refused_clearly_and_disturbs_nobody(
    client, service, telephone, events: list, reason: str
) -> None:
    good = asyncio.create_task(recognise(client, telephone.say("Where is my parcel?")))
    answer = await raw(service, *(event.event() for event in events))
    assert answer.type == "error"
    assert reason in answer.data["text"]
    assert "parcel" in (await good).lower()


@pytest.mark.parametrize(
    "event",
    [
        Event("audio-start", {}),
        Event("synthesize", {}),
        Event("voiceagent-embed", {"texts": "no list"}),
        Event("voiceagent-measure", {"rate": 8000}, b"odd"),
        Event("synthesize", {"text": "Hi.", "voice": {"name": "/etc/passwd"}}),
    ],
)
async def test_malformed_requests_are_refused_and_the_service_lives(
    client, service, event: Event
) -> None:
    assert (await raw(service, event)).type == "error"
    await client.ping()


async def test_garbage_instead_of_events_ends_only_that_connection(client, service) -> None:
    path = service.ready["address"].removeprefix("unix:")
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await client.ping()


async def test_clients_that_vanish_leave_their_place_in_the_queue(client, telephone) -> None:
    long = telephone.say("This is a long sentence about nothing at all. " * 4)
    for _ in range(30):
        stream = await client.open("en")
        stream.feed(long)
        ending = asyncio.create_task(stream.finish())
        await asyncio.sleep(0.01)
        ending.cancel()
    text = await asyncio.wait_for(recognise(client, telephone.say("Where is my parcel?")), 10)
    assert "parcel" in text.lower()


async def test_an_error_of_the_service_is_a_speech_error(client: SpeechClient) -> None:
    with pytest.raises(SpeechError, match="no voice 'nobody'"):
        async for _ in client.synthesize("Hello.", "nobody"):
            pass


async def test_a_second_service_at_the_same_address_is_refused(service, settings: Path) -> None:
    second = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voiceagent.speech.service", "--config", str(settings)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await asyncio.wait_for(second.communicate(), 30)
    assert second.returncode == 1
    assert b"another speech service is listening there" in error


async def test_it_ends_when_its_parent_dies(tmp_path: Path) -> None:
    settings = tmp_path / "v.toml"
    settings.write_text('dialplan = "shop.yaml"\nrun_dir = "run"\n')
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'voiceagent.speech.service',"
        f" '--config', {str(settings)!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the speech service outlived its parent")


async def test_a_missing_model_is_said_in_a_line(tmp_path: Path) -> None:
    settings = tmp_path / "v.toml"
    settings.write_text('dialplan = "shop.yaml"\n[speech]\nwhisper_model = "whisper-bass"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voiceagent.speech.service", "--config", str(settings)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"did you mean whisper-base?" in error
    assert b"Traceback" not in error


async def test_audio_stop_without_audio_is_an_empty_transcript(service: Child) -> None:
    answer = await raw(service, AudioStart(**AUDIO).event(), AudioStop().event())
    assert (answer.type, answer.data["text"]) == ("transcript", "")


async def test_a_vosk_model_gives_partial_texts_while_the_caller_speaks(
    tmp_path: Path, telephone
) -> None:
    settings = tmp_path / "v.toml"
    settings.write_text('dialplan = "shop.yaml"\n[speech]\nvosk_model = "vosk-ko"\n')
    pcm = telephone.say("Hello. I have a question about my order. Can you help me with it?")
    arguments = ["--config", str(settings)]
    async with Child("speech", "voiceagent.speech.service", arguments, start_s=90):
        client = SpeechClient(load(settings))
        stream = await client.open("ko")
        stream.feed(pcm)
        await until(lambda: bool(stream.partial))
        utterance = await stream.finish()
        await client.ping()
        turn, begun = await listened(client, pcm)
    assert utterance.engine == "vosk-ko"
    assert utterance.text
    assert utterance.words
    assert client.streams
    assert isinstance(turn, Heard)
    assert turn.utterance.text
    assert begun[0] < turn.started_at + 0.5 < turn.ended_at


async def listened(client: SpeechClient, pcm: bytes) -> tuple[Turn, list[float]]:
    """A caller's turn as a line hears it, and when recognitions were begun."""
    begun: list[float] = []
    now = asyncio.get_running_loop().time
    opens = client.open

    async def noted(*arguments: Any) -> RecognitionStream:
        begun.append(time.monotonic())
        return await opens(*arguments)

    client.open = noted  # type: ignore[method-assign]
    listener = Listener(
        client,
        Turns(),
        on_pause=lambda: None,
        on_resume=lambda: None,
        on_interrupted=lambda start, end: None,
        language="ko",
    )
    turn = asyncio.create_task(listener.turn())
    silence = bytes(FRAME_BYTES)
    frames = [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES)]
    since = now()
    for number, frame in enumerate(chain([silence] * 10, frames[:-1], repeat(silence, 3000))):
        listener.frame(frame)
        if turn.done():
            break
        await asyncio.sleep(max(0.0, since + (number + 1) * FRAME_S - now()))
    listener.close()
    async with asyncio.timeout(30):
        return await turn, begun
