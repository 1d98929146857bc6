"""`voiceagent mark`: what a person says of a handover afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import get_args

import click

from voiceagent.cli.stored import open_store, store_options
from voiceagent.events import Mark, MarkReason
from voiceagent.records.marks import MarkError, MarkRequest, mark as keep


@click.command()
@click.argument("call_id", metavar="CALL")
@click.argument("mark", type=click.Choice(get_args(Mark)))
@click.option("--reason", type=click.Choice(get_args(MarkReason)), help="The real reason.")
@click.option(
    "--turn",
    type=click.IntRange(min=1),
    help="The caller's turn at which the handover would have been right.",
)
@click.option("--by", default="", help="Who says so.")
@store_options
def mark(
    call_id: str,
    mark: Mark,
    reason: MarkReason | None,
    turn: int | None,
    by: str,
    settings: Path | None,
    store: Path | None,
) -> None:
    """Mark the handover of CALL as needed, too late or not needed.

    `should-have-been` marks a call that nobody was handed and somebody should have been;
    `not-needed` on such a call says that this was right. The last mark counts.
    """
    try:
        request = MarkRequest(mark=mark, reason=reason, turn=turn, by=by)
        with open_store(settings, store) as opened:
            keep(opened, call_id, request)
    except MarkError as error:
        raise click.ClickException(str(error)) from error
    except sqlite3.Error as error:
        raise click.ClickException(f"the mark was not kept: {error}: try again") from error
    click.echo(f"{call_id}: {mark}")
