"""Whole calls without a telephone: are calm callers left alone, and angry ones handed over soon?

    python -m benchmarks.calls [--calls 400]

A caller with goals of their own talks to an example dialplan through the same understanding,
judge and dialogue manager as on the telephone (`voiceagent.deciding`). What goes wrong in every
tenth or so turn is what goes wrong with people: words lost or misheard, nothing heard, an aside,
a number cut short. The voice of each call is one person's of the corpora: their measures of calm
and, once the caller is angry, of angry recordings. Everything is drawn by a fixed seed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import click
import httpx
import numpy as np
import yaml

from benchmarks import corpora, texts
from benchmarks.results import record
from voiceagent.audio.prosody import measure
from voiceagent.deciding import Decided, Decider
from voiceagent.dialogue.loader import load
from voiceagent.dialogue.lookup import look_up
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import Reply
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.dialogue.understanding import Understander
from voiceagent.escalation.judge import Judge
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import CallFacts, Expectation, Utterance, Word
from voiceagent.sense import Sense
from voiceagent.speech.embedding import Floats, SentenceEmbedder
from voiceagent.speech.models import EMBEDDING_MODEL, locate

DIALPLANS = {"shop": Path("dialplans/shop.yaml"), "clinic": Path("dialplans/clinic.yaml")}
LONGEST = 40
"""Turns after which a call that goes nowhere is given up by the caller."""
UPSET = ("angry", "hopeless", "hopeless, fresh")
"""Who is no longer calm from some turn on. The last say what no pattern was chosen for."""
MISHAPS = {"misheard": 0.06, "nothing heard": 0.03, "aside": 0.05, "silence": 0.02}
ORDERS = ("471229", "471230", "582904", "639175")
Measures = dict[str, float] | None
Random = np.random.Generator


@dataclass
class Voice:
    """The measures of one person's recordings, by mood."""

    calm: list[Measures] = field(default_factory=list)
    angry: list[Measures] = field(default_factory=list)


@dataclass
class Outcome:
    """How a call went."""

    turns: int = 0
    ended: str = "given up"
    """``answered``, ``anger``, another cause of a handover, or ``given up``."""
    offered: bool = False
    turned_at: int | None = None
    """The first turn in which the caller was angry or without hope."""


class Caller:
    """Someone with goals, who says what people say.

    Args:
        turns_after: the turn from which they are angry; None for somebody who stays calm.
        mood: ``angry`` or ``hopeless``, what they say from then on.
    """

    def __init__(
        self,
        plan: str,
        said: dict[str, Any],
        voice: Voice,
        random: Random,
        turns_after: int | None = None,
        mood: Sequence[str] = (),
    ) -> None:
        goals = said[plan]
        chosen = random.permutation(list(goals))[: random.integers(1, 4)]
        self._goals = [(str(goal), list(random.permutation(goals[goal]))) for goal in chosen]
        self._said = said
        self._voice = voice
        self._random = random
        self.turns_after = turns_after
        self._mood = list(random.permutation(list(mood))) if len(mood) else []
        self._order = str(random.choice(ORDERS))

    def answer(self, turn: int, reply: Reply, offered: bool) -> tuple[Utterance | None, Measures]:
        """What is heard of the next turn; None for silence or noise.

        Args:
            offered: whether the agent has just offered a person, whom a calm caller declines.
        """
        angry = self.turns_after is not None and turn >= self.turns_after
        if angry:
            return _heard(str(self._mood[turn % len(self._mood)])), self._of(self._voice.angry)
        mishap = self._random.choice(
            ["", *MISHAPS], p=[1 - sum(MISHAPS.values()), *MISHAPS.values()]
        )
        voice = self._of(self._voice.calm)
        if mishap in ("nothing heard", "silence"):
            return None, None
        if mishap == "aside":
            return _heard(self._one("asides")), voice
        text = "No, thank you." if offered else self._words(reply)
        return (self._misheard(text) if mishap == "misheard" else _heard(text)), voice

    def _words(self, reply: Reply) -> str:
        asked = reply.expecting
        if asked is not None and asked.kind != "open":
            return self._to_question(asked)
        if not self._goals:
            return self._one("thanks")
        phrases = self._goals[0][1]
        if not phrases:
            # Nothing they say is understood: they leave it.
            self._next()
            return self._words(reply)
        return str(phrases.pop())

    def _to_question(self, asked: Expectation) -> str:
        match asked.kind:
            case "yes_no":
                return str(self._random.choice(["Yes, please.", "Yes.", "Yes, that's right."]))
            case "digits":
                whole = self._random.random() > 0.1
                digits = self._order if whole else self._order[: self._random.integers(2, 5)]
                return f"It is {' '.join(digits)}."
            case "date":
                return str(self._random.choice(["Next Tuesday.", "The third of May.", "Tomorrow."]))
            case "name":
                return str(self._random.choice(["Anna Becker.", "It's Peter Miller."]))
            case _:
                return str(self._random.choice(asked.choices or ("I'm not sure.",)))

    def answered(self) -> None:
        """The agent has given an answer: on to the next goal."""
        self._next()

    def _next(self) -> None:
        if self._goals:
            self._goals.pop(0)

    def _misheard(self, text: str) -> Utterance:
        """Two of the words lost or put in another's place, as of low confidence."""
        words = text.split()
        others = "the a four to is in and of this for with some that hear".split()  # noqa: SIM905
        for _ in range(min(2, len(words))):
            at = int(self._random.integers(len(words)))
            if self._random.random() < 0.5 and len(words) > 2:
                del words[at]
            else:
                words[at] = str(self._random.choice(others))
        return _heard(" ".join(words), float(self._random.uniform(0.35, 0.7)))

    def _one(self, kind: str) -> str:
        return str(self._random.choice(self._said[kind]))

    def _of(self, kept: list[Measures]) -> Measures:
        return kept[int(self._random.integers(len(kept)))] if kept else None


