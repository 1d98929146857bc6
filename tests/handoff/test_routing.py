"""Who is called for a topic."""

from __future__ import annotations

import pytest

from voiceagent.config import Handover
from voiceagent.dialogue.plan import Dialplan
from voiceagent.handoff.routing import targets

PLAN = Dialplan.model_validate(
    {
        "name": "test",
        "greeting": "Hello.",
        "intents": {"hours": {"examples": ["when"], "answer": "Always."}},
        "topics": {name: {"examples": ["x"]} for name in ("billing", "legal")},
        "targets": {"general": ["6001", "6002"], "billing": ["6003"]},
    }
)


@pytest.mark.parametrize(
    ("topic", "own", "people"),
    [
        ("general", {}, ("6001", "6002")),
        ("billing", {}, ("6003",)),
        ("legal", {}, ("6001", "6002")),
        ("unheard-of", {}, ("6001", "6002")),
        ("billing", {"billing": ("sip:anna@host", "7002")}, ("sip:anna@host", "7002")),
        ("billing", {"general": ("7001",)}, ("6003",)),
        ("general", {"general": ("7001",)}, ("7001",)),
        ("legal", {"general": ("7001",)}, ("7001",)),
        ("legal", {"legal": ("7009",)}, ("7009",)),
        ("billing", {"billing": ()}, ("6003",)),
        ("general", {"general": ()}, ("6001", "6002")),
    ],
)
def test_the_settings_go_before_the_dialplan_and_general_is_for_the_rest(
    topic: str, own: dict[str, tuple[str, ...]], people: tuple[str, ...]
) -> None:
    assert targets(topic, Handover(targets=own), PLAN) == people
