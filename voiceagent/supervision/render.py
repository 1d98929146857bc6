"""One record as one line on a terminal."""

from __future__ import annotations

from rich.text import Text

from voiceagent import events as e
from voiceagent.printable import printable

_ACTION_STYLES: dict[e.Action, str] = {
    "continue": "green",
    "clarify": "yellow",
    "offer": "yellow",
    "handover": "bold magenta",
    "emergency": "bold red",
}


def render(record: e.Record) -> Text:
    """The record as one line: seconds from INVITE, call, what happened. Shows callers' words."""
    line = Text(no_wrap=False)
    line.append(f"{record.t_s:8.2f}s " if record.t_s is not None else f"{record.at:%H:%M:%S}  ")
    line.stylize("dim")
    line.append(f"{(record.call_id or record.line)[-6:]:<6}  ", style="cyan")
    line.append_text(_what(record.event))
    line.plain = printable(line.plain)
    return line


def _what(event: e.Event) -> Text:
    match event:
        case e.AgentSpoke() | e.TurnHeard() | e.Verdict() | e.CallerInterrupted():
            return _turn(event)
        case (
            e.TurnMissed()
            | e.TurnUnderstood()
            | e.LookupDone()
            | e.DtmfReceived()
            | e.OfferDeclined()
        ):
            return _step(event)
        case _ if event.type.startswith(("handover.", "consultation.", "refer.", "briefing.")):
            return _handover(event)
        case e.CallbackRequested(callback=left):
            how = {"call": "to be called back", "text": "to be answered in writing"}
            what = how.get(left.kind) or f"message “{left.text}”"
            of = f"{left.group}, from {left.number or 'a withheld number'}"
            return Text(f"left for {of}: {what} ({left.callback_id})", style="bold yellow")
        case e.CaseOpened(code=code, expires_at=until):
            return Text(f"case opened, code {code} until {until:%Y-%m-%d %H:%M}", style="cyan")
        case e.CaseContinued(case_id=case_id, known_by=by):
            return Text(f"goes on with {case_id}, known by {by}", style="cyan")
        case e.CustomerKnown(customer_id=customer_id):
            return Text(f"known as customer {customer_id}", style="cyan")
        case e.LinkOffered(number=number):
            return Text(f"link to write for {number}", style="cyan")
        case e.PersonWrote(text=text):
            return _said("person", text, "green")
        case e.CallbackClosed(callback_id=callback_id, by=by):
            return Text(f"{callback_id} closed{f' by {by}' if by else ''}", style="yellow")
        case _:
            return _call(event)


def _turn(event: e.Event) -> Text:
    match event:
        case e.TurnHeard(utterance=said):
            sure = f"  ({said.confidence:.0%} sure)" if said.confidence is not None else ""
            return _said("caller", said.text, "bold") + Text(sure, style="dim")
        case e.AgentSpoke(heard=heard, interrupted=cut, gap_s=gap):
            wait = f"  (after {gap * 1000:.0f} ms)" if gap is not None else ""
            end = " [interrupted]" if cut else ""
            return _said("agent", heard, "blue") + Text(end, style="yellow") + Text(wait, "dim")
        case e.Verdict():
            verdict = Text("verdict  ").append(event.action, style=_ACTION_STYLES[event.action])
            verdict.append(f"  understood {event.understood:.0%}")
            verdict.append(f"  anger {event.anger:.0%}", style="red" if event.anger >= 0.5 else "")
            return verdict.append(f"  {'; '.join(event.reasons)}", style="italic")
        case e.CallerInterrupted(start_s=start, stopped_s=stopped):
            took = (stopped - start) * 1000
            return Text(f"caller interrupts, agent silent after {took:.0f} ms", style="yellow")
    return Text(event.type)


def _step(event: e.Event) -> Text:
    match event:
        case e.TurnMissed(why=why):
            return Text(f"turn missed: {why}", style="yellow")
        case e.TurnUnderstood(understanding=found, slots=slots):
            entities = " ".join(f"{key}={value}" for key, value in found.entities.items())
            filled = " ".join(f"{key}={value}" for key, value in slots.items())
            parts = [f"means {found.intent or 'nothing known'} ({found.similarity:.2f})"]
            parts += [part for part in (entities, f"slots {filled}" if filled else "") if part]
            return Text("  ".join(parts), style="dim")
        case e.LookupDone(name=name, found=ok, took_s=took, error=error):
            result = error or ("found" if ok else "nothing found")
            return Text(f"look-up {name}: {result} in {took * 1000:.0f} ms", style="dim")
        case e.OfferDeclined():
            return Text("caller wants no person", style="dim")
        case e.DtmfReceived(digit=digit):
            return Text(f"caller pressed {digit}")
    return Text(event.type)


