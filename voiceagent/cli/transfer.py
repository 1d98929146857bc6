"""`voiceagent transfer`: what the PBX makes of a handover."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from voiceagent import logs
from voiceagent.cli.options import settings_option
from voiceagent.config import ConfigError, Log, Way, load
from voiceagent.handoff.trying import Finding, Trial
from voiceagent.telephony.useragent import TelephonyError


@click.group()
def transfer() -> None:
    """Try what the PBX can do before callers depend on it."""


@transfer.command("try")
@click.argument("target")
@settings_option()
@click.option("--caller", default="", help="Who is called to be the caller; else call the agent.")
@click.option(
    "--way",
    type=click.Choice(["attended", "bridged"]),
    default="attended",
    show_default=True,
    help="How the caller gets to TARGET.",
)
@click.option("--wait", "wait_s", default=60.0, show_default=True, help="Seconds for the caller.")
def try_(target: str, settings: Path, caller: str, way: Way, wait_s: float) -> None:
    """Hand one caller over to TARGET, an extension or SIP URI, and say what to configure.

    Nothing else may use the agent's SIP port meanwhile. A TARGET that rings the agent itself
    shows whether the context headers arrive. Exit 1 if something does not work.
    """
    logs.configure(Log(level="error"))
    try:
        findings = asyncio.run(_try(target, settings, caller, way, wait_s))
    except (ConfigError, TelephonyError) as error:
        raise click.ClickException(str(error)) from error
    marks = {
        True: click.style("✓", fg="green"),
        False: click.style("✗", fg="red"),
        None: click.style("?", fg="yellow"),
    }
    for finding in findings:
        click.echo(f"{marks[finding.good]} {finding.what}: {finding.word}")
    if any(finding.good is False for finding in findings):
        sys.exit(1)


async def _try(target: str, settings: Path, caller: str, way: Way, wait_s: float) -> list[Finding]:
    trial = Trial(load(settings), target, lambda line: click.echo(f"  {line}"))
    return await trial.run(way, caller, wait_s)
