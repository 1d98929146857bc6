"""Who may look at which desk: keys, and the sessions they open. No I/O."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from voiceagent.tries import Tries

_TRIES = 5
_WITHIN_S = 60.0
"""So many wrong keys for one desk from one address within this time, and no further one from
there is looked at: a stranger elsewhere does not lock its person out."""
_TRIES_OF_ALL = 100
"""So many from all addresses, and none is looked at from anywhere."""


class TooManyTries(Exception):
    """Somebody tries keys."""


class Sessions:
    """The sessions of all desks, kept for as long as the process lives.

    Args:
        keys: by person.
        lasts_s: how long a session lasts.
        clock: the time in seconds, monotonic.
    """

    def __init__(self, keys: Mapping[str, str], lasts_s: float, clock: Callable[[], float]) -> None:
        self._keys = keys
        self._lasts_s = lasts_s
        self._clock = clock
        self._open: dict[str, tuple[str, float]] = {}
        """Person and end, by token."""
        self._wrong = Tries(clock, _WITHIN_S)
        self._of_all = Tries(clock, _WITHIN_S)

    def log_in(self, person: str, key: str, source: str = "") -> str:
        """The token of a new session, empty where the key is wrong or there is no such desk.

        Args:
            source: the address that the key comes from.

        Raises:
            TooManyTries: too many were wrong a moment ago.
        """
        now = self._clock()
        right = self._keys.get(person, "")
        theirs = f"{source} {person}"
        if right and not (
            self._wrong.may(theirs, _TRIES) and self._of_all.may(person, _TRIES_OF_ALL)
        ):
            raise TooManyTries
        if not secrets.compare_digest(key.encode(), right.encode()) or not right:
            if right:
                self._wrong.was_wrong(theirs)
                self._of_all.was_wrong(person)
            return ""
        self._open = {token: entry for token, entry in self._open.items() if entry[1] > now}
        token = secrets.token_urlsafe(32)
        self._open[token] = (person, now + self._lasts_s)
        return token

    def log_out(self, token: str) -> None:
        """End a session."""
        self._open.pop(token, None)

    def good(self, person: str, token: str) -> bool:
        """Whether this token lets somebody see this person's desk."""
        whose, until = self._open.get(token, ("", 0.0))
        return bool(person) and whose == person and self._clock() < until
