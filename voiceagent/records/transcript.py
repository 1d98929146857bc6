"""Views of one call's events: what was said, and what was decided and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from voiceagent.events import (
    AgentSpoke,
    CallArrived,
    CallbackClosed,
    CallbackRequested,
    CallEnded,
    CaseContinued,
    ConsultationFailed,
    CustomerKnown,
    HandoverCompleted,
    HandoverFailed,
    HandoverMarked,
    HandoverReturned,
    HandoverRouted,
    HandoverStarted,
    LinkOffered,
    OfferDeclined,
    PersonWrote,
    Record,
    TranscriptLine,
    TurnEvidence,
    TurnHeard,
    Verdict,
)
from voiceagent.printable import printable

_INDENT = " " * 18


def lines(records: Iterable[Record]) -> tuple[TranscriptLine, ...]:
    """What was said, in the order of speaking; a caller's line carries the anger of its verdict."""
    records = list(records)
    anger = {r.event.turn: r.event.anger for r in records if isinstance(r.event, Verdict)}
    spoken = [said for r in records if (said := line(r, anger)) is not None]
    return tuple(sorted(spoken, key=lambda said: said.start_s))


def as_json(records: Iterable[Record]) -> dict[str, Any]:
    """The call as one JSON object: its facts, its lines, its verdicts, and how it ended."""
    records = list(records)
    arrived = next((r for r in records if isinstance(r.event, CallArrived)), None)
    ended = next((r for r in records if isinstance(r.event, CallEnded)), None)
    return {
        "call_id": records[0].call_id if records else "",
        "started_at": arrived.at.isoformat() if arrived else None,
        "facts": arrived.event.model_dump(mode="json")["facts"] if arrived else None,
        "lines": [line.model_dump(mode="json") for line in lines(records)],
        "verdicts": [
            {"t_s": r.t_s, **r.event.model_dump(mode="json", exclude={"type"})}
            for r in records
            if isinstance(r.event, Verdict)
        ],
        "ended": ended.event.model_dump(mode="json", exclude={"type"}) if ended else None,
    }


def as_text(records: Iterable[Record], detail: bool = False) -> str:
    """The call for reading: what was said, under each turn the verdict with its reasons.

    With `detail` each verdict also tells what it was held against and what each detector weighed.
    """
    records = list(records)
    anger = {r.event.turn: r.event.anger for r in records if isinstance(r.event, Verdict)}
    heard_at = {
        r.event.turn: r.event.utterance.start_s for r in records if isinstance(r.event, TurnHeard)
    }
    entries: list[tuple[float, str]] = []
    for record in records:
        said = line(record, anger)
        if said is not None:
            told = f"{_clock(said.start_s)}  {said.who:<7} {said.text}"
            entries.append((said.start_s, printable(told)))
        elif isinstance(record.event, Verdict):
            # A verdict stands under the words it judges, not at the moment it was reached.
            at = heard_at.get(record.event.turn, record.t_s or 0.0)
            judged = [*_verdict(record.event), *(_detail(record.event) if detail else ())]
            entries.append((at, "\n".join(map(printable, judged))))
        elif noted := note(record):
            entries.append((record.t_s or 0.0, printable(f"{_clock(record.t_s)}  -- {noted}")))
            if detail and isinstance(record.event, HandoverRouted):
                entries += [(record.t_s or 0.0, printable(line)) for line in _whom(record.event)]
    entries.sort(key=lambda entry: entry[0])
    return "".join(f"{text}\n" for _, text in entries)


def line(record: Record, anger: Mapping[int, float] | None = None) -> TranscriptLine | None:
    """What a record holds of what was said.

    Args:
        anger: of the verdicts, by turn.
    """
    event = record.event
    if isinstance(event, TurnHeard) and event.utterance.text:
        said = event.utterance
        return TranscriptLine(
            who="caller",
            text=said.text,
            start_s=said.start_s,
            end_s=said.end_s,
            confidence=said.confidence,
            anger=anger.get(event.turn) if anger else None,
        )
    if isinstance(event, AgentSpoke) and event.heard:
        return TranscriptLine(
            who="agent", text=event.heard, start_s=event.start_s, end_s=event.end_s
        )
    if isinstance(event, PersonWrote):
        at_s = record.t_s or 0.0
        return TranscriptLine(who="person", text=event.text, start_s=at_s, end_s=at_s)
    return None


