"""What the recogniser makes of the test utterances, kept so that they are decoded once.

Numbers are read by a reader that was taught without the speaker of the number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import cycle
from pathlib import Path

from benchmarks import digits, utterances
from benchmarks.utterances import Spoken
from voiceagent.audio.frames import to_pcm
from voiceagent.events import Expectation, Utterance
from voiceagent.speech import whisper
from voiceagent.speech.digits import DigitReader
from voiceagent.speech.models import locate, store
from voiceagent.speech.whisper import WhisperRecognizer

NOISE_DB = (None, 20.0, 10.0)
NUMBERS = 36
"""Six-digit numbers from each speaker."""
FEW = 15
"""Numbers of one and of two digits from each speaker, unasked."""
Decode = tuple[Spoken, Utterance]
_SOURCES = ("corpora", "utterances", "digits", "digits_voices", "decodes")


def usual(root: Path) -> list[Spoken]:
    """All test utterances, clean and in white noise."""
    said = spoken(root)
    return [utterances.with_noise(one, noise) for noise in NOISE_DB for one in said]


def spoken(root: Path) -> list[Spoken]:
    """All test utterances, without noise."""
    few = [
        Spoken(number.text, number.samples, number.speaker, "few digits")
        for length in (1, 2)
        for number in utterances.numbers(root, FEW, length, seed=length)
    ]
    return [
        *utterances.numbers(root, NUMBERS),
        *few,
        *utterances.sentences(root),
        *utterances.customers(),
        *utterances.answers(),
        *utterances.twice(),
    ]


def harder(root: Path) -> list[Spoken]:
    """Utterances in other voices and with other troubles, one trouble each."""
    single = utterances.numbers(root, FEW, 1, seed=11)
    said = [
        *(replace(digit, kind="few digits") for digit in single),
        *utterances.numbers(root, FEW, 6, seed=12),
        *utterances.sentences(root)[::3],
    ]
    for pitch in utterances.PITCHES:
        said += utterances.customers(pitch, every=9)
        said += utterances.answers(pitch, every=2)
    for pitch in utterances.PITCHES:
        said += utterances.twice(pitch)
    troubles = cycle(("clean", *utterances.SPOILT, "15 dB"))
    return [_in_trouble(one, trouble) for one, trouble in zip(said, troubles, strict=False)]


def _in_trouble(one: Spoken, trouble: str) -> Spoken:
    if trouble == "clean":
        return one
    if trouble.endswith("dB") and trouble[0].isdigit():
        return utterances.with_noise(one, float(trouble.split()[0]))
    return utterances.spoilt(one, trouble)


def decodes(
    root: Path, model: str = "whisper-base", which: Callable[[Path], list[Spoken]] = usual
) -> list[Decode]:
    """Every test utterance with what was heard; from the store if nothing that matters has
    changed since."""
    kept = store().parent / "benchmarks" / f"{which.__name__}-{model}-{_fingerprint()}.json"
    said = which(root)
    if kept.is_file():
        texts = json.loads(kept.read_text(encoding="utf-8"))
        return list(zip(said, map(Utterance.model_validate_json, texts), strict=True))
    recognizer = _recognizer(model)
    readers = _readers(root, model)
    heard = [hear(recognizer, one, readers.get(one.speaker)) for one in said]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([one.model_dump_json() for one in heard]), encoding="utf-8")
    return list(zip(said, heard, strict=True))


def hear(
    recognizer: WhisperRecognizer,
    one: Spoken,
    reader: DigitReader | None = None,
    asked: Expectation | None = None,
) -> Utterance:
    """Recognise an utterance as the speech service does, with another reader where one is given."""
    shipped = recognizer.digits
    recognizer.digits = reader or shipped
    try:
        recognition = recognizer.open(utterances.RATE, "en", (), asked or one.asked)
        recognition.feed(to_pcm(one.samples))
        return recognition.finish()
    finally:
        recognizer.digits = shipped


@cache
def _recognizer(model: str) -> WhisperRecognizer:
    return WhisperRecognizer(locate(model), model)


@cache
def _readers(root: Path, model: str) -> dict[str, DigitReader]:
    """For each speaker of digits a reader that has never heard them."""
    known = digits.lessons(root, _recognizer(model))
    speakers = {speaker for speaker, _ in digits.people(root)}
    return {
        speaker: digits.learn([lesson for lesson in known if lesson.speaker != speaker])
        for speaker in sorted(speakers)
    }


def _fingerprint() -> str:
    speech = Path(whisper.__file__).parent
    here = Path(__file__).parent
    files = [
        *(speech / f"{name}.py" for name in ("whisper", "whisper_model", "digits", "readings")),
        *(here / f"{name}.py" for name in _SOURCES),
        *sorted((here / "data").glob("*.yaml")),
    ]
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content).hexdigest()[:12]
