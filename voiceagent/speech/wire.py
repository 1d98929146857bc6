"""What goes over the wire: addresses, the project's own Wyoming events, utterances.

Wyoming is a line of JSON, then data, then a payload (https://github.com/OHF-Voice/wyoming).
Two requests go beyond it, for work that must not hold up a line: sentence embeddings
(``voiceagent-embed`` → ``voiceagent-embedding``) and acoustic measures
(``voiceagent-measure`` → ``voiceagent-measures``). A ``transcribe`` may carry what the caller was
asked for, in ``voiceagent-asked``; other servers do not look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from wyoming.asr import Transcribe
from wyoming.event import Event

from voiceagent.config import Config, ConfigError
from voiceagent.config.wyoming import Address, parse_address
from voiceagent.events import Expectation, Utterance

EMBED = "voiceagent-embed"
EMBEDDING = "voiceagent-embedding"
MEASURE = "voiceagent-measure"
MEASURES = "voiceagent-measures"

ASKED = "voiceagent-asked"
"""Field of ``transcribe``: an `Expectation` without its defaults."""

PARTIAL_REPLACES = "replaces"
"""Set in a ``transcript-chunk`` whose text takes the place of the chunks before it."""

PARTIAL_COMPLETE = "complete"
"""Set in a ``transcript-chunk`` whose text is that of the transcript soon to follow."""


def own_address(config: Config) -> Address:
    """Where the own speech service listens.

    Raises:
        ConfigError: the path of the run folder is too long for a socket in it.
    """
    if config.speech.address:
        return parse_address(config.speech.address)
    try:
        return parse_address(f"unix:{Path(config.run_dir).resolve() / 'speech.sock'}")
    except ValueError as error:
        raise ConfigError(f"run_dir: {error}, or set speech.address") from error


def transcribe_event(language: str, vocabulary: Sequence[str], asked: Expectation | None) -> Event:
    """The request to recognise what follows."""
    event: Event = Transcribe(language=language, transcript_names=list(vocabulary) or None).event()
    if asked is not None:
        event.data[ASKED] = asked.model_dump(mode="json", exclude_defaults=True)
    return event


def asked_of(event: Event) -> Expectation | None:
    """What the caller was asked for, as a ``transcribe`` tells.

    Raises:
        ValueError: it tells something else in that field.
    """
    asked = event.data.get(ASKED)
    return None if asked is None else Expectation.model_validate(asked, strict=False)


def utterance_context(utterance: Utterance) -> dict[str, Any]:
    """All of an utterance but its text, for the ``context`` of a transcript."""
    return utterance.model_dump(mode="json", exclude={"text"})


def utterance_of(text: str, context: dict[str, Any] | None, duration_s: float) -> Utterance:
    """The utterance of a transcript. A foreign server's context is not ours: then nothing but
    the text is known, and the confidence is None."""
    if context and "engine" in context:
        try:
            return Utterance.model_validate({**context, "text": text.strip()}, strict=False)
        except ValidationError:
            pass
    return Utterance(text=text.strip(), end_s=duration_s)


def embedding_event(vectors: NDArray[np.float32]) -> Event:
    """Vectors of shape (n, dimensions) as little-endian 32-bit floats."""
    return Event(EMBEDDING, {"shape": list(vectors.shape)}, vectors.astype("<f4").tobytes())


def embedding_of(event: Event) -> NDArray[np.float32]:
    """The vectors of an embedding event."""
    values = np.frombuffer(event.payload or b"", "<f4").astype(np.float32)
    return values.reshape(event.data["shape"])