def _verdict(verdict: Verdict) -> Iterator[str]:
    figures = f"understood {verdict.understood:.0%}, anger {verdict.anger:.0%}"
    yield f"{_INDENT}[{verdict.action}] {figures}"
    for reason in verdict.reasons:
        yield f"{_INDENT}  because {reason}"


def _detail(verdict: Verdict) -> Iterator[str]:
    limits = verdict.limits

    def against(key: str, what: str) -> str:
        return f", {what} {limits[key]:.0%}" if key in limits else ""

    voice = "not measured" if verdict.anger_voice is None else f"{verdict.anger_voice:.0%}"
    if verdict.evidence is not None and verdict.anger_voice is not None:
        voice += f" (their calm voice known to {_known(verdict.evidence):.0%})"
    yield f"{_INDENT}  anger: words {verdict.anger_words:.0%}, voice {voice}" + (
        against("anger_offer", "offers a person from")
        + against("anger_handover", "hands over from")
    )
    if verdict.evidence is not None and verdict.evidence.believed < 1:
        yield f"{_INDENT}  the words are believed to {verdict.evidence.believed:.0%}"
    yield f"{_INDENT}  understood: {verdict.understood:.0%}" + against(
        "understood_clarify", "asks again below"
    )
    yield f"{_INDENT}  wish for a person: {verdict.wish_for_person:.0%}" + against(
        "wish_handover", "hands over from"
    )
    weighed = sorted(verdict.contributions.items(), key=lambda item: -item[1])
    parts = [f"{name} {share:.0%}" for name, share in weighed if share >= 0.005]
    if parts:
        yield f"{_INDENT}  weighed: {', '.join(parts)}"


def _known(evidence: TurnEvidence) -> float:
    """Share of what there is to know of a calm voice; the field begins at a half."""
    return 2 * evidence.voice_known - 1


def _whom(routed: HandoverRouted) -> Iterator[str]:
    for to in routed.route:
        if to.reasons:
            yield f"{_INDENT}  {to.person} {to.score:+.0f}: {', '.join(to.reasons)}"
    for left in routed.left_out:
        yield f"{_INDENT}  not {left.person}: {left.why}"


def note(record: Record) -> str:
    """What else a reader should know of a record, empty for nothing."""
    match record.event:
        case CallArrived(facts=facts):
            what = "written by" if facts.channel == "text" else "call from"
            return f"{what} {facts.caller_number or facts.caller_uri or 'unknown'}"
        case HandoverRouted(route=route, left_out=left_out) if route or left_out:
            people = ", then ".join(to.person for to in route)
            return f"route: {people or 'nobody is free'}"
        case HandoverStarted(reason=reason):
            return f"handing over: {reason}"
        case ConsultationFailed(target=target, code=code, reason=reason):
            return f"{target} not reached: {code} {reason}"
        case HandoverCompleted(target=target):
            return f"handed over to {target}"
        case OfferDeclined():
            return "the caller wants no person"
        case HandoverMarked(mark=mark, reason=reason, turn=turn, by=by):
            at = f" at turn {turn}" if turn else ""
            why = f" ({reason})" if reason else ""
            return f"marked {mark}{at}{why}{f' by {by}' if by else ''}"
        case HandoverReturned(target=target):
            return f"{target} gave the caller back to the agent"
        case HandoverFailed(reason=reason):
            return f"not handed over: {reason}"
        case CallbackRequested(callback=left) if left.kind == "call":
            return f"to be called back on {left.number}"
        case CallbackRequested(callback=left) if left.kind == "text":
            return "a person is to answer in writing"
        case CallbackRequested(callback=left):
            return f"left a message: {left.text}"
        case CallbackClosed(by=by):
            return f"taken care of{f' by {by}' if by else ''}"
        case CaseContinued(case_id=case_id, known_by=by):
            return f"goes on with {case_id}, known by {by}"
        case LinkOffered(number=number):
            return f"sent {number} a link to write"
        case CustomerKnown(customer_id=customer_id):
            return f"known as customer {customer_id}"
        case CallEnded(by=by, reason=reason):
            return f"call ended by {by}: {reason}"
        case _:
            return ""


def _clock(t_s: float | None) -> str:
    minutes, seconds = divmod(t_s or 0.0, 60.0)
    return f"{int(minutes):02d}:{seconds:04.1f}"
