"""The attended transfer as a pure state machine: what happens in, what to do out.

The agent is the transferor, the caller's leg the transferee, a person the transfer target
(RFC 5589, 7). The machine knows no SIP library, no audio and no clock of its own: each input
says when it happened, in seconds of any monotonic clock, and returns what is to be done.

::

    calling ──answered──▶ briefing ──briefed──▶ referring ──2xx──▶ over: transferred
       │ busy, declined,     │ hung up             │ refused, failed, silence
       │ no answer           ▼                     ▼
       └──────────────▶ next target           bridged: both legs joined by the agent
                             │ none left
                             ▼
                       over: nobody

Whatever fails, the caller ends up with a person or back with the agent, and a caller who
leaves takes the ringing with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

_NO_ANSWER = 408
_GRACE_S = 2.0
"""How long the end of one leg waits for the other when a REFER is under way: a PBX ends the
legs of a transfer that worked in either order, and the NOTIFY may come after both."""


class Outcome(StrEnum):
    TRANSFERRED = "transferred"
    """Caller and person talk to each other without the agent."""
    BRIDGED = "bridged"
    """They talk to each other through the agent; one of them has hung up by now."""
    NOBODY = "nobody"
    """No target could be reached: the caller is with the agent again."""
    UNKNOWN = "unknown"
    """The REFER was accepted and its outcome never told: the caller is with the agent again,
    if they are still there."""
    CALLER_GONE = "caller gone"


# -- commands -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hold:
    """Put the caller on hold."""


@dataclass(frozen=True)
class Resume:
    """Take the caller off hold: they talk to the agent again."""


@dataclass(frozen=True)
class Consult:
    """Call this target; `attempt` names the call in the inputs."""

    attempt: int
    target: str


@dataclass(frozen=True)
class Brief:
    """Tell the person who answered what the call is about."""


@dataclass(frozen=True)
class Refer:
    """Send REFER with Replaces on the caller's leg."""


@dataclass(frozen=True)
class Bridge:
    """Take the caller off hold and join both legs."""


@dataclass(frozen=True)
class EndConsultation:
    """BYE or CANCEL the consultation call."""

    attempt: int
    reason: str


@dataclass(frozen=True)
class EndCaller:
    """BYE the caller's leg: the caller is with the person."""


@dataclass(frozen=True)
class Failed:
    """A target was not reached: to be recorded."""

    target: str
    code: int
    reason: str


@dataclass(frozen=True)
class Over:
    """The handover has ended; nothing more is to be done."""

    outcome: Outcome
    target: str


Command = (
    Hold | Resume | Consult | Brief | Refer | Bridge | EndConsultation | EndCaller | Failed | Over
)


class State(StrEnum):
    IDLE = "idle"
    CALLING = "calling"
    BRIEFING = "briefing"
    REFERRING = "referring"
    BRIDGED = "bridged"
    OVER = "over"


