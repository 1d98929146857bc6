"""The door: `voiceagent` on the command line. One file a group of commands."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "run": ("voiceagent.cli.run", "run"),
    "check": ("voiceagent.cli.check", "check"),
    "config": ("voiceagent.cli.config", "show_config"),
    "calls": ("voiceagent.cli.watch", "calls"),
    "people": ("voiceagent.cli.people", "people"),
    "callbacks": ("voiceagent.cli.callbacks", "callbacks"),
    "watch": ("voiceagent.cli.watch", "watch"),
    "link": ("voiceagent.cli.link", "link"),
    "mark": ("voiceagent.cli.mark", "mark"),
    "replay": ("voiceagent.cli.replay", "replay"),
    "learn": ("voiceagent.cli.learn", "learn"),
    "explain": ("voiceagent.cli.explain", "explain"),
    "vcon": ("voiceagent.cli.vcon", "vcon"),
    "analyze": ("voiceagent.cli.analyze", "analyze"),
    "simulate": ("voiceagent.cli.simulate", "simulate"),
    "say": ("voiceagent.cli.say", "say"),
    "transfer": ("voiceagent.cli.transfer", "transfer"),
    "dialplan": ("voiceagent.cli.dialplan", "dialplan"),
    "models": ("voiceagent.cli.models", "models"),
}


class _Lazy(click.Group):
    """Imports a command's module only when the command is asked for: some load models."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="voiceagent")
def main() -> None:
    """The phone agent that knows when to hand you to a person."""
