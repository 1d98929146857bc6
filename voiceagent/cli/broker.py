"""The bus, as commands that go over it are told where it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiomqtt
import click
from pydantic import BaseModel, ValidationError

from voiceagent.cli.options import Command, json_option, read, settings_option
from voiceagent.config import ConfigError, Mqtt
from voiceagent.printable import printable
from voiceagent.supervision.asked import payload_of
from voiceagent.supervision.bus import BusError

_State = TypeVar("_State", bound=BaseModel)


def broker_options(command: Command) -> Command:
    """The options ``settings`` and ``url``, and ``as_json``."""
    of_settings = settings_option("Settings (TOML) that name the broker.", required=False)
    of_url = click.option(
        "--url", default="", help="Broker as mqtt://host:1883, over the settings."
    )
    return of_settings(of_url(json_option()(command)))


def mqtt_of(settings: Path | None) -> Mqtt:
    """Where the broker is by the settings, or by default."""
    return read(settings).mqtt if settings else Mqtt()


def run_over_bus(command: Callable[[], Awaitable[None]]) -> None:
    """Run what goes over the bus; what is wrong with that becomes the command's complaint."""

    async def main() -> None:
        await command()

    try:
        asyncio.run(main())
    except BusError as error:
        raise click.ClickException(
            f"{error}: is voiceagent running? -c FILE or --url names another broker"
        ) from error
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def understood(kind: type[_State], message: aiomqtt.Message) -> _State | None:
    """What a message says; one that says nothing we know is named, and left out."""
    try:
        # A newer line may send fields that this program does not know.
        return kind.model_validate_json(payload_of(message), extra="ignore")
    except ValidationError:
        topic = printable(message.topic.value)
        click.echo(f"{topic}: not understood, left out: publish nothing there", err=True)
        return None
