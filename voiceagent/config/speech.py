"""The settings of recognition, synthesis and turn-taking."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from voiceagent.config.section import Section
from voiceagent.config.wyoming import ServiceAddress


class Voice(Section):
    """A voice that a dialplan can name."""

    model: str = "joe-us"
    """Name of a voice in models/registry.toml, or the path of a Piper .onnx file with its
    .onnx.json beside it."""
    sha256: str = ""
    """SHA-256 of the .onnx file, for one given by its path: another file is refused."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """How fast it speaks; 1.1 is a tenth faster."""
    pitch: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """How high it speaks; 1.1 is a tenth higher."""
    speaker: Annotated[int, Field(ge=0)] | None = None
    """Number of the speaker, for a model with several."""


class SpeechOfLanguage(Section):
    """What a language has of its own; what is left out is as in [speech]."""

    recognizer: ServiceAddress | None = None
    """As `speech.recognizer`; "" for the own service."""
    synthesizer: ServiceAddress | None = None
    """As `speech.synthesizer`; "" for the own service."""
    engine: Literal["whisper", "vosk"] | None = None
    """As `speech.engine`."""
    whisper_model: str | None = None
    """As `speech.whisper_model`."""
    small_model: str | None = None
    """As `speech.small_model`."""
    vosk_model: str | None = None
    """As `speech.vosk_model`."""
    voice: str | None = None
    """As `speech.voice`."""


class Speech(Section):
    """Who recognises and who speaks. Every address is a Wyoming service."""

    address: ServiceAddress = ""
    """Where the own speech service listens, "unix:/path" or "tcp:host:port". Left out: a
    socket in the run folder."""
    start: bool = True
    """Start the own speech service; false when another line's already listens at `address`:
    the models are then in memory once for all lines."""
    recognizer: ServiceAddress = ""
    """Address of another Wyoming service for recognition; left out: the own one."""
    synthesizer: ServiceAddress = ""
    """Address of another Wyoming service for synthesis; left out: the own one."""
    engine: Literal["whisper", "vosk"] | None = None
    """Recogniser of the own service. Left out: vosk if `vosk_model` is set, else whisper."""
    whisper_model: str = "whisper-base"
    """Name of a model in models/registry.toml, or the folder of a CTranslate2 Whisper model."""
    small_model: str = "whisper-tiny-en"
    """A faster Whisper model that takes over while utterances would wait longer than half a
    second, and leaves when the queue is gone; "" for none. It takes about 130 MB."""
    vosk_model: str = ""
    """Name of a model in models/registry.toml, or the folder of a Vosk model."""
    voice: str = "joe-us"
    """Name of a voice below or in models/registry.toml, or the path of a Piper .onnx file."""
    voices: dict[str, Voice] = Field(default_factory=dict)
    """Voices by name, each a table [speech.voices.NAME] with `model`, `sha256`, `speed`, `pitch`
    and `speaker`."""
    languages: dict[str, SpeechOfLanguage] = Field(default_factory=dict)
    """By language code: who recognises and speaks it, each a table [speech.languages.de] with
    any of `recognizer`, `synthesizer`, `engine`, `whisper_model`, `small_model`, `vosk_model`
    and `voice`. The dialplan's `language` chooses."""
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Utterances recognised at once, each on a thread of its own."""

    @property
    def by_vosk(self) -> bool:
        """Whether the own service recognises with Vosk."""
        return self.engine == "vosk" or (self.engine is None and bool(self.vosk_model))


class Turns(Section):
    """Turn-taking, in milliseconds and seconds. A dialplan's step may say otherwise."""

    decode_after_ms: Annotated[int, Field(ge=20, le=2000)] = 40
    """Silence after which recognition begins; thrown away when speech goes on."""
    end_silence_ms: Annotated[int, Field(ge=100, le=5000)] = 1300
    """Silence that ends a turn when it is not known whether there is more to come."""
    end_silence_whole_ms: Annotated[int, Field(ge=100, le=5000)] = 300
    """Silence that ends a turn whose words are a whole answer to what was asked, or a question that
    was surely heard to its end."""
    end_silence_statement_ms: Annotated[int, Field(ge=100, le=5000)] = 440
    """Silence that ends a turn whose words seem to be all, such as a sentence that was surely heard
    to its end; "please" may still come."""
    end_silence_unfinished_ms: Annotated[int, Field(ge=100, le=10000)] = 1500
    """Silence that ends a turn whose words are plainly unfinished."""
    max_turn_s: Annotated[float, Field(ge=2, le=120)] = 30.0
    """A turn longer than this is ended."""
    no_input_s: Annotated[float, Field(ge=1, le=120)] = 7.0
    """Silence after the agent's question until it asks again."""
    barge_in_ms: Annotated[int, Field(ge=40, le=2000)] = 80
    """Loud speech that stops the agent."""
