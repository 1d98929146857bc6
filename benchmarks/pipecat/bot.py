"""A pipecat agent that answers every turn with the same sentence.

Runs in an environment of its own, where there is pipecat and nothing of ours. Its only argument
is JSON: ``port``, ``whisper`` (a CTranslate2 folder), ``voice`` (a Piper .onnx file), ``reply``,
``stream`` (the stream's id, as Twilio would name it), ``turns`` ("smart" or "silence").

Settings are pipecat's own wherever it has a recommendation: Silero with its defaults (0.2 s), then
Smart Turn v3, which is what its aggregator takes when nothing is said. "silence" is its other
stop strategy with so much silence that numbers stay whole: 0.8 s by Silero.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

HEARING_RATE = 16000
"""What Whisper and Smart Turn hear; the serializer makes it of the telephone's 8 kHz."""
LINE_RATE = 8000
LONG_SILENCE_S = 0.8


def tell(event: str, **details: object) -> None:
    print(json.dumps({"event": event, "at": time.time(), **details}), flush=True)


class CannedReply(FrameProcessor):
    """In the place of a language model: it answers at once, and always the same."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            tell("answers")
            await self.push_frame(LLMFullResponseStartFrame())
            await self.push_frame(LLMTextFrame(self.text))
            await self.push_frame(LLMFullResponseEndFrame())
        else:
            await self.push_frame(frame, direction)


class Ear(FrameProcessor):
    """Tells what was recognised."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            tell("transcription", text=frame.text)
        await self.push_frame(frame, direction)


def endpointing(turns: str) -> LLMUserAggregatorParams:
    if turns == "smart":
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    return LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=LONG_SILENCE_S)),
        user_turn_strategies=UserTurnStrategies(
            stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]
        ),
    )


async def run(options: dict[str, str]) -> None:
    transport = SingleClientWebsocketServerTransport(
        params=SingleClientWebsocketServerParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            serializer=TwilioFrameSerializer(
                options["stream"],
                params=TwilioFrameSerializer.InputParams(auto_hang_up=False),
            ),
        ),
        host="127.0.0.1",
        port=int(options["port"]),
    )
    hearing = WhisperSTTService(
        device="cpu",
        compute_type="int8",
        settings=WhisperSTTService.Settings(model=options["whisper"], language=Language.EN),
    )
    voice = Path(options["voice"])
    speaking = PiperTTSService(
        download_dir=voice.parent, settings=PiperTTSService.Settings(voice=voice.stem)
    )
    async for _ in hearing.run_stt(bytes(2 * HEARING_RATE)):  # first uses are slow
        pass
    for _ in speaking._voice.synthesize("Hello."):
        pass
    aggregators = LLMContextAggregatorPair(LLMContext(), user_params=endpointing(options["turns"]))
    reply = CannedReply(options["reply"])

    @aggregators.user().event_handler("on_user_turn_stopped")
    async def turn_ended(_aggregator: object, _strategy: object, message: object) -> None:
        tell("turn", text=getattr(message, "content", ""))

    @transport.event_handler("on_websocket_ready")
    async def ready(_transport: object) -> None:
        tell("listening")

    pipeline = Pipeline(
        [
            transport.input(),
            hearing,
            Ear(),
            aggregators.user(),
            reply,
            speaking,
            transport.output(),
            aggregators.assistant(),
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=HEARING_RATE, audio_out_sample_rate=LINE_RATE),
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigterm=True)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), obey(reply))


async def obey(reply: CannedReply) -> None:
    """Another reply, or the end, which is also the end of standard input."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        if command["do"] == "quit":
            break
        reply.text = command["reply"]
        tell("replies", text=reply.text)
    os._exit(0)  # there is nothing to save, and the models' threads would be waited for


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    tell("ready")
    asyncio.run(run(json.loads(sys.argv[1])))
