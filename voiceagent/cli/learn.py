"""`voiceagent learn`: refit the policy on what people have marked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from voiceagent.cli.options import read, settings_option
from voiceagent.cli.stored import open_store
from voiceagent.dialogue.loader import DialplanError, load
from voiceagent.learning.fit import UNITS, TooFewMarks, Trial, learn as refit
from voiceagent.learning.marked import Prices, examples
from voiceagent.learning.policies import PolicyError
from voiceagent.learning.versions import VersionError, Versions

_PRICE = click.FloatRange(min=0, min_open=True)


@click.command()
@settings_option("Settings (TOML) that name dialplan, store and policies.")
@click.option(
    "--price-missed", type=_PRICE, default=4.0, show_default=True, help="A caller never got one."
)
@click.option(
    "--price-late", type=_PRICE, default=2.0, show_default=True, help="A caller got one too late."
)
@click.option(
    "--price-needless", type=_PRICE, default=1.0, show_default=True, help="A person for nothing."
)
@click.option("--list", "listing", is_flag=True, help="List the versions.")
@click.option("--use", "version", help="Use this version from the next start on.")
@click.option("--back", is_flag=True, help="Use the version that was in use before.")
def learn(
    settings: Path,
    price_missed: float,
    price_late: float,
    price_needless: float,
    listing: bool,
    version: str | None,
    back: bool,
) -> None:
    """Refit the policy's thresholds and weights on the marked calls, as a new version.

    It is tried on calls held out, and kept only where they cost less. Nothing changes by itself:
    a line uses the version that was chosen by --use when it starts.
    """
    if sum((listing, version is not None, back)) > 1:
        raise click.UsageError("take one of --list, --use and --back")
    try:
        config = read(settings)
        versions = Versions(config.learning.policies, load(config.dialplan).escalation)
        if listing:
            _list(versions)
        elif version is not None:
            versions.use(version)
            click.echo(f"{version} is used from the next start of a line on")
        elif back:
            click.echo(f"{versions.back()} is used from the next start of a line on")
        else:
            _learn(settings, versions, Prices(price_missed, price_needless, price_late))
    except (DialplanError, PolicyError, TooFewMarks, VersionError) as error:
        raise click.ClickException(str(error)) from error


def _list(versions: Versions) -> None:
    in_use = versions.in_use()
    for name in versions.names():
        click.echo(f"{'*' if name == in_use else ' '} {name:<8}  {versions.about(name)}")


def _learn(settings: Path, versions: Versions, prices: Prices) -> None:
    with open_store(settings, None) as store:
        found, left_out = examples(store.events(call_id) for call_id in store.marked())
    for reason in left_out:
        click.echo(f"left out: {reason}", err=True)
    now = versions.limits(versions.in_use())
    trial = refit(found, now, versions.own, prices)
    Console().print(_figures(trial, prices))
    moved = [
        f"{name} {getattr(now, name):g} → {getattr(trial.limits, name):g}"
        for name in UNITS
        if getattr(now, name) != getattr(trial.limits, name)
    ]
    before, after = trial.before.cost(prices), trial.after.cost(prices)
    if not moved or after >= before:
        why = "nothing has to move" if not moved else "held-out calls cost no less"
        click.echo(f"{why}: no new version")
        return
    about = (
        f"learned on {date.today():%Y-%m-%d} from {len(found)} marked calls, after "
        f"{versions.in_use()}; held-out cost a call {before:.3f} → {after:.3f}"
    )
    name = versions.save(trial.limits, about)
    click.echo(
        f"{', '.join(moved)}\nkept as version {name}; to use it: voiceagent learn --use {name}"
    )


def _figures(trial: Trial, prices: Prices) -> Table:
    table = Table(
        box=None, header_style="bold", title="on held-out calls, by the marks", title_justify="left"
    )
    headings = ("", "in time", "late", "missed", "needless", "offered in vain")
    for heading in (*headings, "precision", "recall", "cost a call"):
        table.add_column(heading)
    for name, score in (("before", trial.before), ("after", trial.after)):
        in_time = sum(found == "right" and needed for found, needed in score.results)
        table.add_row(
            name,
            str(in_time),
            *(str(score.count(kind)) for kind in ("late", "missed", "needless", "offered")),
            f"{score.precision:.2f}",
            f"{score.recall:.2f}",
            f"{score.cost(prices):.3f}",
        )
    return table
