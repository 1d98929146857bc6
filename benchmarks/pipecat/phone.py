"""A caller's telephone as a websocket server sees it through Twilio's media streams.

It is told the same things as `voiceagent.simulation.phone`, and tells the same, so that a scene is
played the same way to either agent. Frames of 20 ms leave by absolute deadlines. What comes back
waits in a buffer from which the caller hears a frame at each deadline; "clear" empties it.

Messages are those of Twilio's documentation, "Media Streams: WebSocket messages".
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect

from voiceagent.audio.frames import (
    FRAME_BYTES,
    FRAME_S,
    FRAME_SAMPLES,
    SILENCE,
    level_db,
    to_pcm,
)
from voiceagent.audio.recording import Recorder
from voiceagent.audio.wav import load

_VOICE_DB = -42.0
"""Level of a frame, dBFS, above which the far side is making a sound."""
_BIAS, _LOUDEST = 33, 8158


def _decoded() -> NDArray[np.int16]:
    """The 16-bit sample of each of the 256 codes of mu-law (ITU-T G.711)."""
    code = ~np.arange(256) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    level = ((2 * mantissa + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -level, level).astype(np.int16) * 4


_DECODED = _decoded()
_ORDER = 255 - np.argsort(_DECODED[::-1], kind="stable")
"""Codes from the most negative up; of the two that are zero 0xFF first, which is silence."""
_BETWEEN = (_DECODED[_ORDER][:-1].astype(np.int32) + _DECODED[_ORDER][1:]) / 2


def encode(pcm: bytes) -> bytes:
    """16-bit samples as mu-law: the nearest code of each."""
    samples = np.frombuffer(pcm, "<i2")
    return _ORDER[np.searchsorted(_BETWEEN, samples)].astype(np.uint8).tobytes()


def decode(codes: bytes) -> bytes:
    """Mu-law as 16-bit samples."""
    return _DECODED[np.frombuffer(codes, np.uint8)].astype("<i2").tobytes()


class Telephone:
    """One telephone, for one call.

    Args:
        stream: the stream's id.
        record: two-channel WAV file to write: left what it sent, right what was heard at it.
        quiet_s: silence after which the far side counts as quiet.
    """

    def __init__(self, stream: str, record: Path, quiet_s: float) -> None:
        self._stream = stream
        self._record = record
        self._quiet_s = quiet_s
        self._out: deque[bytes] = deque()
        self._since = 0.0
        self._in = bytearray()
        self._loud, self._changed_at = False, 0.0
        self._line: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        _tell("ready")
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            command = json.loads(line)
            match command["do"]:
                case "quit":
                    break
                case "call":
                    await self._call(command["to"])
                case "play":
                    self._play(to_pcm(load(Path(command["file"]))))
                case "hang_up":
                    await self._hang_up()
        await self._hang_up()

    async def _call(self, to: str) -> None:
        self._line = await connect(to, max_size=None)
        await self._send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        media = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"streamSid": self._stream, "callSid": "CA1", "mediaFormat": media}
        await self._send({"event": "start", "streamSid": self._stream, "start": start})
        self._tasks = [
            asyncio.create_task(self._listen(self._line)),
            asyncio.create_task(self._keep_time()),
        ]
        _tell("confirmed", leg=0)

    async def _hang_up(self) -> None:
        if self._line is None:
            return
        line, self._line = self._line, None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await line.close()
        _tell("ended", leg=0)

    async def _send(self, message: dict[str, Any]) -> None:
        if self._line is not None:
            await self._line.send(json.dumps(message))

    async def _listen(self, line: ClientConnection) -> None:
        async for text in line:
            message = json.loads(text)
            match message["event"]:
                case "media":
                    self._in += base64.b64decode(message["media"]["payload"])
                case "clear":
                    self._in.clear()
        _tell("failed", why="the agent has closed the line")

    async def _keep_time(self) -> None:
        recorder = Recorder(self._record)
        started, began_at = time.monotonic(), time.time()
        note = {"started_at": began_at}
        self._record.with_suffix(".json").write_text(json.dumps(note) + "\n")
        tick = 0
        try:
            while True:
                sent = self._next(began_at + tick * FRAME_S)
                recorder.caller(tick * FRAME_SAMPLES, sent)
                payload = base64.b64encode(encode(sent)).decode()
                media = {"track": "inbound", "timestamp": f"{tick * 20}", "payload": payload}
                await self._send({"event": "media", "streamSid": self._stream, "media": media})
                heard = decode(bytes(self._in[:FRAME_SAMPLES])).ljust(FRAME_BYTES, b"\0")
                del self._in[:FRAME_SAMPLES]
                recorder.agent(tick * FRAME_SAMPLES, heard)
                self._voice(level_db(heard) > _VOICE_DB)
                tick += 1
                await asyncio.sleep(started + tick * FRAME_S - time.monotonic())
        finally:
            recorder.close()

    def _play(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), FRAME_BYTES):
            self._out.append(pcm[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"))

    def _next(self, now: float) -> bytes:
        if not self._out:
            return SILENCE
        self._since = self._since or now
        frame = self._out.popleft()
        if not self._out:
            _tell("played", since=self._since)
            self._since = 0.0
        return frame

    def _voice(self, loud: bool) -> None:
        now = time.monotonic()
        if loud:
            self._changed_at = now
        if loud and not self._loud:
            self._loud = True
            _tell("voice", on=True)
        elif self._loud and not loud and now - self._changed_at > self._quiet_s:
            self._loud = False
            _tell("voice", on=False)


def _tell(event: str, **details: Any) -> None:
    print(json.dumps({"event": event, "at": time.time(), **details}), flush=True)


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    telephone = Telephone(options["stream"], Path(options["record"]), options["quiet_s"])
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(telephone.run())
