"""What another policy would have decided on a recorded call.

The detectors' findings are taken from the record, and go through the policy itself again. What
the caller would have said after a decision that was never made, nobody knows: a replay goes on
as if nothing had changed until it hands over, and ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.escalation.policy import LOOP_HANDOVER, Decision, Policy
from voiceagent.escalation.temper import Temper
from voiceagent.events import (
    Action,
    HandoverFailed,
    OfferDeclined,
    Record,
    TurnEvidence,
    TurnHeard,
    TurnMissed,
    TurnUnderstood,
    Verdict,
)
from voiceagent.records.outcome import Outcome, outcome

PEOPLE: frozenset[Action] = frozenset({"handover", "emergency"})
"""The decisions that call a person at once."""


@dataclass(frozen=True)
class Step:
    """A turn as it was decided, and as it would have been."""

    turn: int
    t_s: float
    text: str
    """What the caller said; empty for a missed turn."""
    before: Verdict
    after: Decision
    anger: float
    """The anger of the turn by the other policy's weights."""
    declined: bool = False
    """Whether the caller refused a person in this turn."""

    @property
    def changed(self) -> bool:
        """Whether the turn is decided otherwise."""
        return self.before.action != self.after.action


@dataclass(frozen=True)
class Replay:
    """One call by another policy."""

    call: Outcome
    steps: tuple[Step, ...]
    """Up to the handover by the other policy."""
    lacks: tuple[str, ...]
    """What the record does not tell, a sentence each."""

    @property
    def handed_over(self) -> int | None:
        """The turn at which the other policy calls a person, None where it never does."""
        return next((s.turn for s in self.steps if s.after.action in PEOPLE), None)

    @property
    def offered(self) -> int | None:
        """The first turn at which it offers one that the caller does not refuse in the record."""
        for step, later in zip(self.steps, (*self.steps[1:], None), strict=True):
            if step.after.action == "offer" and not (later and later.declined):
                return step.turn
        return None


@dataclass(frozen=True)
class Scene:
    """What a record tells of one turn, made ready to be decided again."""

    turn: int
    t_s: float
    text: str
    verdict: Verdict
    evidence: TurnEvidence
    complete: bool
    """Whether the evidence was recorded, and not pieced together from the verdict."""
    declined: bool = False
    """Whether the caller then refused a person, or the handover failed."""
    refused: bool = False
    """Whether it was the caller who refused."""


class Rerun:
    """Temper and policy of one call, fed with recorded evidence."""

    def __init__(self, limits: Thresholds) -> None:
        self._temper = Temper(limits)
        self._policy = Policy(limits)
        self._asked = False

    def decide(self, scene: Scene) -> tuple[Decision, float]:
        """The decision on a turn, and its anger."""
        evidence = scene.evidence
        if scene.complete and not evidence.missed:
            heat = self._temper.weigh(
                evidence.anger_words,
                evidence.anger_voice,
                evidence.voice_known,
                evidence.interrupted,
            )
            evidence = evidence.model_copy(
                update={"anger": heat.probability, "anger_grounded": heat.grounded}
            )
        decision = self._policy.decide(evidence)
        # A refusal counts only for a policy that has asked, or called a person in vain.
        self._asked = self._asked or decision.action in {"offer", *PEOPLE}
        if scene.declined and self._asked:
            self._policy.declined()
            self._asked = False
        return decision, evidence.anger


def replay(records: Sequence[Record], limits: Thresholds) -> Replay:
    """Decide a recorded call again by other thresholds and weights.

    Raises:
        ValueError: there are no records.
    """
    found = scenes(records)
    rerun = Rerun(limits)
    steps = []
    for scene in found:
        decision, anger = rerun.decide(scene)
        steps.append(
            Step(
                scene.turn,
                scene.t_s,
                scene.text,
                scene.verdict,
                decision,
                anger,
                scene.refused,
            )
        )
        if decision.action in PEOPLE:
            break
    return Replay(outcome(records), tuple(steps), tuple(_lacks(found, records)))


def scenes(records: Iterable[Record]) -> tuple[Scene, ...]:
    """The turns of a record that have a verdict."""
    texts: dict[int, str] = {}
    topics: dict[int, Mapping[str, float]] = {}
    missed: dict[int, str] = {}
    found: list[Scene] = []
    for record in records:
        match record.event:
            case TurnHeard(turn=turn, utterance=said):
                texts[turn] = said.text
            case TurnMissed(turn=turn, why=why):
                missed[turn] = why
            case TurnUnderstood(turn=turn, understanding=meaning):
                topics[turn] = meaning.topics
            case Verdict() as verdict:
                turn = verdict.turn
                evidence = verdict.evidence or _pieced(
                    verdict, topics.get(turn, {}), missed.get(turn, "")
                )
                found.append(
                    Scene(
                        turn,
                        record.t_s or 0.0,
                        texts.get(turn, ""),
                        verdict,
                        evidence,
                        complete=verdict.evidence is not None,
                    )
                )
            case OfferDeclined() | HandoverFailed() if found:
                refused = isinstance(record.event, OfferDeclined)
                found[-1] = replace(found[-1], declined=True, refused=refused)
    return tuple(found)


def _pieced(verdict: Verdict, topics: Mapping[str, float], missed: str) -> TurnEvidence:
    """Evidence as far as a verdict without it tells."""
    weighed = verdict.contributions
    emergency = {verdict.topic} if verdict.action == "emergency" else set()
    return TurnEvidence.model_validate(
        {
            "understood": verdict.understood,
            "anger": verdict.anger,
            "anger_grounded": weighed.get("anger", 0.0) > 0,
            "wish": verdict.wish_for_person,
            "topics": dict(topics),
            "emergencies": emergency,
            "repeats": round(weighed.get("loop", 0.0) * LOOP_HANDOVER),
            "missed": missed,
        }
    )


def _lacks(found: Sequence[Scene], records: Sequence[Record]) -> Iterable[str]:
    pieced = [scene.turn for scene in found if not scene.complete]
    if pieced:
        yield (
            f"{_turns(pieced)}: recorded without the detectors' evidence: anger is taken as it was "
            "then whatever the weights, and whether a person was refused is not known"
        )
    heard = {r.event.turn for r in records if isinstance(r.event, TurnHeard | TurnMissed)}
    unjudged = sorted(heard - {scene.turn for scene in found})
    if unjudged:
        yield f"{_turns(unjudged)}: recorded without a verdict, and left out"
    if not heard:
        yield "no turn of the caller is recorded"
    deaf = [s.turn for s in found if not s.evidence.missed and s.verdict.anger_voice is None]
    if deaf:
        yield f"{_turns(deaf)}: the voice was not measured, so its weight changes nothing there"


def _turns(numbers: Sequence[int]) -> str:
    some = ", ".join(str(number) for number in numbers)
    return f"turn{'s' if len(numbers) > 1 else ''} {some}"
