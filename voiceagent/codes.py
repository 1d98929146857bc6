"""Codes of cases that customers say, key in or write, and the cases behind them."""

from __future__ import annotations

import time

import structlog

from voiceagent.dialogue.plan import Dialplan
from voiceagent.dialogue.replies import LookupRequest, LookupResult
from voiceagent.dialogue.templates import RenderError, render
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.events import CallFacts
from voiceagent.services import LookBack
from voiceagent.tries import Tries

MOST_WRONG = 5
"""So many wrong codes of one number within an hour, and no further one is looked at."""
MOST_WITHHELD = 30
"""The same of all withheld numbers together."""

log = structlog.get_logger()


async def find_case(
    request: LookupRequest, plan: Dialplan, facts: CallFacts, look_back: LookBack, tries: Tries
) -> tuple[LookupResult, Unfinished | None]:
    """The open case whose code was given. Never raises: a failure is in the result's `error`."""
    started = time.monotonic()
    before: Unfinished | None = None
    error = ""
    try:
        code = render(plan.lookups[request.name].case or "", request.values)
    except RenderError as failure:
        error = str(failure)
    else:
        before = await _behind(code, facts, look_back, tries)
    took_s = round(time.monotonic() - started, 4)
    found = before is not None
    return LookupResult(name=request.name, found=found, error=error, took_s=took_s), before


async def _behind(
    code: str, facts: CallFacts, look_back: LookBack, tries: Tries
) -> Unfinished | None:
    number = facts.shown_number
    if not tries.may(number, MOST_WRONG if number else MOST_WITHHELD):
        log.warning("case.too_many_codes", mend="it is looked at again in an hour")
        return None
    earlier = await look_back(facts.model_copy(update={"case_code": code}))
    if earlier.unfinished is not None and earlier.unfinished.by == "code":
        return earlier.unfinished
    tries.was_wrong(number)
    return None
