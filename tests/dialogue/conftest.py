import pytest
from small_plan import PLAN, TODAY

from voiceagent.dialogue.manager import DialogueManager
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import CallFacts


@pytest.fixture
def plan() -> Dialplan:
    return Dialplan.model_validate(PLAN)


@pytest.fixture
def manager(plan: Dialplan) -> DialogueManager:
    return DialogueManager(plan, CallFacts(), TODAY)
