"""A telephone in a process of its own, told what to do by lines of JSON.

The SIP library allows one endpoint a process, so each phone of a demonstration or a test is
one process. Commands come on standard input, events go to standard output:

    {"do": "call", "to": "sip:1000@127.0.0.1:5060"}
    {"event": "confirmed", "at": 1764000000.1, "leg": 0}

`phone_process.PhoneProcess` is its handle in the process that directs the scene.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from voiceagent import logs, tasks
from voiceagent.audio.frames import FRAME_S, SAMPLE_RATE, SILENCE, to_pcm
from voiceagent.audio.recording import Recorder, Track
from voiceagent.audio.tones import tone
from voiceagent.audio.wav import load
from voiceagent.config import Log, Sip
from voiceagent.telephony.call import Confirmed, Digit, Ended, Leg, Progress, TransferStatus
from voiceagent.telephony.media import Playback
from voiceagent.telephony.useragent import UserAgent

_VOICE_LEVEL = 10 ** (-42 / 20)
"""RMS of a frame, relative to full scale, above which the far side is making a sound."""


class Phone:
    """One phone: at most one call at a time is its `leg`, the newest."""

    def __init__(
        self,
        settings: Sip,
        record: Path | None,
        answer: str,
        follow_refer: bool,
        quiet_s: float,
    ) -> None:
        self._settings = settings
        self._answer = answer
        self._follow_refer = follow_refer
        self._quiet_s = quiet_s
        self._background = SILENCE
        self._recorder = Recorder(record) if record else None
        if self._recorder:
            self._out, self._in = Track(self._recorder.caller), Track(self._recorder.agent)
        self._origin = time.monotonic()
        self._record = record
        self._leg: Leg | None = None
        self._playback: Playback | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Take commands from standard input until one says to quit."""
        agent = self._agent = UserAgent(
            self._settings, self._incoming, accept_refer=self._follow_refer
        )
        await agent.start()
        self._say("ready", port=agent.port)
        if self._settings.registrar:
            tasks.start(self._watch_registration(), self._tasks)
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        started_at = time.time() - (time.monotonic() - self._origin)
        while line := await reader.readline():
            command = json.loads(line)
            if command["do"] == "quit":
                break
            await self._obey(command)
        await agent.stop()
        if self._recorder and self._record:
            self._recorder.close()
            note = {
                "started_at": started_at,
                "rate": SAMPLE_RATE,
                "left": "sent",
                "right": "received",
            }
            self._record.with_suffix(".json").write_text(json.dumps(note) + "\n")

    async def _obey(self, command: Mapping[str, Any]) -> None:
        leg = self._leg
        match command["do"]:
            case "call":
                headers = [(k, v) for k, v in command.get("headers", {}).items()]
                self._take(await self._agent.call(command["to"], headers))
            case "background":
                self._background = to_pcm(load(Path(command["file"])))
            case "play":
                self._play(to_pcm(load(Path(command["file"]))))
            case "tone":
                self._play(tone(command["hz"], seconds=command["seconds"]))
            case _ if leg is None:
                self._say("failed", why=f"{command['do']}: there is no call")
            case "ring":
                await leg.ring()
            case "answer":
                await leg.answer()
            case "refuse":
                await leg.refuse(command["code"])
            case "hang_up":
                await leg.hang_up()
            case "hold":
                await leg.hold()
            case "resume":
                await leg.resume()
            case "digits":
                await leg.send_digits(command["digits"])
            case unknown:
                self._say("failed", why=f"{unknown}: no such command")

    def _incoming(self, leg: Leg) -> None:
        self._take(leg)
        self._say("incoming", leg=leg.id, facts=leg.facts.model_dump(), context=leg.context)
        if not leg.inbound:
            return
        if self._answer == "auto":
            tasks.start(leg.answer(), self._tasks)
        elif self._answer == "ring":
            tasks.start(leg.ring(), self._tasks)
        elif self._answer.isdigit():
            tasks.start(leg.refuse(int(self._answer)), self._tasks)

    def _take(self, leg: Leg) -> None:
        self._leg = leg
        leg.audio.background(self._background)
        leg.audio.received, leg.audio.sent = self._heard, self._sent
        tasks.start(self._follow(leg), self._tasks)

    def _play(self, pcm: bytes) -> None:
        if self._leg is None:
            self._say("failed", why="play: there is no call")
            return
        self._playback = self._leg.audio.play()
        self._playback.feed(pcm)
        self._playback.close()
        tasks.start(self._tell_played(self._playback), self._tasks)

    async def _tell_played(self, playback: Playback) -> None:
        await playback.finished.wait()
        began = playback.started_at
        since = None if began is None else time.time() - (time.monotonic() - began)
        self._say("played", seconds=playback.played_s, since=since)

    async def _watch_registration(self) -> None:
        await self._agent.registered.wait()
        self._say("registered", answer=self._agent.registration)

    async def _follow(self, leg: Leg) -> None:
        while True:
            match await leg.events.get():
                case Progress(code):
                    self._say("progress", leg=leg.id, code=code)
                case Confirmed():
                    self._say("confirmed", leg=leg.id)
                case Digit(digit):
                    self._say("digit", leg=leg.id, digit=digit)
                case TransferStatus(code, reason, final):
                    self._say("transfer", leg=leg.id, code=code, reason=reason, final=final)
                case Ended(code, reason):
                    self._say("ended", leg=leg.id, code=code, reason=reason)
                    return

    # -- audio ----------------------------------------------------------------------------------

    def _heard(self, pcm: bytes) -> None:
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
        self._voice(bool(np.sqrt(np.mean(samples**2)) > _VOICE_LEVEL))
        if self._recorder:
            self._in.add(self._now(), pcm)

    _loud = False
    _changed_at = 0.0

    def _voice(self, loud: bool) -> None:
        """Tell when the far side begins to make a sound, and when it has been quiet for a while."""
        now = time.monotonic()
        if loud:
            self._changed_at = now
        if loud and not self._loud:
            self._loud = True
            self._say("voice", on=True)
        elif self._loud and not loud and now - self._changed_at > self._quiet_s:
            self._loud = False
            self._say("voice", on=False)

    def _sent(self, pcm: bytes) -> None:
        if self._recorder:
            self._out.add(self._now(), pcm)

    def _now(self) -> float:
        return time.monotonic() - self._origin - FRAME_S

    # -- the ends of the pipe -------------------------------------------------------------------

    def _say(self, event: str, **details: Any) -> None:
        print(json.dumps({"event": event, "at": time.time(), **details}), flush=True)


def main() -> None:
    """Run a phone: its settings, as JSON, are the only argument."""
    options = json.loads(sys.argv[1])
    record = Path(options["record"]) if options.get("record") else None
    settings = Sip.model_validate(options["sip"])
    logs.configure(Log(level="warning"))  # standard output is for events alone
    phone = Phone(settings, record, options["answer"], options["follow_refer"], options["quiet_s"])
    asyncio.run(phone.run())


if __name__ == "__main__":
    main()
