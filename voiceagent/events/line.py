"""Events of a line and of what it depends on."""

from __future__ import annotations

from typing import Literal

from voiceagent.events.facts import Event


class LineStarted(Event):
    """The line admits callers."""

    type: Literal["line.started"] = "line.started"
    line: str
    max_callers: int
    """Callers admitted at once, with a leg kept free for a handover."""


class LineDraining(Event):
    """The line admits no new callers and ends when the last one has left."""

    type: Literal["line.draining"] = "line.draining"
    line: str
    calls: int


class LineStopped(Event):
    """The line has ended as it should."""

    type: Literal["line.stopped"] = "line.stopped"
    line: str


class EngineChanged(Event):
    """Utterances are recognised by another engine: a small one while many wait, or the usual
    one again."""

    type: Literal["speech.engine-changed"] = "speech.engine-changed"
    engine: str
    """As in `Utterance.engine`."""
    before: str


class WebhookFailed(Event):
    """The webhook has not taken a record, and is not asked again for it."""

    type: Literal["webhook.failed"] = "webhook.failed"
    record_id: str
    of: str
    """Type of that record's event."""
    attempts: int
    problem: str


LineEvent = LineStarted | LineDraining | LineStopped | EngineChanged | WebhookFailed
