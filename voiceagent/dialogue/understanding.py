"""What a text means to a dialplan: its intent, whether it is in scope, values, topics.

An intent's likeness to a text is the mean of two cosine similarities: to the centroid of its
examples, which is steady, and to the nearest example, which is sharp.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from voiceagent.dialogue import common, entities
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Expectation, Understanding

Vectors = NDArray[np.float32]

IN_SCOPE = 0.45
"""Least likeness of a text that the dialplan speaks about."""
CLEAR_MARGIN = 0.02
"""A nearest intent that leads by less is only in scope above `SURE`."""
SURE = 0.60
TOPIC_MIDDLE = 0.62
"""Likeness to a topic at which it is as likely met as not."""
TOPIC_SLOPE = 25.0
TOPIC_LEAD = 0.5
"""How much an intent's lead over a topic lowers the topic."""


class Embedder(Protocol):
    """Turns texts into sentence embeddings."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeddings of n texts, shape (n, d), each row of length 1."""
        ...


class _Class:
    """An intent or a topic: its examples' embeddings and their centroid."""

    def __init__(self, vectors: Vectors) -> None:
        centroid = vectors.mean(axis=0)
        self._centroid = centroid / np.linalg.norm(centroid)
        self._vectors = vectors

    def likeness(self, texts: Vectors) -> NDArray[np.float32]:
        """Likeness of each text, shape (n, d) to (n,)."""
        nearest = (texts @ self._vectors.T).max(axis=1)
        return np.asarray((nearest + texts @ self._centroid) / 2, dtype=np.float32)


class Understander:
    """Understands texts for one dialplan."""

    def __init__(
        self,
        plan: Dialplan,
        embedder: Embedder,
        intents: dict[str, _Class],
        topics: dict[str, _Class],
        today: Callable[[], date],
    ) -> None:
        self._plan = plan
        self._embedder = embedder
        self._intents = intents
        self._topics = topics
        self._today = today

    @classmethod
    async def create(
        cls, plan: Dialplan, embedder: Embedder, *, today: Callable[[], date] = date.today
    ) -> Self:
        """Embed the dialplan's examples, once for all calls."""
        shared = common.EXAMPLES.get(plan.language[:2], {})
        intents = shared | {name: intent.examples for name, intent in plan.intents.items()}
        topics = {name: topic.examples for name, topic in plan.topics.items()}
        groups = [*intents.values(), *topics.values()]
        vectors = await embedder.embed([example for group in groups for example in group])
        ends = np.cumsum([len(group) for group in groups])[:-1]
        classes = [_Class(part) for part in np.split(vectors, ends)]
        return cls(
            plan,
            embedder,
            dict(zip(intents, classes, strict=False)),
            dict(zip(topics, classes[len(intents) :], strict=True)),
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
        vectors = await self._embedder.embed(readings)
        scores = {name: float(c.likeness(vectors).max()) for name, c in self._intents.items()}
        if name := common.literal(text):
            scores[name] = 1.0
        ranked = sorted(scores, key=lambda name: -scores[name])
        best, similarity = ranked[0], scores[ranked[0]]
        margin = similarity - scores[ranked[1]] if len(ranked) > 1 else similarity
        in_scope = similarity >= IN_SCOPE and (margin >= CLEAR_MARGIN or similarity >= SURE)
        understanding = Understanding(
            text=text,
            intent=best if in_scope else None,
            similarity=max(-1.0, min(1.0, similarity)),
            margin=margin,
            in_scope=in_scope,
            entities=self._values(text, expecting),
            topics=self._met(vectors, similarity),
        )
        return understanding, vectors[0]

    def _values(self, text: str, expecting: Expectation | None) -> dict[str, object]:
        slot = self._plan.slots.get(expecting.slot) if expecting and expecting.slot else None
        return entities.find_all(text, self._today(), expecting, slot.choices if slot else None)

    def _met(self, vectors: Vectors, similarity: float) -> dict[str, float]:
        """How surely each topic is met; an intent that is nearer speaks against it."""
        met = {}
        for name, topic in self._topics.items():
            likeness = float(topic.likeness(vectors).max())
            against = max(0.0, similarity - likeness) * TOPIC_LEAD
            logit = TOPIC_SLOPE * (likeness - against - TOPIC_MIDDLE)
            met[name] = round(1 / (1 + float(np.exp(-logit))), 4)
        return met


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
