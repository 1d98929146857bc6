"""When a small, fast recogniser stands in for the usual one, and when it may stop.

A pure rule: how many utterances wait and how long they take in, which engine out.
"""

from __future__ import annotations

RELIEVE_S = 0.5
"""Wait from which the small engine takes over."""
RETURN_S = 0.1
"""Wait below which the usual one may come back."""
CALM_S = 5.0
"""How long the wait has to stay below `RETURN_S` before it does: a queue that comes and goes
must not change the engine with every utterance."""
_WEIGHT = 0.2


class Relief:
    """The load on recognition, and whether it calls for the small engine.

    Args:
        workers: utterances recognised at once.
        usual_s: first guess of how long the usual engine takes for an utterance.
    """

    def __init__(self, workers: int, usual_s: float = 0.4) -> None:
        self.needed = False
        """Whether new utterances go to the small engine."""
        self._workers = workers
        self._usual_s = usual_s
        self._calm_since: float | None = None

    def took(self, seconds: float, small: bool) -> None:
        """An utterance was recognised in so many seconds of work, without its wait."""
        if not small:
            self._usual_s += _WEIGHT * (seconds - self._usual_s)

    def expected_wait_s(self, unfinished: int) -> float:
        """How long one more utterance would wait if the usual engine did everything.

        Args:
            unfinished: utterances being recognised or waiting for it.
        """
        return max(0, unfinished - self._workers + 1) * self._usual_s / self._workers

    def decide(self, now: float, unfinished: int) -> bool:
        """Whether the next utterance goes to the small engine; `now` in seconds."""
        wait_s = self.expected_wait_s(unfinished)
        if wait_s > RELIEVE_S:
            self.needed, self._calm_since = True, None
        elif wait_s >= RETURN_S:
            self._calm_since = None
        elif self.needed:
            if self._calm_since is None:
                self._calm_since = now
            if now - self._calm_since >= CALM_S:
                self.needed, self._calm_since = False, None
        return self.needed
