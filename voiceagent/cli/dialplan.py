"""`voiceagent dialplan`: check dialplans, and talk to one by text."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.markup import escape

from voiceagent.course import prepared
from voiceagent.deciding import Decider
from voiceagent.dialogue.loader import DialplanError, load
from voiceagent.dialogue.lookup import look_up
from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import Reply
from voiceagent.dialogue.understanding import Understander
from voiceagent.escalation.judge import Judge
from voiceagent.escalation.prototypes import Prototypes
from voiceagent.events import CallFacts, Understanding, Utterance, Verdict
from voiceagent.sense import Sense
from voiceagent.speech.embedding import LocalEmbedder, SentenceEmbedder
from voiceagent.speech.models import EMBEDDING_MODEL, ModelError, locate

_FILE = click.Path(path_type=Path)


@click.group()
def dialplan() -> None:
    """Check a dialplan, or talk to it by text."""


@dialplan.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
def check(files: tuple[Path, ...]) -> None:
    """Name everything that is wrong with dialplans, each with file, line and mend."""
    wrong = 0
    for file in files:
        try:
            plan = load(file)
        except DialplanError as error:
            wrong += len(error.problems)
            for problem in error.problems:
                click.echo(problem)
        else:
            click.echo(f"{file}: ok ({_counts(plan)})")
    if wrong:
        click.echo(f"{wrong} problem{'s' if wrong > 1 else ''}", err=True)
        sys.exit(1)


def _counts(plan: Dialplan) -> str:
    counts = {
        "intent": len(plan.intents),
        "example": sum(len(intent.examples) for intent in plan.intents.values()),
        "slot": len(plan.slots),
        "look-up": len(plan.lookups),
        "topic": len(plan.topics),
    }
    return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items())


@dialplan.command(name="try")
@click.argument("file", type=_FILE)
def try_(file: Path) -> None:
    """Talk to a dialplan by text: a line is a turn, an empty line is silence.

    Shows what was understood and what the policy decides. Ends with the agent's goodbye, a
    handover, or the end of the input.
    """
    try:
        plan = load(file)
        embedder = LocalEmbedder(SentenceEmbedder(locate(EMBEDDING_MODEL)))
    except (DialplanError, ModelError) as error:
        raise click.ClickException(str(error)) from error
    asyncio.run(_talk(plan, embedder, Console(highlight=False, soft_wrap=True)))


async def _talk(plan: Dialplan, embedder: LocalEmbedder, console: Console) -> None:
    understander, prototypes = await prepared(plan, embedder, embedder)
    async with httpx.AsyncClient() as client:
        await _Talk(plan, understander, prototypes, client, console).run()


class _Talk:
    def __init__(
        self,
        plan: Dialplan,
        understander: Understander,
        prototypes: Prototypes,
        client: httpx.AsyncClient,
        console: Console,
    ) -> None:
        self._plan = plan
        self._understander = understander
        self._client = client
        self._console = console
        self._manager = DialogueManager(plan, CallFacts(caller_number="tester"), date.today())
        self._judge = Judge(plan.escalation, prototypes, plan.language)
        self._decider = Decider(plan, self._manager, self._judge)
        self._turn = 0

    async def run(self) -> None:
        reply = self._manager.greet()
        while await self._speak(reply):
            line = self._read()
            if line is None:
                return
            reply = await self._answer(line)

    async def _speak(self, reply: Reply) -> bool:
        """Print a reply and do what it asks for; False when the dialogue is over."""
        self._console.print(f"[bold]agent[/]   {escape(reply.say)}")
        if reply.lookup:
            result = await look_up(reply.lookup, self._plan, self._client)
            outcome = result.error or ("found" if result.found else "not found")
            self._note(f"look-up {result.name}: {outcome} in {result.took_s * 1000:.0f} ms")
            if result.found:
                self._judge.progressed()
            return await self._speak(self._manager.lookup_done(result))
        if reply.handover:
            targets = " then ".join(self._plan.targets_for(reply.handover.topic))
            self._note(f"handover to {targets}: {reply.handover.reason}")
            self._note(self._manager.summary())
            return False
        return not reply.end

    def _read(self) -> str | None:
        if sys.stdin.isatty():
            self._console.print("[bold]caller[/]  ", end="")
        line = sys.stdin.readline()
        if line and not sys.stdin.isatty():
            self._console.print(f"[bold]caller[/]  {escape(line.strip() or '(silence)')}")
        return line.strip() if line else None

    async def _answer(self, line: str) -> Reply:
        self._turn += 1
        if not line:
            decided = self._decider.missed(self._turn, "no-input")
            self._note(_decision(decided.verdict))
            return decided.reply
        meaning, vector = await self._understander.understand(line, self._manager.expecting)
        sense = Sense(meaning, vector, measures=None)
        decided = self._decider.turn(self._turn, Utterance(text=line), sense)
        self._note(_meaning(meaning))
        self._note(_decision(decided.verdict))
        self._note(", ".join(f"{name} = {value}" for name, value in self._manager.slots.items()))
        return decided.reply

    def _note(self, text: str) -> None:
        if text:
            self._console.print(f"        [dim]{escape(text)}[/]")


def _meaning(meaning: Understanding) -> str:
    near = f"{meaning.intent or 'no intent'} {meaning.similarity:.2f}, lead {meaning.margin:.2f}"
    values = [f"{kind} {value}" for kind, value in meaning.entities.items()]
    topics = [f"topic {name} {p:.2f}" for name, p in meaning.topics.items() if p >= 0.1]
    return "; ".join([near, *values, *topics])


def _decision(verdict: Verdict) -> str:
    reasons = f": {'; '.join(verdict.reasons)}" if verdict.reasons else ""
    return f"{verdict.action}, understood {verdict.understood:.2f}{reasons}"
