"""Marked calls, and how a policy does on them by what people said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.events import Record
from voiceagent.learning.replay import PEOPLE, Rerun, Scene, scenes
from voiceagent.records.outcome import Outcome, outcome

Result = Literal["right", "missed", "late", "needless", "offered"]
OFFER_SHARE = 0.25
"""What an offer costs that nobody needed, as a share of a needless handover."""


@dataclass(frozen=True)
class Prices:
    """What each kind of mistake costs, in any one currency."""

    missed: float
    needless: float
    late: float

    def of(self, result: Result) -> float:
        """The price of a result."""
        return {
            "right": 0.0,
            "missed": self.missed,
            "late": self.late,
            "needless": self.needless,
            "offered": self.needless * OFFER_SHARE,
        }[result]

    @property
    def mean(self) -> float:
        """The mean price of what went wrong."""
        return (self.missed + self.needless + self.late) / 3


@dataclass(frozen=True)
class Example:
    """A call that people have judged."""

    call_id: str
    scenes: tuple[Scene, ...]
    due: int | None
    """The last turn at which a handover was in time; None where none was needed."""


@dataclass(frozen=True)
class Score:
    """How a policy does on some calls."""

    results: tuple[tuple[Result, bool], ...]
    """The result of each call, and whether it needed a person."""

    def count(self, result: Result) -> int:
        """How many calls had this result."""
        return sum(found == result for found, _ in self.results)

    def cost(self, prices: Prices) -> float:
        """Cost a call."""
        return sum(prices.of(found) for found, _ in self.results) / max(len(self.results), 1)

    @property
    def recall(self) -> float:
        """Share of the calls that needed a person and got one in time."""
        needed = [found for found, needed in self.results if needed]
        return needed.count("right") / max(len(needed), 1)

    @property
    def precision(self) -> float:
        """Share of the calls that a person was called for, and that needed one."""
        called = [n for found, n in self.results if (n and found != "missed")]
        return len(called) / max(len(called) + self.count("needless"), 1)


def examples(calls: Iterable[Sequence[Record]]) -> tuple[list[Example], list[str]]:
    """The marked ones of some calls, and why others could not be used."""
    found, left_out = [], []
    for records in calls:
        call = outcome(records)
        if call.mark is None:
            continue
        turns = scenes(records)
        due = _due(call)
        if due == 0:
            left_out.append(f"{call.call_id}: the handover came before any turn of the caller")
        elif not turns:
            left_out.append(f"{call.call_id}: no turn with a verdict is recorded")
        else:
            found.append(Example(call.call_id, turns, due))
    return found, left_out


def _due(call: Outcome) -> int | None:
    mark = call.mark
    assert mark is not None
    last = call.turns if call.handed_over is None else call.handed_over
    match mark.mark:
        case "not-needed":
            return None
        case "needed":
            return last
        case "too-late":
            return mark.turn or min(last, max(1, last - 1))
        case "should-have-been":
            return mark.turn or last


def result(example: Example, limits: Thresholds) -> Result:
    """How a policy does on one call.

    An offer that the caller does not refuse in the record reaches a person.
    """
    rerun = Rerun(limits)
    offered = None
    for at, scene in enumerate(example.scenes):
        decision, _ = rerun.decide(scene)
        called = decision.action in PEOPLE
        if example.due is None:
            if called:
                return "needless"
            offered = offered or (scene.turn if decision.action == "offer" else None)
        elif called or (decision.action == "offer" and not _refused_next(example.scenes, at)):
            return "right" if scene.turn <= example.due else "late"
    if example.due is None:
        return "offered" if offered else "right"
    return "missed"


def _refused_next(turns: Sequence[Scene], at: int) -> bool:
    return at + 1 < len(turns) and turns[at + 1].refused


def score(some: Iterable[Example], limits: Thresholds) -> Score:
    """How a policy does on some calls."""
    return Score(tuple((result(one, limits), one.due is not None) for one in some))
