"""Digits in the voices of free synthesisers, most of them with an accent.

People to learn from are few. Synthesisers stand in for more of them: English voices, and voices
of other languages that read the digits as `data/digits_aloud.yaml` spells them for their tongue.
All are free software (GPL, LGPL, BSD) and packages of Debian:

    apt-get install espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k \\
        festvox-us-slt-hts festvox-italp16k festvox-itapc16k festvox-suopuhe-lj \\
        festvox-suopuhe-mv festvox-ru festvox-ca-ona-hts festvox-czech-dita \\
        festvox-czech-krb festvox-czech-machac festvox-czech-ph
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from benchmarks import texts, utterances
from benchmarks.utterances import Samples

Takes = dict[tuple[str, int], list[Samples]]
"""Single digits at 8 kHz by speaker and digit."""

THROATS = (
    "m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt4 croak steph Michael belinda john"
    " max quincy iven linda edward Alicia marcelo pablo sandro travis shelby adam david"
)
"""Variants of espeak-ng's voices."""
FLITE = ("kal16", "awb", "rms", "slt")
FESTIVAL = {
    "kal_diphone": "en-us",
    "ked_diphone": "en-us",
    "cmu_us_slt_arctic_hts": "en-us",
    "lp_diphone": "it",
    "pc_diphone": "it",
    "hy_fi_mv_diphone": "fi",
    "suo_fi_lj_diphone": "fi",
    "msu_ru_nsh_clunits": "ru",
    "upc_ca_ona_hts": "ca",
    "czech_dita": "cs",
    "czech_krb": "cs",
    "czech_machac": "cs",
    "czech_ph": "cs",
}
"""Voices and the language each reads by."""
ENCODINGS = {"fi": "latin-1", "ca": "latin-1", "cs": "iso-8859-2"}
"""What a language's voices of Festival take; the others take UTF-8."""
STRETCHES = (0.85, 1.0, 1.2)
_MEND = "benchmarks/digits_voices.py says at its beginning which packages it takes"


def synthesised(seed: int = 3) -> Takes:
    """The digits of every voice, each at two or three speeds.

    Raises:
        SystemExit: a synthesiser or a voice of it is not installed.
    """
    takes: Takes = {}
    with tempfile.TemporaryDirectory() as folder:
        for speaker, digit, path in _all(Path(folder), np.random.default_rng(seed)):
            takes.setdefault((speaker, digit), []).append(sounding(utterances.load(path)))
    return takes


def sounding(speech: Samples) -> Samples:
    """The speech without the silence around it, at 8 kHz."""
    loud = np.flatnonzero(np.abs(speech) > 0.05 * np.abs(speech).max())
    return speech[max(0, loud[0] - 200) : loud[-1] + 300]


def _all(folder: Path, random: np.random.Generator) -> Iterator[tuple[str, int, Path]]:
    throats = THROATS.split()
    for language, spellings in _aloud().items():
        for number, words in enumerate(spellings):
            throat = throats[random.integers(len(throats))]
            for _ in range(2):
                speed, pitch = str(random.integers(120, 200)), str(random.integers(20, 80))
                for digit, word in enumerate(words):
                    path = folder / "espeak.wav"
                    manner = ["-v", f"{language}+{throat}", "-s", speed, "-p", pitch]
                    _run("espeak-ng", *manner, "-w", str(path), word)
                    yield f"espeak-ng {language} {number}", digit, path
    for voice in FLITE:
        for stretch in STRETCHES:
            for digit, word in enumerate(utterances.DIGITS):
                path = folder / "flite.wav"
                slower = ["--setf", f"duration_stretch={stretch}"]
                _run("flite", "-voice", voice, *slower, "-t", word, "-o", str(path))
                yield f"flite {voice}", digit, path
    for voice, language in FESTIVAL.items():
        for digit, path in _festival(folder, voice, _aloud()[language][0], ENCODINGS.get(language)):
            yield f"festival {voice}", digit, path


def _festival(
    folder: Path, voice: str, words: Sequence[str], encoding: str | None
) -> Iterator[tuple[int, Path]]:
    """All digits of a voice in one go, for it takes long to start."""
    lines, said = [f"(voice_{voice})"], []
    for stretch in STRETCHES:
        lines.append(f"(Parameter.set 'Duration_Stretch {stretch})")
        for digit, word in enumerate(words):
            path = folder / f"festival-{stretch}-{digit}.wav"
            lines.append(f'(utt.save.wave (utt.synth (Utterance Text "{word}")) "{path}" \'riff)')
            said.append((digit, path))
    script = folder / "festival.scm"
    script.write_text("\n".join(lines), encoding=encoding or "utf-8")
    _run("festival", "-b", str(script))
    yield from said


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is not installed; {_MEND}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise SystemExit(f"{' '.join(command)} failed: {said}; {_MEND}") from error


@cache
def _aloud() -> dict[str, list[list[str]]]:
    """The ten words by language, in one or more spellings."""
    table = yaml.safe_load((texts.DATA / "digits_aloud.yaml").read_text(encoding="utf-8"))
    return {
        language: [spelling.split() for spelling in spellings]
        for language, spellings in table.items()
    }
