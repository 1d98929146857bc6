"""`voiceagent replay`: what another policy would have decided on recorded calls."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voiceagent.cli.options import FILE, json_option
from voiceagent.cli.stored import calls_asked_for, open_store, store_options
from voiceagent.learning import policies
from voiceagent.learning.replay import Replay, Step, replay as decide_again
from voiceagent.records.outcome import Outcome


@click.command()
@click.argument("call_ids", nargs=-1, metavar="CALL...")
@click.option(
    "--policy",
    required=True,
    type=FILE,
    help="A dialplan, or a file with what stands in its escalation section.",
)
@click.option("--all", "every", is_flag=True, help="All recorded calls.")
@click.option("--changed", is_flag=True, help="Only the turns that are decided otherwise.")
@json_option("Print a line of JSON for each call.")
@store_options
def replay(
    call_ids: tuple[str, ...],
    policy: Path,
    every: bool,
    changed: bool,
    as_json: bool,
    settings: Path | None,
    store: Path | None,
) -> None:
    """Decide recorded calls again by another policy, turn by turn.

    The detectors' findings are taken from the record; only thresholds and weights differ. A call
    is followed until the other policy would have handed it over.
    """
    try:
        limits = policies.read(policy)
    except policies.PolicyError as error:
        raise click.ClickException(str(error)) from error
    with open_store(settings, store) as opened:
        found = [decide_again(r, limits) for r in calls_asked_for(opened, call_ids, every)]
    console = Console(highlight=False)
    for one in found:
        if as_json:
            click.echo(json.dumps(_as_json(one)))
        else:
            _show(console, one, changed)
    if not as_json:
        console.print(_summary(found))


def _show(console: Console, one: Replay, changed: bool) -> None:
    steps = [step for step in one.steps if step.changed or not changed]
    if steps or not changed:
        console.print(Text(f"{one.call.call_id}: {_change(one)}", style="bold"))
    if steps:
        console.print(_table(steps))
    for lack in one.lacks if steps else ():
        console.print(Text(f"  {lack}", style="dim"))


def _table(steps: list[Step]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("turn", "at", "caller", "understood", "anger", "wish", "before", "after", "by"):
        table.add_column(heading)
    for step in steps:
        before = step.before
        table.add_row(
            str(step.turn),
            f"{step.t_s:.1f} s",
            Text(step.text or "–"),
            f"{before.understood:.0%}",
            _moved(before.anger, step.anger),
            f"{before.wish_for_person:.0%}",
            before.action,
            Text(step.after.action, style="bold yellow" if step.changed else ""),
            step.after.cause,
        )
    return table


def _moved(before: float, after: float) -> str:
    same = abs(before - after) < 0.005
    return f"{before:.0%}" if same else f"{before:.0%} → {after:.0%}"


def _change(one: Replay) -> str:
    before = _when(one.call)
    after = one.handed_over
    if after is not None:
        return f"{before}; by this policy at turn {after}"
    offered = one.offered
    rest = f"a person offered at turn {offered}" if offered is not None else "never"
    if one.call.handed_over is not None:
        rest += ", and what the caller would have said next is not known"
    return f"{before}; by this policy {rest}"


def _when(call: Outcome) -> str:
    if call.handed_over is None:
        return "never handed over"
    return f"handed over at turn {call.handed_over}"


def _summary(found: list[Replay]) -> str:
    kinds = Counter(_kind(one) for one in found)
    steps = [step for one in found for step in one.steps]
    return (
        f"{len(found)} calls, {len(steps)} turns, {sum(step.changed for step in steps)} decided "
        f"otherwise; handed over before {sum(o.call.handed_over is not None for o in found)}, "
        f"now {sum(o.handed_over is not None for o in found)}: "
        + ", ".join(f"{kinds[kind]} {kind}" for kind in _KINDS)
    )


_KINDS = ("as before", "earlier", "later", "new", "no longer")


def _kind(one: Replay) -> str:
    before, after = one.call.handed_over, one.handed_over
    if before == after:
        return "as before"
    if after is None:
        # What was decided outside the policy, such as by the caller's yes to an offer.
        return "no longer" if one.offered is None else "as before"
    if before is None:
        return "new"
    return "earlier" if after < before else "later"


def _as_json(one: Replay) -> dict[str, object]:
    return {
        "call_id": one.call.call_id,
        "handed_over": {"before": one.call.handed_over, "after": one.handed_over},
        "offered": one.offered,
        "turns": [
            {
                "turn": step.turn,
                "before": step.before.action,
                "after": step.after.action,
                "cause": step.after.cause,
                "anger": {"before": round(step.before.anger, 3), "after": round(step.anger, 3)},
            }
            for step in one.steps
        ],
        "lacks": one.lacks,
    }
