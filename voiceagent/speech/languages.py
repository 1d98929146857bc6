"""Which recogniser and which voice a language has, and whether they know it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from voiceagent.config import Config, Speech, SpeechOfLanguage, Voice
from voiceagent.language import bare_code
from voiceagent.speech.models import ModelError, locate, registry


def for_language(config: Config, language: str) -> Config:
    """The settings with what ``speech.languages`` says of the language in its place."""
    speech = config.speech
    own = _own(speech, language)
    chosen = own.model_dump(exclude_none=True) if own else {}
    small = registry().get(chosen.get("small_model", speech.small_model))
    if small and not _knows(small.languages, language):
        chosen["small_model"] = ""
    return config.model_copy(update={"speech": speech.model_copy(update=chosen)})


def voice_settings(speech: Speech, name: str) -> Voice:
    """A voice by its name in the settings, else by its name in the registry or its path."""
    return speech.voices.get(name) or Voice(model=name)


def is_voice(speech: Speech, name: str) -> bool:
    """Whether the own service can speak with a voice of this name."""
    known = registry().get(name)
    of_languages = (own.voice for own in speech.languages.values())
    return name in (*speech.voices, speech.voice, *of_languages) or (
        known is not None and known.kind == "piper"
    )


def speaks(config: Config, language: str) -> bool:
    """Whether a voice is configured for another language than that of ``for_language``."""
    speech = for_language(config, language).speech
    chosen = speech.synthesizer or own_voice(speech, language)
    return bool(chosen) and not _spoken_wrongly(speech, language)


def hears(config: Config, language: str) -> bool:
    """Whether another language than that of ``for_language`` is recognised beside it."""
    other = for_language(config, language).speech.recognizer
    return bool(other) or not _recognizer_problem(config.speech, language)


def own_voice(speech: Speech, language: str) -> str | None:
    """The voice that ``speech.languages`` names for a language."""
    own = _own(speech, language)
    return own.voice if own else None


def _spoken_wrongly(speech: Speech, language: str) -> bool:
    return not speech.synthesizer and bool(_voice_problem(speech, language, None))


def _own(speech: Speech, language: str) -> SpeechOfLanguage | None:
    return speech.languages.get(language) or speech.languages.get(bare_code(language))


def language_problems(speech: Speech, language: str, voice: str | None = None) -> list[str]:
    """What keeps the own service from hearing and speaking a language, each with its mend.

    Nothing is said of other services, which choose by the language themselves, and of models
    that do not tell.

    Args:
        speech: as `for_language` gives it.
        voice: the voice that the dialplan names.
    """
    problems = []
    code = bare_code(language)
    if not speech.recognizer and (problem := _recognizer_problem(speech, language)):
        mend = f"speech.languages.{code}.vosk_model or .whisper_model to a model that knows it"
        problems.append(f"{problem}: set {mend}, or .recognizer to a Wyoming service")
    if not speech.synthesizer and (problem := _voice_problem(speech, language, voice)):
        mend = f"speech.languages.{code}.voice to a Piper voice that does"
        problems.append(f"{problem}: set {mend}, or .synthesizer to a Wyoming service")
    return problems


def _recognizer_problem(speech: Speech, language: str) -> str:
    setting = "vosk_model" if speech.by_vosk else "whisper_model"
    name: str = getattr(speech, setting)
    if not name:
        return f"speech.{setting} is not set, so nothing recognises {language}"
    languages = _languages_of(name)
    if _knows(languages, language):
        return ""
    return f"speech.{setting} is {name}, which hears {_named(languages)}, not {language}"


def _voice_problem(speech: Speech, language: str, voice: str | None) -> str:
    name = voice or speech.voice
    said = f"the dialplan's voice is {name}" if voice else f"speech.voice is {name}"
    if not is_voice(speech, name):
        return f"{said}, which is neither in speech.voices nor in models/registry.toml"
    languages = _languages_of(voice_settings(speech, name).model)
    if _knows(languages, language):
        return ""
    return f"{said}, which speaks {_named(languages)}, not {language}"


def _languages_of(model: str) -> Sequence[str]:
    """Codes of the languages that a model knows; nothing where it does not tell."""
    if known := registry().get(model):
        if known.kind == "whisper" and "*" in known.languages:
            return _of_whisper(model)
        return known.languages
    path = Path(model).expanduser()
    described = path.with_name(path.name + ".json")
    if described.is_file():
        try:
            config = json.loads(described.read_text(encoding="utf-8"))
            return (bare_code(str(config["espeak"]["voice"])),)
        except (ValueError, KeyError, TypeError):
            return ()  # what is wrong with the file is said when the voice is loaded
    return ()


def _of_whisper(model: str) -> Sequence[str]:
    """The languages that a model has tokens for; nothing while it is not installed."""
    try:
        tokenizer = json.loads((locate(model) / "tokenizer.json").read_text(encoding="utf-8"))
    except (ModelError, OSError, ValueError):
        return ()
    marks = [token["content"] for token in tokenizer.get("added_tokens", ())]
    return [mark[2:-2] for mark in marks if 6 <= len(mark) <= 7 and mark.startswith("<|")]


def _knows(languages: Sequence[str], language: str) -> bool:
    return not languages or "*" in languages or bare_code(language) in languages


def _named(languages: Sequence[str]) -> str:
    return ", ".join(languages) if len(languages) < 6 else f"{len(languages)} languages"