def _handover(event: e.Event) -> Text:
    match event:
        case e.HandoverRouted(route=route, left_out=left_out):
            return _routed(route, left_out)
        case e.HandoverStarted(reason=reason, topic=topic, targets=targets):
            who = ", ".join(targets)
            return Text(f"handover to {who} ({topic}): {reason}", style="bold magenta")
        case e.HandoverContextReady(context=context):
            return Text(f"context ready, {len(context.transcript)} lines", style="magenta")
        case e.ConsultationCalling(target=target, attempt=attempt):
            return Text(f"calling {target}, attempt {attempt}", style="magenta")
        case e.ConsultationRinging(target=target):
            return Text(f"{target} rings", style="magenta")
        case e.ConsultationAnswered(target=target):
            return Text(f"{target} answered", style="magenta")
        case e.ConsultationFailed(target=target, code=code, reason=reason):
            return Text(f"{target} not reached: {code} {reason}", style="red")
        case e.BriefingSpoken(text=text):
            return _said("briefing", text, "magenta")
        case e.ReferSent(target=target):
            return Text(f"REFER sent, caller to {target}", style="magenta")
        case e.ReferAnswered(code=code, final=final):
            return Text(f"transfer {code}{' final' if final else ''}", style="magenta")
        case e.HandoverCompleted(target=target):
            return Text(f"caller and {target} are connected", style="bold green")
        case e.HandoverBridged(target=target):
            return Text(f"{target} joined to the caller, agent in the path", style="bold green")
        case e.HandoverReturned(target=target, note=note):
            said = f": {note}" if note else ""
            return Text(f"{target} gave the caller back to the agent{said}", style="bold magenta")
        case e.HandoverMarked(mark=mark, reason=reason, turn=turn, by=by):
            parts = [
                f"marked {mark}",
                f"at turn {turn}" if turn else "",
                f"({reason})" if reason else "",
            ]
            return Text(
                " ".join(filter(None, [*parts, f"by {by}" if by else ""])), style="bold cyan"
            )
        case e.HandoverFailed(reason=reason):
            return Text(f"handover failed: {reason}", style="bold red")
    return Text(event.type)


def _routed(route: tuple[e.RoutedTo, ...], left_out: tuple[e.LeftOut, ...]) -> Text:
    line = Text("route    ", style="magenta")
    line.append("; then ".join(_because(to.person, to.reasons) for to in route) or "nobody is free")
    for entry in left_out:
        line.append(f"; not {entry.person}: {entry.why}", style="dim")
    return line


def _because(person: str, reasons: tuple[str, ...]) -> str:
    return f"{person} ({', '.join(reasons)})" if reasons else person


def _call(event: e.Event) -> Text:
    match event:
        case e.CallArrived(facts=facts):
            caller = facts.caller_number or facts.caller_uri or "unknown"
            return Text(f"call from {caller} to {facts.dialled}", style="bold")
        case e.CallRefused(code=code, reason=reason):
            return Text(f"refused: {code} {reason}", style="red")
        case e.CallAnswered():
            return Text("answered", style="bold")
        case e.CallerHeld():
            return Text("caller on hold", style="magenta")
        case e.CallerResumed():
            return Text("caller resumed", style="magenta")
        case e.CallerFlagged(anomaly=what, caller=caller, count=count, window_s=window):
            within = f"{count} in {window / 60:.0f} min"
            return Text(f"for review: {what} by {caller}, {within}", style="bold yellow")
        case e.PersonTalked(target=target, took_s=took):
            return Text(f"{target} talked for {took / 60:.1f} min", style="dim")
        case e.WebhookFailed(of=of, attempts=attempts, problem=problem):
            word = f"webhook has not taken {of} after {attempts} attempts: {problem}"
            return Text(word, style="bold red")
        case e.CallEnded(by=by, reason=reason, duration_s=duration):
            return Text(f"ended by {by} after {duration:.1f} s: {reason}", style="bold")
        case e.LineStarted(line=line, max_callers=callers):
            return Text(f"line {line} is up, {callers} callers at once", style="green")
        case e.LineDraining(line=line, calls=calls):
            return Text(f"line {line} admits nobody, {calls} calls left", style="yellow")
        case e.LineStopped(line=line):
            return Text(f"line {line} stopped", style="yellow")
        case e.SpeechLost(reason=reason):
            return Text(f"speech service lost: {reason}", style="bold red")
        case e.EngineChanged(engine=engine, before=before):
            return Text(f"recognition by {engine} instead of {before}", style="yellow")
    return Text(event.type)


def _said(who: str, text: str, style: str) -> Text:
    return Text(f"{who:<8} ").append(f"“{text}”", style=style)
