"""Telephones of other people, on loopback and without sound cards."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Self

import numpy as np
from asterisk import free_udp_ports
from equipment import Program

from tests.handoff.matrix import becomes
from voiceagent.audio.frames import to_float
from voiceagent.audio.tones import tone
from voiceagent.audio.wav import load, save

VOICE_HZ = 800


class Linphone(Program):
    """Linphone's console: it says a tone, records what it hears, and answers by itself."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.port = free_udp_ports("127.0.0.1", 1)
        self._folder = folder
        folder.mkdir()
        settings = folder / "settings"
        settings.write_text(
            f"[sip]\nsip_port={self.port}\nsip_tcp_port=0\nsip_tls_port=0\n"
            "contact=sip:linphone@127.0.0.1\nguess_hostname=0\n"
            f"[rtp]\naudio_rtp_port={free_udp_ports('127.0.0.1', 20)}\n[video]\nenabled=0\n"
            "[audio_codec_0]\nmime=PCMU\nrate=8000\nchannels=1\nenabled=1\n"
        )
        super().__init__(root, "bin/linphonec", "-a", "-c", settings, log=folder / "linphone.log")

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        voice, heard = self._folder / "voice.wav", self._folder / "heard.wav"
        save(voice, to_float(tone(VOICE_HZ, seconds=60)))
        for line in ("soundcard use files", f"play {voice}", f"record {heard}", "ipv6 disable"):
            await self.say(line)
        await becomes(lambda: "ipv6 use disabled" in self.said, "Linphone ready")
        return self

    @property
    def uri(self) -> str:
        return f"sip:linphone@127.0.0.1:{self.port}"

    async def call(self, uri: str) -> None:
        await self.say(f"call {uri}")
        await becomes(lambda: f"with {uri} connected" in self.said, "Linphone's call answered")

    async def hang_up(self) -> None:
        await self.say("terminate all")

    def heard(self, hertz: float) -> float:
        """Seconds of a tone in what it has heard, once it has been left."""
        sound = load(self._folder / "heard.wav", 8000)
        frames = sound[: sound.size // 800 * 800].reshape(-1, 800)
        power = np.abs(np.fft.rfft(frames * np.hanning(800))) ** 2
        place = round(hertz / 10)
        alone = power[:, place - 2 : place + 3].sum(axis=1) > 0.8 * power.sum(axis=1)
        return float((alone & (np.abs(frames).max(axis=1) > 0.01)).sum()) / 10


class Baresip(Program):
    """baresip: it says a tone, and answers by itself."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.port, self._console = free_udp_ports("127.0.0.1", 4), free_udp_ports("127.0.0.1", 2)
        rtp = free_udp_ports("127.0.0.1", 40)
        folder.mkdir()
        modules = "".join(f"module {name}.so\n" for name in ("g711", "aufile", "aubridge"))
        modules += "".join(f"module_app {name}.so\n" for name in ("account", "menu", "ctrl_tcp"))
        (folder / "config").write_text(
            f"module_path {root}/usr/lib/baresip/modules\n{modules}"
            f"ctrl_tcp_listen 127.0.0.1:{self._console}\nsip_listen 127.0.0.1:{self.port}\n"
            f"audio_source aufile,{folder}/voice.wav\n"
            "audio_player aubridge,nobody\naudio_alert aubridge,nobody\n"
            f"rtp_ports {rtp}-{rtp + 39}\n"
        )
        (folder / "accounts").write_text(
            "<sip:baresip@127.0.0.1>;regint=0;answermode=auto;audio_codecs=PCMU\n"
        )
        (folder / "contacts").touch()
        save(folder / "voice.wav", to_float(tone(VOICE_HZ, seconds=60)))
        super().__init__(root, "bin/baresip", "-f", folder, "-s", log=folder / "baresip.log")

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await becomes(lambda: "baresip is ready" in self.said, "baresip ready")
        return self

    @property
    def uri(self) -> str:
        return f"sip:baresip@127.0.0.1:{self.port}"

    async def call(self, uri: str) -> None:
        await self._order("dial", uri)
        await becomes(lambda: "Call established" in self.said, "baresip's call answered")

    async def hang_up(self) -> None:
        await self._order("hangup")

    async def _order(self, name: str, parameters: str = "") -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._console)
        text = json.dumps({"command": name, "params": parameters, "token": ""})
        writer.write(f"{len(text)}:{text},".encode())
        await reader.readuntil(b",")
        writer.close()

    async def hears(self) -> None:
        """Wait until it receives audio, as its own statistics say."""

        def received() -> int:
            rates = re.findall(r"audio=\d+/(\d+) \(bit/s\)", self.said)
            return int(rates[-1]) if rates else 0

        await becomes(lambda: received() > 50_000, "baresip receives audio")
