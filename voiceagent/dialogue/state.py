"""Where the dialogue of one call stands, and what others may know of it."""

from __future__ import annotations

from collections import ChainMap
from datetime import date
from typing import Any

from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.notes.teller import Teller, Tellers
from voiceagent.dialogue.plan import Dialplan, TurnLimits
from voiceagent.dialogue.replies import Reply
from voiceagent.dialogue.unfinished import Unfinished
from voiceagent.dialogue.wording import Question, Wording
from voiceagent.events import CallFacts, Expectation


class DialogueState:
    """One call's dialogue as it stands.

    Args:
        plan: the dialplan to follow.
        facts: what the INVITE says, known to templates as `call`.
        today: the day that dates are read out against.
    """

    def __init__(self, plan: Dialplan, facts: CallFacts, today: date) -> None:
        self._plan = plan
        self._phrases = plan.phrases
        self._intent: str | None = None
        self._slots: dict[str, Any] = {}
        self._found: dict[str, dict[str, Any]] = {}
        self._words = Wording(plan, facts, today, ChainMap(self._slots, self._found))
        self._own = Tellers(plan).own
        self._asked = Question("open")
        self._before_offer = Question("open")
        self._unconfirmed: dict[str, Any] = {}
        self._partial = ""
        self._last_filled = ""
        self._tried: list[Note] = []
        self._attempts: dict[str, int] = {}
        self._misses = 0
        self._silences = 0
        self._declined = False
        self._before: Unfinished | None = None
        self._last = Reply(say="")

    @property
    def expecting(self) -> Expectation | None:
        """What was asked last, for recognition and turn-taking."""
        return self._last.expecting

    @property
    def turn_limits(self) -> TurnLimits:
        """The asked slot's own turn-taking; all None where the settings apply."""
        slot = self._plan.slots.get(self._asked.slot)
        return slot.turns if slot else TurnLimits()

    @property
    def intent(self) -> str | None:
        """What the caller last wanted, as the dialplan names it."""
        return self._intent

    @property
    def slots(self) -> dict[str, Any]:
        """The answers so far, by slot."""
        return dict(self._slots)

    @property
    def customer_id(self) -> str:
        """What the company knows the caller by, as they have said; empty while they have not."""
        named = [n for n, slot in self._plan.slots.items() if slot.customer_id]
        return next((str(self._slots[name]) for name in named if name in self._slots), "")

    @property
    def asks_in_writing(self) -> bool:
        """Whether what is asked may be written, at a link that the caller gets."""
        slot = self._plan.slots.get(self._asked.slot)
        return slot is not None and slot.link

    @property
    def tried(self) -> tuple[str, ...]:
        """What the agent did and what came of it, a sentence each, for the person."""
        return tuple(map(self._own.tell, self._tried))

    @property
    def done(self) -> tuple[Note, ...]:
        """The same, not yet in words."""
        return tuple(self._tried)

    @property
    def offered_declined(self) -> bool:
        """Whether the caller declined the last offer of a person."""
        return self._declined

    @property
    def about(self) -> str | None:
        """The intent that is open, None when nothing is."""
        return None if self._asked.kind in ("open", "more", "resume") else self._intent

    @property
    def resumed(self) -> Unfinished | None:
        """The earlier conversation that is gone on with, None when there is none."""
        return self._before if self._asked.kind != "resume" else None

    def summary(self, teller: Teller | None = None) -> str:
        """Up to three sentences for the person: what is wanted, what was tried, what is open.

        Args:
            teller: whose language it is told in; left out, the dialplan's.
        """
        told = teller or self._own
        return told.summary(self._intent, self._slots, self._tried, self.still_open)

    @property
    def still_open(self) -> str:
        """The slot that the caller was asked for and has not told, empty when there is none."""
        asked = self._before_offer if self._asked.kind == "offer" else self._asked
        return asked.slot

    def _note(self, says: str, **values: Any) -> None:
        """Put down for a person what was done, and what came of it."""
        self._tried.append(Note(says=says, values=values))