class Embedded:
    """The embedder of callers who say the same in many calls."""

    def __init__(self) -> None:
        self._model = SentenceEmbedder(locate(EMBEDDING_MODEL))
        self._known: dict[str, Floats] = {}

    async def embed(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._model.embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])


class Desk:
    """An example dialplan with its understanding, for call after call."""

    def __init__(self, plan: Dialplan, understander: Understander, prototypes: Prototypes) -> None:
        self._plan = plan
        self._understander = understander
        self._prototypes = prototypes

    @classmethod
    async def create(
        cls, path: Path, embedder: Embedded, limits: Mapping[str, float] | None = None
    ) -> Desk:
        plan = load(path)
        changed = Thresholds.model_validate(plan.escalation.model_dump() | dict(limits or {}))
        plan = plan.model_copy(update={"escalation": changed})
        return cls(
            plan,
            await Understander.create(plan, embedder),
            await Prototypes.create(embedder, plan.language),
        )

    async def serve(self, caller: Caller, http: httpx.AsyncClient) -> Outcome:
        """One whole call."""
        manager = DialogueManager(self._plan, CallFacts(caller_number="caller"), date.today())
        judge = Judge(self._plan.escalation, self._prototypes, self._plan.language)
        decider = Decider(self._plan, manager, judge)
        outcome = Outcome()
        reply = manager.greet()
        offered = False
        while outcome.turns < LONGEST:
            outcome.turns += 1
            heard, measures = caller.answer(outcome.turns, reply, offered)
            if caller.turns_after is not None and outcome.turns >= caller.turns_after:
                outcome.turned_at = outcome.turned_at or outcome.turns
            if heard is None:
                decided = decider.missed(outcome.turns, "no-input")
            else:
                meaning, vector = await self._understander.understand(heard.text, manager.expecting)
                decided = decider.turn(outcome.turns, heard, Sense(meaning, vector, measures))
            reply = decided.reply
            while reply.lookup is not None:
                reply = manager.lookup_done(await look_up(reply.lookup, self._plan, http))
                judge.progressed()
            offered = decided.verdict.action == "offer"
            outcome.offered |= offered
            if reply.handover is not None:
                outcome.ended = _cause(decided)
                return outcome
            if reply.end:
                outcome.ended = "answered"
                return outcome
            if decided.verdict.action == "continue" and (
                reply.expecting is None or reply.expecting.kind == "open"
            ):
                caller.answered()
        return outcome


def _cause(decided: Decided) -> str:
    verdict = decided.verdict
    if verdict.action not in ("handover", "emergency"):
        return "the dialplan"
    return "anger" if verdict.anger >= verdict.limits["anger_handover"] else "another reason"


