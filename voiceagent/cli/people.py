"""`voiceagent people`: who can be called, and who is away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
from rich.console import Console
from rich.table import Table

from voiceagent.cli.broker import broker_options, mqtt_of, run_over_bus, understood
from voiceagent.cli.options import read
from voiceagent.cli.tables import cells
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import retained
from voiceagent.supervision.states import Availability, PersonState, StaffState
from voiceagent.supervision.topics import Topics


@click.group(invoke_without_command=True)
@broker_options
@click.pass_context
def people(context: click.Context, settings: Path | None, url: str, as_json: bool) -> None:
    """List the people that the lines can call, as each line sees them."""
    if context.invoked_subcommand is not None:
        return
    mqtt = mqtt_of(settings)

    async def show() -> None:
        lines = await _seen(Address.of(mqtt, url), Topics(mqtt.topic_root))
        if as_json:
            for line in lines:
                click.echo(line.model_dump_json())
        elif lines:
            Console().print(_table(lines))
        else:
            click.echo("no line tells of people")

    run_over_bus(show)


@people.command("set")
@click.argument("name")
@click.argument("state", type=click.Choice(["away", "ready"]))
@click.option("--by", default="", help="Who says so.")
@broker_options
def set_(
    name: str,
    state: Literal["away", "ready"],
    by: str,
    settings: Path | None,
    url: str,
    as_json: bool,
) -> None:
    """Say that NAME, a person of the settings or a target, is away or ready."""
    mqtt = mqtt_of(settings)
    people = read(settings).people if settings else ()
    targets = {person.name: person.target for person in people}
    target = targets.get(name, name)
    known = {*targets, *targets.values()}
    if targets and name not in known:
        raise click.ClickException(
            f"{name}: is no person of {settings}: {', '.join(sorted(targets))}"
        )
    said = Availability(person=name, state=state, by=by, at=datetime.now(UTC))

    async def tell() -> None:
        topic = Topics(mqtt.topic_root).availability(target)
        async with Address.of(mqtt, url).client("people") as client:
            await client.publish(topic, said.model_dump_json(), qos=1, retain=True)
        click.echo(said.model_dump_json() if as_json else f"{name}: {state}")

    run_over_bus(tell)


async def _seen(address: Address, topics: Topics) -> list[StaffState]:
    found = {}
    for message in await retained(address, [topics.staffs()]):
        if line := understood(StaffState, message):
            found[line.line] = line
    return [found[name] for name in sorted(found)]


def _table(lines: list[StaffState]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("person", "target", "line", "state", "calls"):
        table.add_column(heading)
    for line in lines:
        for entry in line.people:
            calls = str(entry.calls) if entry.calls else ""
            table.add_row(*cells(entry.person, entry.target, line.line, _state(entry), calls))
    return table


def _state(entry: PersonState) -> str:
    if entry.away:
        return f"away{f', says {entry.away_by}' if entry.away_by else ''}"
    if not entry.at_work:
        return "does not work now"
    if entry.presence == "unwatched":
        return "ready"
    return f"{entry.presence}{f' ({entry.told})' if entry.told else ''}"
