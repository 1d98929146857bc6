"""Many callers: scenarios played one after the other or several at a time, and judged."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from voiceagent.audio.frames import SAMPLE_RATE, Floats, to_pcm
from voiceagent.audio.wav import load_channels
from voiceagent.config import Sip, Speech
from voiceagent.simulation.acting import Cast
from voiceagent.simulation.judging import Judged, judge
from voiceagent.simulation.phone_process import PhoneProcess
from voiceagent.simulation.play import Performance, play
from voiceagent.simulation.rehearsal import Rehearsal
from voiceagent.simulation.scenario import Scenario
from voiceagent.speech.engines import load_recognizer
from voiceagent.speech.recognizer import Recognizer

_SIP_PORT = 5060
_RTP_FIRST, _RTP_EACH, _RTP_LAST = 40000, 20, 60000


class SimulationError(Exception):
    """The callers cannot call; the text says why."""


@dataclass(frozen=True)
class Call:
    """One caller."""

    scenario: Scenario
    number: int
    """From 1, among the callers of the scenario."""

    @property
    def name(self) -> str:
        """Name of the call, and of its files."""
        return f"{self.scenario.file.stem}-{self.number}"


class Result(NamedTuple):
    """A call that was played and judged."""

    call: Call
    judged: Judged
    recording: Path


class Address(NamedTuple):
    """Where a telephone is."""

    user: str
    host: str
    port: int

    @classmethod
    def of(cls, uri: str) -> Address:
        """Read a SIP URI.

        Raises:
            SimulationError: it is none.
        """
        scheme, _, rest = uri.partition(":")
        user, _, place = rest.partition(";")[0].rpartition("@")
        host, _, port = place.partition(":")
        if scheme != "sip" or not host or not (port or "0").isdecimal():
            raise SimulationError(
                f"{uri}: is no address of a telephone: write sip:1000@192.0.2.1:5060"
            )
        return cls(user, host, int(port or _SIP_PORT))

    def resolved(self) -> str:
        """The host's IP address.

        Raises:
            SimulationError: there is none.
        """
        try:
            return socket.gethostbyname(self.host)
        except OSError as error:
            raise SimulationError(f"{self.host}: there is no such host: check its name") from error


class Callers:
    """Callers of one agent.

    Args:
        to: SIP URI of the agent.
        folder: where the recordings go.
        user: user part of the callers' own URI.
        registrar: PBX to register with before calling, as `user` with `password`.
        model: Whisper model that writes down what the agent says.

    Raises:
        SimulationError: an address cannot be used.
    """

    def __init__(
        self,
        to: str,
        folder: Path,
        *,
        user: str = "caller",
        registrar: str | None = None,
        password: str = "",
        model: str = "whisper-base",
    ) -> None:
        self._to = to
        self._agent = Address.of(to)
        self._folder = folder
        self._model = model
        self._cast = Cast()
        self._ports = count(0, _RTP_EACH)
        self._own = _address_towards(Address.of(registrar) if registrar else self._agent)
        self._sip = _settings(
            address=self._own, port=0, user=user, registrar=registrar, password=password
        )

    def person(self, uri: str, number: int) -> PhoneProcess:
        """A telephone that answers at a URI of this machine, for the agent to hand over to.

        Raises:
            SimulationError: the URI cannot be used.
        """
        at = Address.of(uri)
        # The transferred caller calls from here, the agent from where it is.
        allow = (f"{self._own}/32", f"{self._agent.resolved()}/32")
        sip = _settings(
            address=at.host, port=at.port, user=at.user, allow=allow, rtp_port_min=self._rtp_port()
        )
        return PhoneProcess(uri, sip, record=self._folder / f"person-{number}.wav")

    async def run(
        self,
        scenarios: Sequence[Scenario],
        calls: int = 1,
        at_once: int = 1,
        on_ended: Callable[[Call], None] = lambda call: None,
    ) -> AsyncIterator[Result]:
        """Play so many callers of each scenario, and judge them.

        A call is judged right after it; where several call at once, when all calls are over,
        so that judging takes no time from an agent on the same machine.

        Args:
            on_ended: called when a call is over.

        Raises:
            ModelError: a voice or the recogniser is missing.
            OSError: something cannot be written.
            PhoneFailed: a caller's telephone did not start or could not register.
            RecognitionError: what the agent said could not be recognised.
            SynthesisError: a voice failed.
        """
        rehearsed = {each.file: Rehearsal(each, self._cast) for each in scenarios}
        plan = [Call(each, number + 1) for number in range(calls) for each in scenarios]
        places = asyncio.Semaphore(at_once)

        async def one(call: Call) -> Performance:
            async with places:
                performance = await self._play(call, rehearsed[call.scenario.file])
                on_ended(call)
                return performance

        if at_once == 1:
            for call in plan:
                yield self._judge(call, await one(call))
            return
        for call, performance in zip(
            plan, await asyncio.gather(*(one(call) for call in plan)), strict=True
        ):
            yield self._judge(call, performance)

    async def _play(self, call: Call, rehearsal: Rehearsal) -> Performance:
        sip = self._sip.model_copy(update={"rtp_port_min": self._rtp_port()})
        with tempfile.TemporaryDirectory() as folder:
            props = await asyncio.to_thread(rehearsal.props, Path(folder), call.number)
            recording = self._folder / f"{call.name}.wav"
            return await play(call.scenario, props, self._to, sip, recording)

    def _judge(self, call: Call, performance: Performance) -> Result:
        language = performance.scenario.language

        def transcribe(speech: Floats) -> str:
            recognition = self._recognizer.open(SAMPLE_RATE, language, ())
            recognition.feed(to_pcm(speech))
            return recognition.finish().text

        received = load_channels(performance.recording)[1]
        return Result(call, judge(performance, received, transcribe), performance.recording)

    @cached_property
    def _recognizer(self) -> Recognizer:
        return load_recognizer(Speech(whisper_model=self._model, workers=1))

    def _rtp_port(self) -> int:
        return _RTP_FIRST + next(self._ports) % (_RTP_LAST - _RTP_FIRST)


def _settings(**values: object) -> Sip:
    try:
        return Sip.model_validate(values)
    except ValidationError as error:
        faults = [f"{item['loc'][0]}: {item['msg']}" for item in error.errors()]
        raise SimulationError("; ".join(faults)) from error


def _address_towards(far: Address) -> str:
    """The address of this machine that packets to there come from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((far.resolved(), far.port))
        return str(probe.getsockname()[0])
