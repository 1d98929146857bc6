"""Recorded calls made by the judge itself, from what callers say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from voiceagent import events as e
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.escalation.judge import Judge

CLEAR = {"intent": "x", "similarity": 0.7, "margin": 0.2, "in_scope": True}
CALM = "I would like to know where my parcel is."
CROSS = "I told you for the third time."
FURIOUS = "You are useless, this is ridiculous."
LOST = "blue bananas"


def call(
    call_id: str,
    said: Sequence[str],
    limits: Thresholds | None = None,
    *,
    declines: Iterable[int] = (),
    evidence: bool = True,
) -> list[e.Record]:
    """The records of a call in which these things are said; "" is a missed turn.

    It ends where the policy hands over. `declines` are the turns in which a person is refused.
    """
    judge = Judge(limits or Thresholds())
    found: list[e.Event] = [e.CallArrived(facts=e.CallFacts(caller_number="+4930123"))]
    for turn, text in enumerate(said, start=1):
        if text:
            meaning = e.Understanding(text=text, **({} if text.startswith(LOST) else CLEAR))
            utterance = e.Utterance(text=text, confidence=0.85, start_s=turn * 10, end_s=turn * 10)
            verdict = judge.judge(turn, utterance, meaning)
            found += [e.TurnHeard(turn=turn, utterance=utterance)]
            found += [e.TurnUnderstood(turn=turn, understanding=meaning)]
        else:
            found.append(e.TurnMissed(turn=turn, why="no-match"))
            verdict = judge.missed(turn, "no-match")
        if not evidence:
            verdict = verdict.model_copy(update={"evidence": None, "limits": {}})
        found.append(verdict)
        if turn in declines:
            judge.declined()
            found.append(e.OfferDeclined(turn=turn))
        if verdict.action in ("handover", "emergency"):
            found.append(
                e.HandoverStarted(
                    handover_id=call_id, reason="r", topic="general", targets=("6001",)
                )
            )
            break
    found.append(e.CallEnded(by="caller", reason="hung up", duration_s=99.0))
    records, at_s = [], 0.0
    for event in found:
        at_s = max(at_s + 0.1, 10.0 * getattr(event, "turn", 0))
        fields = {"line": "l1", "call_id": call_id, "t_s": at_s, "event": event}
        records.append(e.Record.model_validate(fields))
    return records
