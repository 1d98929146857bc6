"""What is added to the context while people are called for a caller. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from voiceagent.events import HandoverContext, TranscriptLine
from voiceagent.handoff.staff import AFTER

_MOST_KEYS = 32


class Meanwhile:
    """One handover's context, as it grows: each change makes a new revision.

    Args:
        context: as it was when the first person was called.
    """

    def __init__(self, context: HandoverContext) -> None:
        self.context = context
        self._notes: list[str] = []
        self._keys = ""

    def not_reached(self, person: str, code: int) -> None:
        """Somebody did not take the call; `code` is the SIP status."""
        self._notes.append(f"{person} {AFTER.get(code, 'could not take the call')}.")
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
        self._notes += [f"The caller added: “{text}”" for text in texts]
        self._grow(transcript=tuple(transcript))

    def _grow(self, **changed: object) -> None:
        keys = [f"The caller pressed {self._keys}."] if self._keys else []
        self.context = self.context.model_copy(
            update={
                "revision": self.context.revision + 1,
                "meanwhile": (*self._notes, *keys),
                **changed,
            }
        )
