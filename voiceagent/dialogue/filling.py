"""How slots are filled: which values of a sentence suit them."""

from __future__ import annotations

from typing import Any

from voiceagent.dialogue.entities import find_choice
from voiceagent.dialogue.plan import Dialplan, Intent, Slot
from voiceagent.events import Understanding


def value(slot: Slot, u: Understanding, partial: str = "") -> Any:
    """The slot's value in what was said, or None.

    Args:
        partial: digits of the turn before, which were too few; together they may be whole.
    """
    if slot.kind == "choice":
        return find_choice(u.text, slot.choices)
    found = u.entities.get(slot.kind)
    if slot.kind != "digits":
        return found
    if found is None or fits(slot, found):
        return found
    return partial + found if partial and fits(slot, partial + found) else None


def fits(slot: Slot, digits: str) -> bool:
    """Whether the slot allows this number of digits."""
    return (slot.min_digits or 1) <= len(digits) <= (slot.max_digits or 40)


def given(plan: Dialplan, intent: Intent, u: Understanding) -> dict[str, Any]:
    """The intent's slots that its own sentence already fills, the first of each kind."""
    found: dict[str, Any] = {}
    kinds: set[str] = set()
    for name in intent.slots:
        slot = plan.slots[name]
        if slot.kind in kinds or slot.kind == "yes_no":
            continue
        kinds.add(slot.kind)
        if (heard := value(slot, u)) is not None:
            found[name] = heard
    return found