@dataclass
class Transfer:
    """One handover, from the first target to its outcome.

    Args:
        targets: whom to call, in order; at least one.
        ring_s: how long each may ring.
        refer_s: how long a REFER may go without a final answer.
        brief: whether the person hears a briefing first.
    """

    targets: Sequence[str]
    ring_s: float = 20.0
    refer_s: float = 8.0
    brief: bool = True
    state: State = State.IDLE
    attempt: int = 0
    deadline: float | None = None
    """When `tick` wants to be called, None for never."""
    _consultation_up: bool = False
    _caller_up: bool = True
    _accepted: bool = field(default=False)

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError("a transfer needs at least one target")

    @property
    def target(self) -> str:
        return self.targets[self.attempt - 1] if self.attempt else ""

    # -- inputs ---------------------------------------------------------------------------------

    def start(self, now: float) -> list[Command]:
        return [Hold(), *self._next(now)]

    def answered(self, now: float, attempt: int) -> list[Command]:
        """The consultation call is confirmed: a person, as far as SIP can tell."""
        if attempt != self.attempt or self.state is not State.CALLING:
            return []
        self.deadline = None
        if self.brief:
            self.state = State.BRIEFING
            return [Brief()]
        return self._refer(now)

    def briefed(self, now: float) -> list[Command]:
        return self._refer(now) if self.state is State.BRIEFING else []

    def consultation_ended(self, now: float, attempt: int, code: int, reason: str) -> list[Command]:
        """The consultation call is over, whether it was ever answered or not."""
        if attempt != self.attempt or not self._consultation_up:
            return []
        self._consultation_up = False
        match self.state:
            case State.CALLING | State.BRIEFING:
                return [Failed(self.target, code, reason), *self._next(now)]
            case State.REFERRING:
                return self._leg_left(now)
            case State.BRIDGED:
                return [EndCaller(), self._over(Outcome.BRIDGED)]
            case _:
                return []

    def refer_answered(self, now: float, code: int, *, final: bool) -> list[Command]:
        """The REFER's own response, or the status line in a NOTIFY."""
        if self.state is not State.REFERRING:
            return []
        if not final:
            self._accepted = True
            return []
        if 200 <= code < 300:
            return self._transferred()
        return self._refer_failed(now, code, "the transfer was refused")

    def caller_ended(self, now: float) -> list[Command]:
        self._caller_up = False
        match self.state:
            case State.OVER:
                return []
            case State.REFERRING:
                return self._leg_left(now)
            case State.BRIDGED:
                return [*self._end_consultation("caller left"), self._over(Outcome.BRIDGED)]
            case _:
                return [*self._end_consultation("caller left"), self._over(Outcome.CALLER_GONE)]

    def tick(self, now: float) -> list[Command]:
        """Time has passed."""
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = None
        if self.state is State.CALLING:
            end = self._end_consultation("no answer")
            return [*end, Failed(self.target, _NO_ANSWER, "no answer"), *self._next(now)]
        if self.state is State.REFERRING:
            return self._refer_overdue(now)
        return []

    # -- rules ----------------------------------------------------------------------------------

    def _next(self, now: float) -> list[Command]:
        if self.attempt == len(self.targets):
            return [Resume(), self._over(Outcome.NOBODY)]
        self.attempt += 1
        self.state = State.CALLING
        self._consultation_up = True
        self.deadline = now + self.ring_s
        return [Consult(self.attempt, self.target)]

    def _refer(self, now: float) -> list[Command]:
        self.state = State.REFERRING
        self.deadline = now + self.refer_s
        return [Refer()]

    def _leg_left(self, now: float) -> list[Command]:
        """One leg ended while the REFER is under way: success, or somebody hung up."""
        if not self._caller_up and not self._consultation_up and self._accepted:
            return self._transferred()
        if not self._caller_up and not self._consultation_up:
            return [self._over(Outcome.CALLER_GONE)]
        soon = now + _GRACE_S
        self.deadline = soon if self.deadline is None else min(self.deadline, soon)
        return []

    def _refer_overdue(self, now: float) -> list[Command]:
        if not self._caller_up:
            # The person is still with us: had the transfer worked, that leg would be gone.
            return [*self._end_consultation("caller left"), self._over(Outcome.CALLER_GONE)]
        if self._consultation_up:
            return self._refer_failed(now, _NO_ANSWER, "the transfer was never answered")
        if self._accepted:
            return [Resume(), self._over(Outcome.UNKNOWN)]
        return self._refer_failed(now, _NO_ANSWER, "hung up before the transfer")

    def _refer_failed(self, now: float, code: int, reason: str) -> list[Command]:
        if not self._caller_up:
            return [*self._end_consultation("caller left"), self._over(Outcome.CALLER_GONE)]
        if self._consultation_up:
            # The person is there and knows the case: join them rather than start again.
            self.state = State.BRIDGED
            self.deadline = None
            return [Bridge()]
        return [Failed(self.target, code, reason), *self._next(now)]

    def _transferred(self) -> list[Command]:
        # A PBX may leave the referred leg up for a minute, so both are ended from here.
        commands = self._end_consultation("transferred")
        if self._caller_up:
            commands.append(EndCaller())
        return [*commands, self._over(Outcome.TRANSFERRED)]

    def _end_consultation(self, reason: str) -> list[Command]:
        if not self._consultation_up:
            return []
        self._consultation_up = False
        return [EndConsultation(self.attempt, reason)]

    def _over(self, outcome: Outcome) -> Over:
        self.state = State.OVER
        self.deadline = None
        return Over(outcome, self.target)
