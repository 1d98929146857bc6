"""Short codes are not to be guessed: wrong ones are counted by number."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

WINDOW_S = 3600.0
MOST_WRONG = 5
"""So many wrong codes of one number within `WINDOW_S`, and no further one is looked at."""
MOST_WITHHELD = 30
"""The same of all withheld numbers together."""


class Tries:
    """Wrong codes, by number.

    Args:
        clock: the time in seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: defaultdict[str, deque[float]] = defaultdict(deque)

    def may(self, number: str) -> bool:
        """Whether a code of this number is looked at; empty for a withheld one."""
        wrong = self._wrong[number]
        while wrong and wrong[0] <= self._clock() - WINDOW_S:
            wrong.popleft()
        if not wrong:
            del self._wrong[number]
        return len(wrong) < (MOST_WRONG if number else MOST_WITHHELD)

    def was_wrong(self, number: str) -> None:
        """A code of this number was none."""
        self._wrong[number].append(self._clock())
