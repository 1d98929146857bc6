"""How slots are filled: which values suit a slot, and what a question expects."""

from __future__ import annotations

from typing import Any

from voiceagent.dialogue.phrases import Phrases
from voiceagent.dialogue.plan import Dialplan, Intent, Slot
from voiceagent.events import Expectation, Understanding


def value(slot: Slot, u: Understanding, partial: str = "") -> Any:
    """The slot's value in what was said, or None.

    Args:
        partial: digits of the turn before, which were too few; together they may be whole.
    """
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


def expectation(question: str, name: str, slot: Slot | None) -> Expectation:
    """What a question lets expect."""
    if question in ("confirm", "guess", "offer"):
        return Expectation(kind="yes_no", slot=name or None)
    if question == "slot" and slot is not None:
        return Expectation(
            kind=slot.kind,
            slot=name,
            min_digits=slot.min_digits,
            max_digits=slot.max_digits,
            choices=tuple(slot.choices),
        )
    return Expectation()


def confirmation(slot: Slot, heard: Any, phrases: Phrases) -> str:
    """The template that reads a slot's value back."""
    if slot.confirmation:
        return slot.confirmation
    match slot.kind:
        case "digits":
            return phrases.confirm_digits
        case "date":
            return phrases.confirm_date
        case "yes_no":
            return phrases.confirm_yes if heard else phrases.confirm_no
    return phrases.confirm
