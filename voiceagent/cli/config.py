"""`voiceagent config`: every setting, with its meaning."""

from __future__ import annotations

from pathlib import Path

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from voiceagent.config import Config


@click.command("config")
def show_config() -> None:
    """Print every setting with its meaning and default, as a TOML file to begin with."""
    fields = Config.model_fields
    sections = {name: kind for name, field in fields.items() if (kind := _section(field))}
    # In TOML, what belongs to no table stands before the first one.
    for name, field in fields.items():
        if name not in sections:
            _print_field(name, field)
    for name, section in sections.items():
        click.echo(f"\n[{name}]  # {section.__doc__}")
        for key, field in section.model_fields.items():
            _print_field(key, field)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _print_field(name: str, field: FieldInfo) -> None:
    for line in (field.description or "").splitlines():
        click.echo(f"# {line}")
    default = field.get_default(call_default_factory=True)
    click.echo(f"{name} = {_toml(default)}" if _is_value(default) else f"# {name} =")


def _is_value(value: object) -> bool:
    return isinstance(value, (bool, int, float, str, Path, tuple, dict))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
