"""What lies on one desk: the handovers that concern a person, as the bus tells. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voiceagent.supervision.states import Offer

KEPT = 5
"""Calls that stay on the desk after they are over, for the notes, and to be marked."""


@dataclass(frozen=True)
class Case:
    """One handover on the desk."""

    offer: Offer
    over: bool = False
    """The agent has left the call, and tells no more of it."""


class Offers:
    """The handovers of one person, the newest first.

    What was not connected goes when the bus takes it back: somebody else has the call, or the
    caller has left, and the words are no more meant for this person.
    """

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}

    @property
    def cases(self) -> list[Case]:
        return sorted(
            self._cases.values(), key=lambda case: case.offer.context.created_at, reverse=True
        )

    def has(self, call_id: str) -> bool:
        """Whether this call is or was this person's."""
        return any(case.offer.context.call_id == call_id for case in self._cases.values())

    def put(self, offer: Offer) -> None:
        """A handover for this person, or how it goes on."""
        self._cases[offer.handover_id] = Case(offer)

    def remember(self, offer: Offer) -> None:
        """A handover that was this person's, and is over."""
        self._cases[offer.handover_id] = Case(offer, over=True)

    def take_back(self, handover_id: str) -> None:
        """The bus holds it no more."""
        case = self._cases.get(handover_id)
        if case is None:
            return
        if case.offer.state != "connected":
            del self._cases[handover_id]
            return
        self._cases[handover_id] = replace(case, over=True)
        for old in [case for case in self.cases if case.over][KEPT:]:
            del self._cases[old.offer.handover_id]

    def begin_anew(self) -> None:
        """The connection was lost: what is still true comes again."""
        for handover_id in list(self._cases):
            self.take_back(handover_id)
