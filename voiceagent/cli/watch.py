"""`voiceagent watch` and `voiceagent calls`: what goes on, over the bus."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voiceagent.cli.broker import broker_options, mqtt_of, run_over_bus, understood
from voiceagent.cli.stored import open_store
from voiceagent.cli.tables import cells
from voiceagent.events import RECORD
from voiceagent.printable import printable, printable_json
from voiceagent.records.outcome import Outcome, outcome
from voiceagent.supervision.address import Address
from voiceagent.supervision.asked import payload_of
from voiceagent.supervision.bus import follow, retained
from voiceagent.supervision.render import render
from voiceagent.supervision.states import CallState, LineState
from voiceagent.supervision.topics import Topics

_SHOWN = 500
"""Bytes that are shown of a message that is none of ours."""


@click.command()
@click.argument("call_id", required=False)
@broker_options
def watch(call_id: str | None, settings: Path | None, url: str, as_json: bool) -> None:
    """Show events as they happen, of all calls or of CALL_ID, with what callers say."""
    mqtt = mqtt_of(settings)
    topics = Topics(mqtt.topic_root)
    console = Console(soft_wrap=True)

    async def show() -> None:
        async for message in follow(Address.of(mqtt, url), [topics.events(call_id)], _lost):
            payload = payload_of(message)
            if as_json:
                click.echo(printable_json(payload.decode(errors="replace")))
            else:
                console.print(_line(payload))

    run_over_bus(show)


@click.command()
@click.option("--recorded", is_flag=True, help="The newest 100 calls in the store instead.")
@broker_options
def calls(recorded: bool, settings: Path | None, url: str, as_json: bool) -> None:
    """List the live calls, or the recorded ones with what became of them."""
    if recorded:
        return _recorded(settings, as_json)
    mqtt = mqtt_of(settings)
    topics = Topics(mqtt.topic_root)

    async def show() -> None:
        lines, live = await _snapshot(Address.of(mqtt, url), topics)
        live = [call for call in live if lines.get(call.line) != "lost"]
        if as_json:
            for call in live:
                click.echo(call.model_dump_json())
        elif live:
            Console().print(_table(live))
        else:
            click.echo("no calls")

    run_over_bus(show)


def _recorded(settings: Path | None, as_json: bool) -> None:
    with open_store(settings, None) as store:
        found = [outcome(store.events(call.call_id)) for call in store.calls()]
    if as_json:
        for call in found:
            click.echo(call.model_dump_json())
    elif found:
        Console().print(_past(found))
    else:
        click.echo("no calls")


async def _snapshot(address: Address, topics: Topics) -> tuple[dict[str, str], list[CallState]]:
    lines: dict[str, str] = {}
    live: list[CallState] = []
    for message in await retained(address, [topics.line_states(), topics.call_states()]):
        if message.topic.matches(topics.line_states()):
            if line := understood(LineState, message):
                lines[line.line] = line.state
        elif call := understood(CallState, message):
            live.append(call)
    return lines, sorted(live, key=lambda call: call.started_at)


def _line(payload: bytes) -> Text:
    try:
        # A newer line may send fields that this program does not know.
        return render(RECORD.validate_json(payload, extra="ignore"))
    except ValidationError:
        told = payload[:_SHOWN].decode(errors="replace")
        return Text(printable(f"not understood: {told}"), style="dim")


def _table(live: list[CallState]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("call", "line", "caller", "for", "phase", "turns", "anger", "person"):
        table.add_column(heading)
    now = datetime.now(UTC)
    for call in live:
        table.add_row(
            *cells(
                call.call_id,
                call.line,
                call.caller,
                f"{(now - call.started_at).total_seconds():.0f} s",
                call.phase,
                str(call.turns),
                "" if call.anger is None else f"{call.anger:.0%}",
                call.target or "",
            )
        )
    return table


def _past(found: list[Outcome]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("call", "started", "caller", "turns", "handed over", "person", "mark"):
        table.add_column(heading)
    for call in found:
        mark = call.mark
        table.add_row(
            *cells(
                call.call_id,
                f"{call.started_at:%Y-%m-%d %H:%M}",
                call.caller,
                str(call.turns),
                "" if call.handed_over is None else f"at turn {call.handed_over}",
                call.person,
                "" if mark is None else f"{mark.mark}{f' ({mark.reason})' if mark.reason else ''}",
            )
        )
    return table


def _lost(problem: str) -> None:
    click.echo(f"{problem}: trying again", err=True)
