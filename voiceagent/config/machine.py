"""All settings of one machine, and the environment as a source of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from voiceagent.config.handover import Handover
from voiceagent.config.people import Group, Person, Routing, Waiting, problems
from voiceagent.config.records import Learning, Log, Mqtt, Records, Review
from voiceagent.config.sip import Sip
from voiceagent.config.speech import Speech, Turns
from voiceagent.config.web import Desk, Text, Web
from voiceagent.config.webhook import Webhook

ENVIRONMENT = "VOICEAGENT_"
"""What the names of environment variables that are settings begin with."""


class Config(BaseSettings):
    """All settings of one machine."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
    )

    dialplan: Path
    """The dialplan that answers, a YAML file."""
    line: str = "line-1"
    """Name of this line on the bus and in the record."""
    run_dir: Path = Path("run")
    """Folder for sockets and other files of the running processes."""
    drain_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """After SIGTERM: how long calls may go on by themselves, and again how long handing over
    the rest may take: announcement, ringing at every target, and briefing. Then they end."""
    sip: Sip = Sip()
    speech: Speech = Speech()
    turns: Turns = Turns()
    handover: Handover = Handover()
    people: tuple[Person, ...] = ()
    """Who can be called, each a table [[people]]; see docs/routing.md."""
    groups: tuple[Group, ...] = ()
    """Groups of them, each a table [[groups]]."""
    routing: Routing = Routing()
    waiting: Waiting = Waiting()
    mqtt: Mqtt = Mqtt()
    webhook: Webhook = Webhook()
    web: Web = Web()
    text: Text = Text()
    desk: Desk = Desk()
    records: Records = Records()
    learning: Learning = Learning()
    review: Review = Review()
    log: Log = Log()

    @model_validator(mode="after")
    def _people_fit_together(self) -> Self:
        targets = (name for own in self.handover.targets.values() for name in own)
        if wrong := list(problems(self.people, self.groups, targets)):
            raise ValueError("\n".join(wrong))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return EnvSettingsSource(settings_cls), init_settings
