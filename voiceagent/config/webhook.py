"""The HTTP address that gets events, as the settings name it."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from voiceagent.config.section import Section
from voiceagent.events import AnyEvent, Record, WebhookFailed
from voiceagent.urls import web_address

_TYPES: tuple[str, ...] = tuple(
    kind.model_fields["type"].default for kind in get_args(get_args(AnyEvent)[0])
)


def _pattern(value: str) -> str:
    if not any(fnmatchcase(kind, value) for kind in _TYPES):
        near = difflib.get_close_matches(value, _TYPES, n=1)
        mend = f"did you mean {near[0]!r}?" if near else 'write such as "handover.*"'
        raise ValueError(f"there is no event {value!r}: {mend}")
    return value


class Webhook(Section):
    """An HTTP address that gets events as they happen."""

    url: str = ""
    """POST each event here as JSON; left out: no webhook."""
    events: tuple[Annotated[str, AfterValidator(_pattern)], ...] = (
        "handover.*",
        "consultation.*",
        "callback.*",
    )
    """Which events: their types, or patterns with * such as "call.*"."""
    secret: str = ""
    """Key of the X-VoiceAgent-Signature header (HMAC-SHA256 of timestamp and body); better set as
    VOICEAGENT_WEBHOOK__SECRET or by `secret_file`."""
    secret_file: Path | None = None
    """File that holds the secret instead; white space around it does not count."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    """How long one POST may take."""
    keep_h: Annotated[float, Field(gt=0, le=720)] = 72.0
    """Hours for which an event that the address does not take is kept and sent again."""

    def wants(self, record: Record) -> bool:
        """Whether the address gets this record."""
        if not self.url or isinstance(record.event, WebhookFailed):
            return False  # whoever did not hear of the one will not hear of the other
        return any(fnmatchcase(record.event.type, pattern) for pattern in self.events)

    @field_validator("url")
    @classmethod
    def _http(cls, value: str) -> str:
        return web_address(value, "https://crm.example.com/in")

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret and self.secret_file:
            raise ValueError("secret and secret_file are both set: take one out")
        return self
