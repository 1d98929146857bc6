"""The store of events, as commands that look at past calls are told where it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from voiceagent.cli.options import FILE, Command, read, settings_option
from voiceagent.events import Record
from voiceagent.records.store import Store, StoreError


def store_options(command: Command) -> Command:
    """The options that `open_store` takes: ``settings`` and ``store``."""
    of_settings = settings_option("Settings (TOML) that name the store.", required=False)
    of_store = click.option("--store", type=FILE, help="The store, over the settings.")
    return of_settings(of_store(command))


def open_store(settings: Path | None, store: Path | None) -> Store:
    """Open the store that the options name."""
    try:
        config = read(settings) if settings else None
        if store is None:
            if config is None:
                raise click.UsageError("name the settings with -c FILE, or the store with --store")
            store = config.records.path
        if not store.exists():
            raise click.ClickException(
                f"{store}: there is no such store: check records.path, or name another by --store"
            )
        return Store(store, config.webhook.wants) if config else Store(store)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def events_of(store: Store, call_id: str) -> list[Record]:
    """The records of a call that has to be there."""
    records = store.events(call_id)
    if not records:
        raise click.ClickException(
            f"call {call_id}: is not in {store.path}: "
            "`voiceagent calls --recorded` lists those that are"
        )
    return records


def calls_asked_for(store: Store, call_ids: Sequence[str], every: bool) -> list[list[Record]]:
    """The records of the calls that were named, or of all, the oldest first."""
    if bool(call_ids) == every:
        raise click.UsageError("name calls, or --all of them")
    if every:
        call_ids = [call.call_id for call in reversed(store.calls(limit=1_000_000))]
    return [events_of(store, call_id) for call_id in call_ids]
