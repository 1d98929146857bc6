"""What is short or known by heart is not to be guessed: wrong answers are counted."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

WINDOW_S = 3600.0


class Tries:
    """Wrong answers within a time, by whose they are.

    Args:
        clock: the time in seconds, monotonic.
        within_s: for so long a wrong one counts.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, within_s: float = WINDOW_S
    ) -> None:
        self._clock = clock
        self._within_s = within_s
        self._wrong: defaultdict[str, deque[float]] = defaultdict(deque)

    def may(self, whose: str, most: int) -> bool:
        """Whether one more is looked at, which is so until `most` were wrong."""
        wrong = self._wrong[whose]
        while wrong and wrong[0] <= self._clock() - self._within_s:
            wrong.popleft()
        if not wrong:
            del self._wrong[whose]
        return len(wrong) < most

    def was_wrong(self, whose: str) -> None:
        """One more was wrong."""
        now = self._clock()
        # Who never comes back, such as a stranger's address, is not kept.
        for other in [w for w, at in self._wrong.items() if at[-1] <= now - self._within_s]:
            del self._wrong[other]
        self._wrong[whose].append(now)
