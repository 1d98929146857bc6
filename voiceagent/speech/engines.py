"""The engines that a machine's settings ask for, loaded and warmed."""

from __future__ import annotations

import threading
from importlib.metadata import version
from pathlib import Path

import numpy as np
from wyoming.info import AsrModel, AsrProgram, Attribution, Info, TtsProgram, TtsVoice

from voiceagent.audio.frames import FRAME_BYTES, SAMPLE_RATE
from voiceagent.audio.prosody import measure
from voiceagent.config import Config, Speech
from voiceagent.speech.embedding import SentenceEmbedder
from voiceagent.speech.languages import is_voice, voice_settings
from voiceagent.speech.models import EMBEDDING_MODEL, ModelError, locate, registry
from voiceagent.speech.piper import PiperSynthesizer, SynthesisError
from voiceagent.speech.recognizer import RecognitionError, Recognizer
from voiceagent.speech.vosk import VoskRecognizer
from voiceagent.speech.whisper import WhisperRecognizer


class Engines:
    """Recogniser, voices and embedder of one service. What another service does is not loaded.

    Raises:
        ModelError: a model is missing, differs from its hash or cannot be read.
    """

    def __init__(self, config: Config) -> None:
        speech = config.speech
        self.recognizer = None if speech.recognizer else load_recognizer(speech)
        self.small = _small(config) if isinstance(self.recognizer, WhisperRecognizer) else None
        self.embedder = SentenceEmbedder(locate(EMBEDDING_MODEL))
        self._speech = speech
        self._default_voice = "" if speech.synthesizer else speech.voice
        self._voices: dict[str, PiperSynthesizer] = {}
        self._loading = threading.Lock()
        if not speech.synthesizer:
            self._voices[self._default_voice] = load_voice(speech, speech.voice)

    def recognizer_for(self, language: str, relieved: bool) -> Recognizer:
        """The engine for an utterance: the small one in need, where it knows the language.

        Raises:
            RecognitionError: recognition is done by another service.
        """
        if self.recognizer is None:
            raise RecognitionError("recognition is done by another service")
        if not relieved or self.small is None:
            return self.recognizer
        knows = self.small.languages
        return self.small if "*" in knows or language in knows else self.recognizer

    def voice(self, name: str | None) -> PiperSynthesizer:
        """The voice of that name, loaded at its first use; the configured one for None.

        Raises:
            SynthesisError: there is no such voice.
        """
        name = name or self._default_voice
        with self._loading:
            if name not in self._voices:
                if not is_voice(self._speech, name):
                    raise SynthesisError(f"there is no voice {name!r}")
                try:
                    self._voices[name] = load_voice(self._speech, name)
                except ModelError as error:
                    raise SynthesisError(str(error)) from error
            return self._voices[name]

    def info(self) -> Info:
        """What the service says of itself."""
        own = {
            "attribution": Attribution("voiceagent", ""),
            "installed": True,
            "version": version("voiceagent"),
        }
        recognizers, synthesizers = [], []
        if (engine := self.recognizer) is not None:
            models = [
                AsrModel(name=each.name, description=None, languages=list(each.languages), **own)
                for each in (engine, self.small)
                if each is not None
            ]
            recognizers.append(
                AsrProgram(
                    name="voiceagent",
                    description="Recognition for the telephone",
                    models=models,
                    supports_transcript_streaming=engine.streaming,
                    **own,
                )
            )
        if self._voices:
            voices = [
                TtsVoice(name=voice.name, description=None, languages=[voice.language], **own)
                for voice in list(self._voices.values())
            ]
            synthesizers.append(
                TtsProgram(
                    name="voiceagent", description="Voices for the telephone", voices=voices, **own
                )
            )
        return Info(asr=recognizers, tts=synthesizers)

    def warm(self) -> None:
        """Do everything once: first uses are slow, and no caller should wait for them."""
        for recognizer in (self.recognizer, self.small):
            if recognizer is None:
                continue
            language = next(iter(recognizer.languages))
            recognition = recognizer.open(SAMPLE_RATE, language.replace("*", "en"), ())
            recognition.feed(bytes(50 * FRAME_BYTES))
            recognition.finish()
        for voice in self._voices.values():
            for _ in voice.synthesize("Hello."):
                pass
        self.embedder.embed(["Hello."])
        measure(np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)


def load_recognizer(speech: Speech) -> Recognizer:
    """The recogniser that the settings ask for.

    Raises:
        ModelError: its model is missing, differs from its hash or cannot be read.
    """
    if speech.by_vosk:
        if not speech.vosk_model:
            raise ModelError(
                "speech.engine is vosk, but speech.vosk_model is not set: "
                "set it to a name in the registry of models or to a Vosk model's folder"
            )
        return VoskRecognizer(locate(speech.vosk_model), _short_name(speech.vosk_model))
    folder = locate(speech.whisper_model)
    return WhisperRecognizer(folder, _short_name(speech.whisper_model), speech.workers)


def load_voice(speech: Speech, name: str, rate: int = SAMPLE_RATE) -> PiperSynthesizer:
    """A voice of the settings or the registry, or one given by the path of its file.

    Raises:
        ModelError: it is missing, differs from its hash or cannot be read.
    """
    spec = voice_settings(speech, name)
    return PiperSynthesizer(
        locate(spec.model, spec.sha256),
        name if name in speech.voices else _short_name(name),
        length_scale=1 / spec.speed,
        pitch=spec.pitch,
        speaker=spec.speaker,
        rate=rate,
    )


def _small(config: Config) -> Recognizer | None:
    """The engine for when many wait, unless it is the usual one."""
    name = config.speech.small_model
    if not name or name == config.speech.whisper_model:
        return None
    return WhisperRecognizer(locate(name), _short_name(name), config.speech.workers)


def _short_name(name_or_path: str) -> str:
    return name_or_path if name_or_path in registry() else Path(name_or_path).stem
