"""A policy in a file: the ``escalation`` section of a dialplan, or just what stands in one."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from voiceagent.dialogue import document
from voiceagent.dialogue.document import DocumentError
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.dialogue.validation import validate


class PolicyError(DocumentError):
    """The policy cannot be used."""


class _WithSection(BaseModel):
    """What has an ``escalation`` section; the rest of it does not matter here."""

    escalation: Thresholds = Thresholds()


def read(path: Path) -> Thresholds:
    """Read a policy.

    Raises:
        PolicyError: something is wrong with it; it holds every problem, with line and mend.
    """
    source = document.read(path, "policy")
    if source.value is not None and not isinstance(source.value, dict):
        source.problem((), "is no policy", "begin with a line such as `anger_offer: 0.5`")
    if source.problems:
        raise PolicyError(source.problems)
    if source.value.keys() & Dialplan.model_fields.keys():
        found = validate(source, _WithSection)
        policy = found.escalation if found else None
    else:
        policy = validate(source, Thresholds)
    if policy is None:
        raise PolicyError(source.problems)
    return policy
