"""`voiceagent vcon`: a call as one file that other programs can read."""

from __future__ import annotations

from pathlib import Path

import click

from voiceagent.cli.options import output_option
from voiceagent.cli.stored import events_of, open_store, store_options
from voiceagent.printable import printable_json
from voiceagent.records.conversation_file import as_vcon


@click.command()
@click.argument("call_id", metavar="CALL")
@output_option("Write it to this file; left out: to standard output.")
@click.option(
    "--recording",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Put this recording (WAV, left the caller, right the agent) into it.",
)
@store_options
def vcon(
    call_id: str,
    output: Path | None,
    recording: Path | None,
    settings: Path | None,
    store: Path | None,
) -> None:
    """Write CALL as a vCon (draft-ietf-vcon-vcon-core-04): parties, dialogs, transfers, what was
    said, decided and handed over."""
    with open_store(settings, store) as opened:
        records = events_of(opened, call_id)
    try:
        wav = recording.read_bytes() if recording else b""
        text = as_vcon(records, wav).as_json()
        if output is None:
            click.echo(printable_json(text))
        else:
            output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"{error.filename}: {error.strerror}: check the file, its folder and their rights"
        ) from error
    except ValueError as error:
        raise click.ClickException(f"call {call_id}: {error}") from error
