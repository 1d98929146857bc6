"""Codes of cases: looked up, and not to be guessed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialogue.small_plan import PLAN
from voiceagent.codes import MOST_WITHHELD, MOST_WRONG, find_case
from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import LookupRequest
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import CallFacts
from voiceagent.handoff.routing import Earlier
from voiceagent.tries import WINDOW_S, Tries

OPEN = Unfinished(case_id="text-1", by="code", channel="text", intent="order")
CASE = {"lookups": {"order": {"case": "{{ number }}", "not_found": "None."}}}
ANNA = CallFacts(caller_number="+4930123")


class Record:
    """What is open, by code, and by the number of whoever calls."""

    def __init__(self, **opened: Unfinished) -> None:
        self.opened = opened
        self.asked = 0

    async def look_back(self, facts: CallFacts) -> Earlier:
        self.asked += 1
        return Earlier(unfinished=self.opened.get(f"c{facts.case_code}", self.opened.get("own")))


async def find(record: Record, code: str, tries: Tries, facts: CallFacts = ANNA) -> Any:
    plan = Dialplan.model_validate(PLAN | CASE)
    request = LookupRequest(name="order", values={"number": code})
    return await find_case(request, plan, facts, record.look_back, tries)


async def test_a_code_finds_its_case() -> None:
    result, before = await find(Record(c123456=OPEN), "123456", Tries())
    assert (result.found, before) == (True, OPEN)


async def test_what_the_number_has_open_is_not_taken_for_the_code() -> None:
    own = OPEN.model_copy(update={"by": "number"})
    result, before = await find(Record(own=own), "123456", Tries())
    assert (result.found, before) == (False, None)


@pytest.mark.parametrize(("number", "most"), [("+4930123", MOST_WRONG), ("", MOST_WITHHELD)])
async def test_after_many_wrong_ones_no_further_code_is_looked_at_for_a_while(
    number: str, most: int
) -> None:
    now = [0.0]
    tries, record = Tries(lambda: now[0]), Record(c123456=OPEN)
    facts = CallFacts(caller_number=number)
    for _ in range(most):
        await find(record, "000000", tries, facts)
    assert (await find(record, "123456", tries, facts))[1] is None
    assert record.asked == most
    assert (await find(record, "123456", tries, CallFacts(caller_number="+4940999")))[1] == OPEN
    now[0] = WINDOW_S
    assert (await find(record, "123456", tries, facts))[1] == OPEN


def test_a_look_up_has_one_source() -> None:
    both = {"lookups": {"order": CASE["lookups"]["order"] | {"http": {"url": "http://x"}}}}
    with pytest.raises(ValueError, match="a table, http or case"):
        Dialplan.model_validate(PLAN | both)
