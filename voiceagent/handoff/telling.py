"""What there is to tell people of a call, and in whose language. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from voiceagent.dialogue.notes import Note
from voiceagent.dialogue.notes.teller import Teller, Tellers
from voiceagent.dialogue.plan import Dialplan
from voiceagent.events import Told, Translation
from voiceagent.handoff.roster import Member
from voiceagent.language import bare_code

_CAUSE = 0.5
"""How near a detector came to a decision of its own, from which it is told of."""


@dataclass(frozen=True)
class Telling:
    """What there is to tell, not yet in words."""

    why: Note
    """Why a person."""
    reasons: tuple[str, ...]
    """Why, as the policy has noted it in English."""
    causes: Mapping[str, float]
    """Why, as a `Verdict` has it in `contributions`."""
    tried: tuple[Note, ...]
    summary: Callable[[Teller], str]
    next_step: tuple[Note, ...]
    verified: tuple[Note, ...]

    def told(self, teller: Teller) -> Told:
        """In words."""
        english = teller.sentences.language == "en"
        return Told(
            reason=teller.tell(self.why),
            reasons=self.reasons if english else teller.tell_all(self._causes()),
            tried=teller.tell_all(self.tried),
            summary=self.summary(teller),
            next_step=" ".join(teller.tell_all(self.next_step)),
            verified=teller.tell_all(self.verified),
        )

    def _causes(self) -> Iterable[Note]:
        strongest_first = sorted(self.causes, key=lambda cause: -self.causes[cause])
        return (Note(says=f"cause_{c}") for c in strongest_first if self.causes[c] >= _CAUSE)


class Readers:
    """In which language each person reads of one dialplan's calls.

    Args:
        people: each reads the first language they speak. Where there are no sentences in it, they
            read the dialplan's, and English where there are none in that.
        folder: where further sentences lie.

    Raises:
        ConfigError: a file of sentences cannot be used.
    """

    def __init__(
        self, plan: Dialplan, people: Iterable[Member] = (), folder: Path | None = None
    ) -> None:
        self.plan = plan
        self._first = {p.target: bare_code(p.languages[0]) for p in people if p.languages}
        self._tellers = Tellers(plan, self._first.values(), folder)

    @property
    def own(self) -> Teller:
        """Of the dialplan's language."""
        return self._tellers.own

    def of(self, person: Member) -> Teller:
        """In the language of this person."""
        return self._tellers.others.get(self._first.get(person.target, ""), self.own)

    def others(self) -> Iterator[tuple[str, Teller, tuple[str, ...]]]:
        """Each other language that is read, and the targets of those who read it."""
        for language, teller in self._tellers.others.items():
            readers = (target for target, first in self._first.items() if first == language)
            yield language, teller, tuple(readers)

    def translations(self, telling: Telling) -> tuple[Translation, ...]:
        """What is told, in each other language."""
        return tuple(
            Translation(language=language, people=people, **dict(telling.told(teller)))
            for language, teller, people in self.others()
        )
