"""Options that many commands take alike, and the settings that one of them names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from voiceagent.config import Config, ConfigError, load

Command = Callable[..., None]
FILE = click.Path(path_type=Path, dir_okay=False)


def settings_option(
    help: str = "The settings, a TOML file.", *, required: bool = True
) -> Callable[[Command], Command]:
    """The option ``-c``; the command gets its path, or None, as `settings`."""
    return click.option("-c", "--config", "settings", required=required, type=FILE, help=help)


def output_option(help: str, *, required: bool = False) -> Callable[[Command], Command]:
    """The option ``-o``; the command gets its path, or None, as `output`."""
    return click.option("-o", "--output", required=required, type=FILE, help=help)


def json_option(help: str = "Print JSON lines.") -> Callable[[Command], Command]:
    """The option ``--json``; the command gets whether it was given as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def read(settings: Path) -> Config:
    """The settings of a file, or the complaint about them as the command's own."""
    try:
        return load(settings)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
