"""The objects of a vCon, a conversation in one JSON file (draft-ietf-vcon-vcon-core-04).

Only what this project writes of them; the unsigned form.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Index = Annotated[int, Field(ge=0)]
"""Place in the list of parties or of dialogs."""
Disposition = Literal["no-answer", "congestion", "failed", "busy", "hung-up"]


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Party(_Object):
    """Who took part (4.2)."""

    tel: str | None = None
    """URI (RFC 3966)."""
    sip: str | None = None
    name: str | None = None
    validation: str | None = None
    """How the identity was verified."""
    type: Literal["person", "bot"]


class PartyHistory(_Object):
    """What a party did while it lasted (4.3.13)."""

    party: Index
    time: datetime
    event: Literal["join", "drop", "hold", "unhold", "keydown"]
    button: str | None = None
    """The key of a ``keydown``."""


class Dialog(_Object):
    """A stretch of the conversation (4.3)."""

    type: Literal["recording", "text", "transfer", "incomplete"]
    start: datetime
    duration: float | None = None
    """Seconds."""
    parties: tuple[Index, ...] | None = None
    """Of a recording, one for each channel."""
    mediatype: str | None = None
    filename: str | None = None
    body: str | None = None
    encoding: Literal["base64url", "none"] | None = None
    disposition: Disposition | None = None
    """Why it came to nothing, where the type is ``incomplete``."""
    party_history: tuple[PartyHistory, ...] | None = None
    transferee: Index | None = None
    transferor: Index | None = None
    transfer_target: Index | None = None
    original: Index | None = None
    """Dialog between transferee and transferor."""
    consultation: Index | None = None
    """Dialog between transferor and target."""
    target_dialog: Index | None = None
    """Dialog between transferee and target."""


class Analysis(_Object):
    """What was made of a dialog (4.5)."""

    type: Literal["transcript", "summary", "report"]
    dialog: Index
    mediatype: str
    vendor: str = "voiceagent"
    product: str | None = None
    encoding: Literal["json", "none"] = "json"
    body: Any


class Attachment(_Object):
    """A document that went along (4.4)."""

    purpose: str
    start: datetime
    party: Index
    dialog: Index
    mediatype: str = "application/json"
    encoding: Literal["json"] = "json"
    body: Any


class Vcon(_Object):
    """The conversation (4.1)."""

    vcon: Literal["0.4.0"] = "0.4.0"
    uuid: str
    created_at: datetime
    subject: str | None = None
    parties: tuple[Party, ...]
    dialog: tuple[Dialog, ...]
    analysis: tuple[Analysis, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def as_json(self) -> str:
        """The file's content, without what is not known."""
        return self.model_dump_json(exclude_none=True, indent=1)


def uuid_of(call_id: str) -> str:
    """The id of a call's vCon, always the same: a UUID of version 8 (RFC 9562, 5.8)."""
    digest = bytearray(hashlib.sha256(f"voiceagent call {call_id}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))
