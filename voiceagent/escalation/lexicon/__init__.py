"""The words that tell, by language: patterns that quote, sentences to quote, learned weights.

``en.yaml`` has the patterns, ``en-prototypes.yaml`` the sentences, and ``en-weights.json`` what
``python -m benchmarks.words --write`` has learned, ``en-wish.npz`` the wishes it has learned from;
a language does without these as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import yaml

from voiceagent.escalation.weights import Examples, Weights
from voiceagent.language import bare_code


@dataclass(frozen=True)
class Hit:
    """A group of patterns that was met."""

    says: str
    """What it is, as a supervisor reads it: "an insult"."""
    quote: str
    """The caller's own words."""
    weight: float
    """Log odds."""
    refuses: bool = False


@dataclass(frozen=True)
class Group:
    """Patterns that say the same. Weight as in `Hit`."""

    says: str
    weight: float
    patterns: tuple[re.Pattern[str], ...]
    negatable: bool = False
    refuses: bool = False


@dataclass(frozen=True)
class Text:
    """A caller's words in the form that patterns are written for."""

    original: str
    plain: str
    """Lower case, contractions written out, punctuation as " , "."""
    places: tuple[tuple[int, int, int, int], ...]
    """For each word its span in `plain` and in `original`."""

    def quote(self, start: int, end: int) -> str:
        """The original words under a span of `plain`."""
        under = [place for place in self.places if place[0] < end and place[1] > start]
        return self.original[under[0][2] : under[-1][3]] if under else ""


class Lexicon:
    """One language's patterns and prototype sentences."""

    def __init__(
        self,
        data: dict[str, Any],
        prototypes: dict[str, list[str]],
        weights: dict[str, Weights] | None = None,
    ) -> None:
        self.language: str = data["language"]
        pieces: dict[str, str] = data["pieces"]
        whole: dict[str, str] = {}
        endings: dict[str, str] = {}
        for short, long in data["contractions"].items():
            (endings if long.startswith(" ") else whole)[short] = long
        self._whole, self._endings = whole, endings
        self._negations = frozenset(data["negations"])

        def groups(entries: Sequence[dict[str, Any]]) -> tuple[Group, ...]:
            return tuple(
                Group(
                    entry["says"],
                    entry["weight"],
                    tuple(_compile(pattern, pieces) for pattern in entry["patterns"]),
                    entry.get("negatable", False),
                    entry.get("refuses", False),
                )
                for entry in entries
            )

        self.anger = groups(data["anger"]["groups"])
        self.calm = groups(data["anger"]["calm"])
        self.wish = groups(data["wish"]["groups"])
        self.against_wish = groups(data["wish"]["against"])
        self.stuck = groups(data.get("stuck", []))
        self.anger_prototypes = tuple(prototypes["anger"])
        self.wish_prototypes = tuple(prototypes["wish"])
        self.stuck_prototypes = tuple(prototypes.get("stuck", ()))
        self.anger_weights = (weights or {}).get("anger")
        self.wish_weights = (weights or {}).get("wish")
        self.stuck_weights = (weights or {}).get("stuck")

    def read(self, text: str) -> Text:
        """Put a recogniser's text into plain form."""
        plain: list[str] = []
        places: list[tuple[int, int, int, int]] = []
        at = 0
        for match in re.finditer(r"[\w'’\-]+|[^\w\s]+", text):
            token = match.group().lower().replace("’", "'")
            token = self._expand(token) if re.match(r"\w", token) else ","
            if token == "," and (not plain or plain[-1] == ","):
                continue
            places.append((at, at + len(token), match.start(), match.end()))
            plain.append(token)
            at += len(token) + 1
        if plain and plain[-1] == ",":
            plain.pop()
            places.pop()
        return Text(text, " ".join(plain), tuple(places))

    def _expand(self, token: str) -> str:
        if token in self._whole:
            return self._whole[token]
        for ending, long in self._endings.items():
            if token.endswith(ending) and len(token) > len(ending):
                return token.removesuffix(ending) + long
        return token

    def find(self, text: Text, groups: Sequence[Group]) -> list[Hit]:
        """Every group that the text meets, each once, by its longest match."""
        hits = []
        for group in groups:
            spans = [
                match.span()
                for pattern in group.patterns
                for match in pattern.finditer(text.plain)
                if not (group.negatable and self._negated(text.plain, match.start()))
            ]
            if spans:
                longest = max(spans, key=lambda span: span[1] - span[0])
                hits.append(Hit(group.says, text.quote(*longest), group.weight, group.refuses))
        return hits

    def _negated(self, plain: str, start: int) -> bool:
        clause = plain[:start].rsplit(",", 1)[-1].split()
        return not self._negations.isdisjoint(clause[-3:])


@cache
def load(language: str) -> Lexicon:
    """The lexicon of a language, or the English patterns where there is none yet.

    Only the tag's first part counts: "en-GB" reads ``en.yaml``. What was learned of English wording
    says nothing of another language, and is left out there.
    """
    folder = files(__name__)
    wanted = bare_code(language)
    name = wanted if (folder / f"{wanted}.yaml").is_file() else "en"
    patterns, prototypes = (
        yaml.safe_load((folder / file).read_text(encoding="utf-8"))
        for file in (f"{name}.yaml", f"{name}-prototypes.yaml")
    )
    learned = folder / f"{wanted}-weights.json"
    tables = json.loads(learned.read_text(encoding="utf-8"))["tables"] if learned.is_file() else {}
    weights = {
        what: Weights.of(table, _examples(folder / f"{wanted}-{what}.npz"))
        for what, table in tables.items()
    }
    return Lexicon(patterns, prototypes, weights)


def _examples(file: Traversable) -> Examples | None:
    """What was learned from, where it is compared with; whole numbers of `scale` in the file."""
    if not file.is_file():
        return None
    with file.open("rb") as opened, np.load(opened) as stored:
        scale = np.float32(stored["scale"])
        return Examples(stored["wanted"] * scale, stored["others"] * scale)


def together(hits: Sequence[Hit]) -> float:
    """Log odds of several hits: the strongest counts in full, each further one half."""
    weights = sorted((hit.weight for hit in hits), reverse=True)
    return sum(weight / (1 if rank == 0 else 2) for rank, weight in enumerate(weights))


def _compile(pattern: str, pieces: dict[str, str]) -> re.Pattern[str]:
    for _ in range(2):
        for name, piece in pieces.items():
            pattern = pattern.replace("{" + name + "}", piece)
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")
