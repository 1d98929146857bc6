"""What is added to the context while people are called for a caller. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from voiceagent.dialogue.notes import Note
from voiceagent.events import HandoverContext, TranscriptLine
from voiceagent.handoff.telling import Readers

_MOST_KEYS = 32
_AFTER = {
    404: "unreachable",
    408: "unanswered",
    480: "unanswered",
    486: "busy",
    487: "unanswered",
    600: "busy",
    603: "declined",
}
"""What becomes of a call to a person, by the SIP status it ends with."""


class Meanwhile:
    """One handover's context, as it grows: each change makes a new revision.

    Args:
        context: as it was when the first person was called.
        readers: in whose languages it is told.
    """

    def __init__(self, context: HandoverContext, readers: Readers) -> None:
        self.context = context
        self._readers = readers
        self._notes: list[Note] = []
        self._keys = ""

    def not_reached(self, person: str, code: int) -> None:
        """Somebody did not take the call; `code` is the SIP status."""
        says = _AFTER.get(code, "not_taken")
        self._notes.append(Note(says=says, values={"person": person}))
        self._grow()

    def pressed(self, digit: str) -> None:
        """The caller pressed a key."""
        self._keys = (self._keys + digit)[-_MOST_KEYS:]
        self._grow()

    def said(self, texts: Sequence[str], transcript: Sequence[TranscriptLine]) -> None:
        """What the caller had begun to say was recognised.

        Args:
            transcript: all of it, with these texts.
        """
        self._notes += [Note(says="added", values={"said": text}) for text in texts]
        self._grow(transcript=tuple(transcript))

    def _grow(self, **changed: object) -> None:
        keys = [Note(says="pressed", values={"keys": self._keys})] if self._keys else []
        notes = [*self._notes, *keys]
        tellers = {language: teller for language, teller, _ in self._readers.others()}
        translations = tuple(
            told.model_copy(update={"meanwhile": tellers[told.language].tell_all(notes)})
            for told in self.context.translations
        )
        self.context = self.context.model_copy(
            update={
                "revision": self.context.revision + 1,
                "meanwhile": self._readers.own.tell_all(notes),
                "translations": translations,
                **changed,
            }
        )
