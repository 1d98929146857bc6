"""The settings of what is published, kept, learned, watched and logged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from voiceagent.config.section import Section


class Mqtt(Section):
    """The bus."""

    url: str = ""
    """Broker as mqtt://user:password@host:1883 or mqtts://…; left out: the embedded broker."""
    embedded_address: str = "127.0.0.1:1883"
    """Where the embedded broker listens; port 0 takes a free one."""
    ca_file: Path | None = None
    """CA certificate for mqtts."""
    topic_root: str = "voiceagent/v1"
    """First levels of every topic."""


class Records(Section):
    """What is kept."""

    path: Path = Path("voiceagent.db")
    """SQLite file of all events."""
    recordings: Path | None = None
    """Folder for two-channel recordings (left caller, right agent); left out: none are made."""


class Learning(Section):
    """What is learned from marks."""

    policies: Path = Path("policies")
    """Folder of the versions of the policy that `voiceagent learn` keeps, and of which is in use;
    while there is none, the dialplan's own section is."""


class Review(Section):
    """What is flagged for a security review (`caller.flagged`); nothing is ever blocked."""

    window_min: Annotated[float, Field(gt=0, le=1440)] = 30.0
    """Minutes within which things are counted."""
    many_calls: Annotated[int, Field(ge=2)] = 6
    """Calls from one number."""
    failed_checks: Annotated[int, Field(ge=1)] = 4
    """Identity checks that failed, over all calls of a number: look-ups with `identity_check` that
    found nothing."""
    tried_values: Annotated[int, Field(ge=2)] = 6
    """Different values given for one slot, over all calls of a number."""


class Log(Section):
    """What is logged. No caller's words below debug."""

    format: Literal["console", "json"] = "console"
    """Lines for people or JSON for machines."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""
