"""Words and numbers: how often the recogniser hears what was said.

    python -m benchmarks.recognition                          whisper-base
    python -m benchmarks.recognition --model whisper-tiny-en  the small one
    python -m benchmarks.recognition --mistakes               and what was heard instead

The first run decodes some 1,500 utterances, which takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks import corpora, normal, results
from benchmarks.decodes import Decode, decodes
from voiceagent.dialogue.numerals import find_digits


def is_right(decode: Decode) -> bool:
    """Whether the number, or every word, is what was said."""
    said, heard = decode
    if said.text.isdigit():
        lengths = range(len(said.text), len(said.text) + 1)
        return find_digits(heard.text, expected=True, lengths=lengths) == said.text
    return normal.words(said.text) == normal.words(heard.text)


def figures(found: list[Decode]) -> dict[str, Any]:
    """All rates of one condition."""
    by_kind: dict[str, list[Decode]] = {}
    for decode in found:
        by_kind.setdefault(decode[0].kind, []).append(decode)
    numbers = by_kind["digits"]
    sentences = by_kind["emotale"]
    return {
        "six digits exact": _share(numbers),
        "six digits exact, by speaker": {
            speaker: _share([d for d in numbers if d[0].speaker == speaker])
            for speaker in sorted({said.speaker for said, _ in numbers})
        },
        "numbers": len(numbers),
        "one or two digits, not asked for, exact": _share(by_kind["few digits"]),
        "EmoTale WER": _wer(sentences),
        "EmoTale WER, case and punctuation levelled only": round(
            normal.word_error_rate(
                (normal.plain_words(said.text), normal.plain_words(heard.text))
                for said, heard in sentences
            ),
            3,
        ),
        "EmoTale WER, by speaker": {
            speaker: _wer([d for d in sentences if d[0].speaker == speaker])
            for speaker in sorted({said.speaker for said, _ in sentences})
        },
        "customers' sentences WER": _wer(by_kind["customers"]),
        "answers without a number that stayed words": _share_of(
            [
                not any(letter.isdigit() for letter in heard.text)
                for _, heard in by_kind["no number"]
            ]
        ),
        "answers without a number": len(by_kind["no number"]),
        "answers without a number WER": _wer(by_kind["no number"]),
        "short answers WER": _wer(by_kind["short answers"]),
    }


def _share(found: list[Decode]) -> float:
    return _share_of([is_right(decode) for decode in found])


def _share_of(right: list[bool]) -> float:
    return round(sum(right) / len(right), 3)


def _wer(found: list[Decode]) -> float:
    pairs = ((normal.words(said.text), normal.words(heard.text)) for said, heard in found)
    return round(normal.word_error_rate(pairs), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--mistakes", action="store_true")
    options = parser.parse_args()
    root = corpora.needed("digits", "emotale")
    found = decodes(root, options.model)
    conditions: dict[str, list[Decode]] = {}
    for decode in found:
        conditions.setdefault(decode[0].condition, []).append(decode)
    all_figures = {condition: figures(decoded) for condition, decoded in conditions.items()}
    for condition, measured in all_figures.items():
        print(condition)
        for name, value in measured.items():
            print(f"  {name}: {value}")
    if options.mistakes:
        for said, heard in found:
            if said.condition == "clean" and not is_right((said, heard)):
                print(f"{said.kind}, {said.speaker}: {said.text!r} heard as {heard.text!r}")
    results.record(f"recognition, {options.model}", all_figures)


if __name__ == "__main__":
    main()
