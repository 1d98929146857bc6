"""To whom: the targets of a topic, in the order they are tried."""

from __future__ import annotations

from voiceagent.config import Handover
from voiceagent.dialogue.plan import Dialplan


def targets(topic: str, settings: Handover, plan: Dialplan) -> tuple[str, ...]:
    """Extensions or SIP URIs; the settings' own for a topic take the dialplan's place.

    A topic without any is for those who take everything else, `general`.
    """
    people = plan.targets | {name: own for name, own in settings.targets.items() if own}
    return people.get(topic) or people["general"]