def _heard(text: str, confidence: float = 0.93) -> Utterance:
    words = tuple(
        Word(word=word, start_s=0.3 * at, end_s=0.3 * at + 0.28, confidence=confidence)
        for at, word in enumerate(text.split())
    )
    length = 0.3 * len(words)
    return Utterance(
        text=text, confidence=confidence, words=words, end_s=length, no_speech=0.02, lead=confidence
    )


def voices(root: Path | None) -> list[Voice]:
    """One for each person of the corpora; one that cannot be measured where there are none."""
    found: dict[str, Voice] = {}
    for recording in corpora.recordings(root) if root else ():
        if recording.corpus == "emodb" or recording.emotion not in ("neutral", "boredom", "anger"):
            continue
        voice = found.setdefault(f"{recording.corpus} {recording.speaker}", Voice())
        kept = voice.angry if recording.emotion == "anger" else voice.calm
        kept.append(measure(corpora.read(recording)))
    return list(found.values()) or [Voice()]


async def calls(
    kind: str, count: int, seed: int, people: list[Voice], limits: Mapping[str, float] | None = None
) -> list[Outcome]:
    """So many calls of one kind: ``calm``, ``angry``, ``hopeless`` or ``hopeless, fresh``.

    Args:
        limits: in the place of those of the dialplans' ``escalation``.
    """
    said = yaml.safe_load((texts.DATA / "callers.yaml").read_text(encoding="utf-8"))
    moods = {
        "calm": (),
        "angry": [text for text, label in texts.load("customer_turns", "test") if label == "angry"],
        "hopeless": said["hopeless"],
        "hopeless, fresh": said["hopeless_fresh"],
    }
    embedder = Embedded()
    desks = {name: await Desk.create(path, embedder, limits) for name, path in DIALPLANS.items()}
    random = np.random.default_rng(seed)
    outcomes = []
    async with httpx.AsyncClient() as http:
        for number in range(count):
            name = list(DIALPLANS)[number % len(DIALPLANS)]
            turns_after = None if kind == "calm" else int(random.integers(1, 5))
            voice = people[int(random.integers(len(people)))]
            caller = Caller(name, said, voice, random, turns_after, moods[kind])
            outcomes.append(await desks[name].serve(caller, http))
    return outcomes


def figures(outcomes: dict[str, list[Outcome]]) -> dict[str, Any]:
    """What became of the calls of each kind."""
    calm = outcomes["calm"]
    ends = Counter(outcome.ended for outcome in calm)
    found: dict[str, Any] = {
        "calm calls": len(calm),
        "calm turns": sum(outcome.turns for outcome in calm),
        "calm, handed over for anger": round(ends["anger"] / len(calm), 3),
        "calm, handed over for anything": round(
            sum(ends[end] for end in ends if end not in ("answered", "given up")) / len(calm), 3
        ),
        "calm, given up": round(ends["given up"] / len(calm), 3),
        "calm, offered a person": round(sum(o.offered for o in calm) / len(calm), 3),
    }
    for kind in UPSET:
        turned = [o for o in outcomes[kind] if o.turned_at is not None]
        waits = [
            o.turns - o.turned_at + 1
            for o in turned
            if o.turned_at is not None and o.ended not in ("answered", "given up")
        ]
        found |= {
            f"{kind} calls": len(turned),
            f"{kind}, never handed over": round(1 - len(waits) / len(turned), 3),
            f"{kind}, turns to the handover, median": float(np.median(waits)),
            f"{kind}, handed over within two turns": round(
                sum(wait <= 2 for wait in waits) / len(turned), 3
            ),
        }
    return found


@click.command()
@click.option("--calls", "count", default=400, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--limit",
    "limits",
    type=(str, float),
    multiple=True,
    help="Another limit of the policy, as in anger_handover 0.6; for a curve.",
)
@click.option("--dry", is_flag=True, help="Do not write results.json.")
def main(count: int, seed: int, limits: tuple[tuple[str, float], ...], dry: bool) -> None:
    """Simulate the calls of each kind."""
    people = voices(corpora.folder())
    outcomes = {
        kind: asyncio.run(calls(kind, many, seed, people, dict(limits)))
        for kind, many in {"calm": count, **dict.fromkeys(UPSET, count // 2)}.items()
    }
    found = figures(outcomes)
    for name, value in found.items():
        print(f"{name:45} {value}")
    if not dry:
        record("simulated calls", found)


if __name__ == "__main__":
    main()
