"""To whom: the targets of a topic, in the order they are tried."""

from __future__ import annotations

from voiceagent.config import Handover
from voiceagent.dialogue.plan import Dialplan


def targets(topic: str, settings: Handover, plan: Dialplan) -> tuple[str, ...]:
    """Extensions or SIP URIs; the settings' own for this topic take the dialplan's place."""
    return settings.targets.get(topic) or plan.targets_for(topic)
