"""Messages that callers leave: taken down, transcribed, and kept as sound."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from voiceagent import tasks
from voiceagent.audio.frames import to_float
from voiceagent.audio.tones import tone
from voiceagent.audio.wav import save
from voiceagent.handoff.dictation import Dictation
from voiceagent.speech.client import SpeechClient, SpeechError
from voiceagent.telephony.call import Leg

_TRANSCRIPTION_S = 60.0

log = structlog.get_logger()


async def take(leg: Leg, message: Dictation, over: asyncio.Event) -> None:
    """Make the tone, and take down what is said until it is over or the caller has left.

    Args:
        over: ends the message when it is set, such as by a key.
    """
    beep = leg.audio.play()
    beep.feed(tone(1000.0, seconds=0.4))
    beep.close()
    await beep.finished.wait()
    before = leg.audio.received

    def received(pcm: bytes) -> None:
        if before is not None:
            before(pcm)
        if not over.is_set() and message.push(pcm):
            over.set()

    leg.audio.received = received
    try:
        await tasks.first_of(over, leg.ended)
    finally:
        leg.audio.received = before


async def transcript(speech: SpeechClient, language: str, message: Dictation) -> str:
    """What was said, as far as it was recognised."""
    texts = []
    try:
        async with asyncio.timeout(_TRANSCRIPTION_S):
            for piece in message.pieces():
                stream = await speech.open(language)
                stream.feed(piece)
                texts.append((await stream.finish()).text.strip())
    except (SpeechError, TimeoutError) as error:
        log.warning("message.not_transcribed", error=str(error) or "it took too long")
    return " ".join(filter(None, texts))


async def keep(path: Path, message: Dictation) -> str:
    """Write the sound; returns its path, empty where it could not be written."""

    def write() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, to_float(message.pcm))

    try:
        await asyncio.to_thread(write)
    except OSError as error:
        log.error("message.not_kept", path=str(path), error=str(error))
        return ""
    return str(path)
