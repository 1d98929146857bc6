"""`voiceagent explain`: a call's turns with the verdicts, as text and as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from voiceagent.cli.options import output_option
from voiceagent.cli.stored import events_of, open_store, store_options
from voiceagent.records import transcript
from voiceagent.records.picture import picture


@click.command()
@click.argument("call_id", metavar="CALL")
@output_option("Write a picture of the curves over time to this file (SVG).")
@store_options
def explain(call_id: str, output: Path | None, settings: Path | None, store: Path | None) -> None:
    """Show what was said in CALL, and what was decided by which figures and why."""
    if output is not None and output.suffix.lower() != ".svg":
        raise click.BadParameter(
            f"{output} is no SVG: let the name end in .svg", param_hint="--output"
        )
    with open_store(settings, store) as opened:
        records = events_of(opened, call_id)
    click.echo(transcript.as_text(records, detail=True), nl=False)
    if output is not None:
        try:
            output.write_text(picture(records), encoding="utf-8")
        except OSError as error:
            raise click.ClickException(
                f"{output}: cannot be written ({error.strerror}): check the folder and its rights"
            ) from error
