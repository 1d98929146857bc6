"""What a text means to a dialplan: its intent, whether it is in scope, values, topics.

A text's likeness to an intent joins two cosine similarities: to the centroid of its examples,
which is steady, and to the nearest example, which is sharp.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from voiceagent.dialogue import common, entities
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Expectation, Understanding
from voiceagent.language import bare_code
from voiceagent.speech.embedding import meaning

Vectors = NDArray[np.float32]

CENTROID = 0.7
"""Weight of the centroid in an intent's likeness; the rest is the nearest example's."""
IN_SCOPE = 0.36
"""Least likeness to an intent of a text that the dialplan speaks about."""
CLEAR_MARGIN = 0.02
"""A nearest intent that leads by less is only in scope from `SURE` on."""
SURE = 0.6
ELSEWHERE = 0.9
"""How near the nearest intent must be, as a part of the likeness to what is out of scope."""
TOPIC = (19.0, -15.0, -3.0, -2.2)
"""Logistic weights of a topic: its likeness, that of the nearest intent, that to what is out of
scope, and the constant. Fitted on half of tests/dialogue/sentences.yaml."""
_PIECE = 400
"""Longer texts are searched for values piece by piece: nobody says more in a breath, and what is
written may be ten times as long, which would take a thousand times as long in one piece."""
_PIECES = re.compile(rf"(?s).{{1,{_PIECE}}}(?!\S)|.{{{_PIECE}}}")


class Embedder(Protocol):
    """Turns texts into sentence embeddings."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeddings of n texts, shape (n, d), the meaning in each row of length 1."""
        ...


class _Group:
    """Sentences that mean one thing: their embeddings and their centroid."""

    def __init__(self, vectors: Vectors) -> None:
        centroid = vectors.mean(axis=0)
        self._centroid = centroid / np.linalg.norm(centroid)
        self._vectors = vectors

    def nearest(self, texts: Vectors) -> float:
        """Cosine similarity of the nearest pair, texts of shape (n, d)."""
        return float((texts @ self._vectors.T).max())

    def likeness(self, texts: Vectors, centroid: float) -> float:
        """Likeness of the texts, with this weight of the centroid."""
        middle = float((texts @ self._centroid).max())
        return centroid * middle + (1 - centroid) * self.nearest(texts)


