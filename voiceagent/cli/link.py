"""`voiceagent link`: a link to write beside a call, for its caller."""

from __future__ import annotations

from pathlib import Path

import click

from voiceagent.cli.broker import broker_options, mqtt_of, run_over_bus
from voiceagent.supervision.address import Address
from voiceagent.supervision.links import LinkError, ask_for_link
from voiceagent.supervision.topics import Topics


@click.command()
@click.argument("call_id", metavar="CALL")
@click.option("--by", default="", help="Who says so.")
@broker_options
def link(call_id: str, by: str, settings: Path | None, url: str, as_json: bool) -> None:
    """Send the caller of CALL, which goes on, a link to a page where they can write."""
    mqtt = mqtt_of(settings)

    async def ask() -> None:
        address, topics = Address.of(mqtt, url), Topics(mqtt.topic_root)
        try:
            offered = await ask_for_link(address, topics, call_id, by)
        except LinkError as error:
            raise click.ClickException(str(error)) from error
        told = f"{call_id}: a link goes to {offered.number}"
        click.echo(offered.model_dump_json(exclude={"url"}) if as_json else told)

    run_over_bus(ask)
