"""`voiceagent callbacks`: who wants to be called back, and which messages were left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from voiceagent.cli.options import json_option
from voiceagent.cli.stored import open_store, store_options
from voiceagent.cli.tables import cells
from voiceagent.events import Callback, Record
from voiceagent.printable import printable_json
from voiceagent.records.callbacks import CallbackError, close, left


@click.command()
@click.option("--close", "closing", metavar="ID", help="This one has been taken care of.")
@click.option("--by", default="", help="Who says so.")
@click.option("--all", "every", is_flag=True, help="Also those that are closed.")
@json_option("Print JSON lines, with the whole context.")
@store_options
def callbacks(
    closing: str | None,
    by: str,
    every: bool,
    as_json: bool,
    settings: Path | None,
    store: Path | None,
) -> None:
    """List the callbacks and messages that nobody has taken care of, or close one."""
    try:
        with open_store(settings, store) as opened:
            if closing is not None:
                closed = close(opened, closing, by)
                click.echo(f"{closed.callback_id}: closed")
                return
            found = [entry for entry in left(opened) if every or entry[2] is None]
    except CallbackError as error:
        raise click.ClickException(str(error)) from error
    except sqlite3.Error as error:
        raise click.ClickException(f"{error}: try again") from error
    if as_json:
        for _, callback, _ in found:
            click.echo(printable_json(callback.model_dump_json()))
    elif found:
        Console(soft_wrap=True).print(_table(found))
    else:
        click.echo("no callbacks")


def _table(found: list[tuple[Record, Callback, Record | None]]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("id", "left at", "for", "number", "what", "why"):
        table.add_column(heading)
    for _, callback, closing in found:
        message = f"“{callback.text}” {callback.recording}".strip()
        kinds = {"call": "call back", "text": f"answer in writing {message}"}
        what = kinds.get(callback.kind, message)
        table.add_row(
            *cells(
                callback.callback_id,
                f"{callback.left_at:%Y-%m-%d %H:%M}",
                callback.group,
                callback.number or "withheld",
                f"{what} (closed)" if closing else what,
                callback.context.summary,
            )
        )
    return table
