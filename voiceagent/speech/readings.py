"""What Whisper makes of a piece of audio, and what of that can be believed.

Guards against its inventions, and the choice between its text and a number that was read off
the sound itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voiceagent.events import Word
from voiceagent.speech.digits import ReadNumber

_INVENTED = {"", "you", "thank you", "thanks for watching", "thank you for watching", "bye", "so"}
"""What Whisper writes where nobody speaks, without punctuation."""
_DESCRIBED = re.compile(
    r"(?:\b(?:beep(?:ing)?|(?:phone )?ringing|music(?: playing)?|silence)\b ?)*"
)
"""What it writes of sounds that are no speech, as subtitles do; also more than once."""
_UNITS = {word: str(value) for value, word in enumerate(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
)} | {"oh": "0", "o": "0"}  # fmt: skip
_COMPOSED = re.compile(
    r"\b(double|triple|treble|twice|ten|eleven|twelve|hundred|thousand|\w+teen"
    r"|(twen|thir|for|fif|six|seven|eigh|nine)ty)\b"
)
"""Words of numbers that are not said digit by digit."""
_OTHER_S = 0.3
"""So much other speech in the sound, and it is not a number alone."""
_SURE_AGAINST_NUMBER = 0.3
"""Surety of its least certain digit from which the sound overrules a text that would do."""
_SURE_AGAINST_WORDS = 0.12
"""The same against words."""
_BRIEFEST_S = 0.05
"""A shorter word was not spoken."""
_DOUBLE_WORD, _DOUBLE_WORDS = 4.2, 5.5
"""Words a second above which one word, or several, were not said twice."""


@dataclass(frozen=True)
class Reading:
    """One decoding of one piece of audio."""

    text: str
    words: tuple[Word, ...]
    log_probability: float
    """Average over the tokens."""
    no_speech: float
    alternatives: tuple[str, ...]
    lead: float = 1.0
    """Share of the text in the probability of all readings that were weighed."""
    least_likely: float = 1.0
    """Probability of the least likely token."""


def settle(reading: Reading, number: ReadNumber, lengths: range) -> Reading:
    """The text, or the number read off the sound where that is the better answer.

    Args:
        lengths: how many digits were asked for.
    """
    said_so = bare(reading.text)
    said = _digit_by_digit(said_so.split())
    if not number.digits or _COMPOSED.search(said_so):
        return reading
    if said is None:
        # A digit or two where many were asked for are a word that sounds like them.
        few = len(number.text) < min(lengths) / 2
        stands = few or number.other_s > _OTHER_S or number.confidence < _SURE_AGAINST_WORDS
    elif said == number.text or (len(number.text) in lengths and len(said) not in lengths):
        stands = False
    else:
        # Above all of a number that is not all said yet the text makes up the rest.
        stands = number.confidence < _SURE_AGAINST_NUMBER
    if stands:
        return reading
    text = " ".join(number.text)
    others = dict.fromkeys((reading.text, *reading.alternatives))
    return replace(
        reading,
        text=text,
        words=tuple(
            Word(
                word=digit.digit,
                start_s=round(digit.start_s, 3),
                end_s=round(digit.end_s, 3),
                confidence=digit.confidence,
            )
            for digit in number.digits
        ),
        log_probability=sum(math.log(max(digit.confidence, 1e-3)) for digit in number.digits)
        / len(number.digits),
        # Where text and sound agree, the text's own doubts are settled.
        alternatives=tuple(
            other
            for other in others
            if said != number.text and _digit_by_digit(bare(other).split()) != number.text
        ),
    )


def _digit_by_digit(words: Sequence[str]) -> str | None:
    """The digits, when the words are nothing else."""
    digits = [_UNITS.get(word, word) for word in words]
    return "".join(digits) if digits and all(digit.isdecimal() for digit in digits) else None


def bare(text: str) -> str:
    """The words alone, in lower case."""
    return " ".join(re.sub(r"[^\w\s]", "", re.sub(r"(?<=\w)-(?=\w)", " ", text)).lower().split())


def is_invented(reading: Reading) -> bool:
    """Whether the text is what Whisper writes into silence, hiss and tones."""
    said = bare(reading.text)
    if _DESCRIBED.fullmatch(said):
        return True
    if said in _INVENTED or set(said.split()) <= _INVENTED:
        return reading.no_speech > 0.4
    # Loud noise seems like speech, but hardly any word of what is read into it is likely.
    hopeless = reading.no_speech > 0.3 and reading.log_probability < -1.6
    return hopeless or (reading.no_speech > 0.7 and reading.log_probability < -0.7)


def loops(words: Sequence[Word]) -> bool:
    """Whether the text ends in a repetition nobody could have spoken.

    People do repeat themselves, above all digits: "five five five five". They need time for
    it, so a repetition counts as a loop only when its words follow each other faster than
    anyone speaks.
    """
    texts = [bare(word.word) for word in words]
    for size in range(1, 9):
        unit = texts[-size:]
        count = 1
        while texts[-(count + 1) * size : -count * size] == unit:
            count += 1
        if count < 3:
            continue
        repeated = words[-count * size :]
        spoken_s = repeated[-1].end_s - repeated[0].start_s
        if len(repeated) > 7.0 * spoken_s:
            return True
    return False


def said_once(reading: Reading, sounding_s: float) -> Reading:
    """The reading with its words once, where it has all of them twice and one copy has no sound.

    Whisper likes to write a very short answer twice. People say "no, no" as well, but take time
    for both.

    Args:
        sounding_s: from the first to the last loud moment.
    """
    if not is_double([word.word for word in reading.words]):
        return reading
    half = len(reading.words) // 2
    briefest = min(word.end_s - word.start_s for word in reading.words)
    most = _DOUBLE_WORD if half == 1 else _DOUBLE_WORDS
    if briefest >= _BRIEFEST_S and len(reading.words) <= most * sounding_s:
        return reading
    words = reading.words[:half]
    return replace(reading, words=words, text=" ".join(word.word for word in words))


def is_double(words: Sequence[str]) -> bool:
    """Whether the words are the same words twice."""
    texts = [bare(word) for word in words]
    half = len(texts) // 2
    return half > 0 and texts[:half] == texts[half:]


def without_loop(reading: Reading) -> Reading:
    """The reading with its last repetition said once."""
    texts = [bare(word.word) for word in reading.words]
    for size in range(1, 9):
        count = 1
        while texts[-(count + 1) * size : -count * size] == texts[-size:]:
            count += 1
        if count >= 3:
            words = reading.words[: len(texts) - (count - 1) * size]
            return replace(reading, words=words, text=" ".join(word.word for word in words))
    return reading