class Understander:
    """Understands texts for one dialplan."""

    def __init__(
        self,
        plan: Dialplan,
        embedder: Embedder,
        intents: dict[str, _Group],
        topics: dict[str, _Group],
        elsewhere: _Group | None,
        today: Callable[[], date],
    ) -> None:
        self._plan = plan
        self._embedder = embedder
        self._intents = intents
        self._topics = topics
        self._elsewhere = elsewhere
        self._today = today

    @classmethod
    async def create(
        cls,
        plan: Dialplan,
        embedder: Embedder,
        *,
        examples: Embedder | None = None,
        today: Callable[[], date] = date.today,
    ) -> Self:
        """Embed the dialplan's examples, once for all calls.

        Args:
            embedder: for what callers say.
            examples: for the examples, where another one remembers them.
        """
        # dateparser loads its data at first use, 100 ms that no caller should wait for.
        entities.find_all("soon", today(), Expectation(kind="date"))
        built_in = common.EXAMPLES.get(bare_code(plan.language), {})
        shared = {
            name: (*built_in.get(name, ()), *getattr(plan.common, name)) for name in common.WISHES
        }
        intents = {name: said for name, said in shared.items() if said} | {
            name: intent.examples for name, intent in plan.intents.items()
        }
        topics = {name: topic.examples for name, topic in plan.topics.items()}
        elsewhere = (*common.ELSEWHERE.get(bare_code(plan.language), ()), *plan.common.elsewhere)
        sets = [*intents.values(), *topics.values(), elsewhere]
        vectors = meaning(
            await (examples or embedder).embed([sentence for part in sets for sentence in part])
        )
        ends = np.cumsum([len(part) for part in sets])[:-1]
        groups = [_Group(part) for part in np.split(vectors, ends) if len(part)]
        return cls(
            plan,
            embedder,
            dict(zip(intents, groups, strict=False)),
            dict(zip(topics, groups[len(intents) :], strict=False)),
            groups[-1] if elsewhere else None,
            today,
        )

    async def understand(
        self, text: str, expecting: Expectation | None = None
    ) -> tuple[Understanding, Vectors]:
        """What the text means, and its embedding, shape (d,), for whoever needs it as well.

        Args:
            expecting: what the agent has asked for; it decides what counts as an answer.
        """
        readings = _readings(text)
        embedded = await self._embedder.embed(readings)
        vectors = meaning(embedded)
        scores = {name: g.likeness(vectors, CENTROID) for name, g in self._intents.items()}
        if name := common.literal(text):
            scores[name] = 1.0
        ranked = sorted(scores, key=lambda name: -scores[name])
        best, similarity = ranked[0], scores[ranked[0]]
        margin = similarity - scores[ranked[1]] if len(ranked) > 1 else similarity
        elsewhere = self._elsewhere.nearest(vectors) if self._elsewhere else 0.0
        in_scope = (
            similarity >= IN_SCOPE
            and (margin >= CLEAR_MARGIN or similarity >= SURE)
            and max(similarity, self._intents[best].nearest(vectors)) >= ELSEWHERE * elsewhere
        )
        values = self._values(text, expecting)
        understanding = Understanding(
            text=text,
            intent=best if in_scope else None,
            similarity=max(-1.0, min(1.0, similarity)),
            margin=margin,
            in_scope=in_scope,
            entities=values,
            topics=self._met(vectors, elsewhere) | self._by_amount(values, expecting),
        )
        return understanding, embedded[0]

    def _values(self, text: str, expecting: Expectation | None) -> dict[str, object]:
        slot = self._plan.slots.get(expecting.slot) if expecting and expecting.slot else None
        choices, past = (slot.choices, slot.past) if slot else (None, False)
        region = self._plan.region
        found: dict[str, object] = {}
        for piece in _PIECES.findall(text) if len(text) > _PIECE else [text]:
            values = entities.find_all(piece, self._today(), expecting, choices, past, region)
            found = values | found
        answer = entities.begins_with(text, self._plan.common.yes, self._plan.common.no)
        return found if answer is None else found | {"yes_no": answer}

    def _met(self, vectors: Vectors, elsewhere: float) -> dict[str, float]:
        """How surely each topic is met; what is nearer speaks against it."""
        nearest_intent = max(group.likeness(vectors, 0.5) for group in self._intents.values())
        met = {}
        for name, topic in self._topics.items():
            measures = (topic.likeness(vectors, 0.5), nearest_intent, elsewhere, 1.0)
            logit = float(np.dot(TOPIC, measures))
            met[name] = round(1 / (1 + math.exp(-logit)), 4)
        return met

    def _by_amount(
        self, values: dict[str, object], expecting: Expectation | None
    ) -> dict[str, float]:
        """Topics that an amount decides: not met without one above the limit, and met for certain
        by one in answer to their slot."""
        amount = values.get("amount")
        decided = {}
        for name, topic in self._plan.topics.items():
            if topic.above is None:
                continue
            if not isinstance(amount, int | float) or amount <= topic.above:
                decided[name] = 0.0
            elif topic.slot is not None and expecting is not None and expecting.slot == topic.slot:
                decided[name] = 1.0
        return decided


_COURTESY = re.compile(
    r"^((hi|hello|hey|good (morning|afternoon|evening|day)|yes|yeah|okay|ok|so|well|um+|uh+|er|"
    r"please|thanks|thank you|listen|right|there)\b[\s,.!]*)+|\b(um+|uh+|erm?)\b[\s,.]*|"
    r"[\s,.]*\b(please|thank you|thanks)\b[\s.!]*$",
    re.I,
)
_NUMERALS = re.compile(r"[\s,]*\b(number )?(\d[\d\s,.-]*)\d\b")
_MOST_READINGS = 4


def _readings(text: str) -> list[str]:
    """The text, then it without courtesies and numerals, then its sentences one by one."""
    core = _NUMERALS.sub("", _COURTESY.sub("", text)).strip(" ,.")
    sentences = [s.strip() for s in re.split(r"(?<=[.?!])\s+", text) if len(s.split()) > 2]
    readings = [text, core, *(sentences if len(sentences) > 1 else ())]
    return [r for r in dict.fromkeys(readings) if r][:_MOST_READINGS] or [text]
