"""The ways of handing a call over as a pure state machine: what happens in, what to do out.

The agent is the transferor, the caller's leg the transferee, a person the transfer target
(RFC 5589, 7). The machine knows no SIP library, no audio and no clock of its own: each input
says when it happened, in seconds of any monotonic clock, and returns what is to be done.

::

    calling ──answered──▶ briefing ──briefed──▶ deciding ──accepted──▶ referring ──2xx──▶ over:
       │ busy, declined,     │ hung up, declined,  │                    │ refused,       transferred
       │ no answer           │ an announcement     │ no answer          │ failed, silence
       ▼                     ▼                     ▼                    ▼
       └──────────────▶ next target ◀──────────────┘        bridged: both legs joined by the agent
                             │ none left                                │ hung up     │ given back
                             ▼                                          ▼             ▼
                       over: nobody                               over: bridged  over: returned

`deciding` is passed over where answering the phone is accepting the call, `referring` where the
agent is to stay in the path, and everything before `referring` in a blind transfer.

Whatever fails, the caller ends up with a person or back with the agent, and a caller who
leaves takes the ringing with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from voiceagent.config import Way
from voiceagent.telephony.transfer_commands import (
    AskNote,
    Bridge,
    Brief,
    Command,
    Consult,
    EndCaller,
    EndConsultation,
    Failed,
    Hold,
    Introduce,
    Outcome,
    Over,
    Part,
    PassDigit,
    Refer,
    ReferBlind,
    Resume,
)

_NO_ANSWER = 408
_UNAVAILABLE = 480
_DECLINED = 603
_GRACE_S = 2.0
"""How long the end of one leg waits for the other when a REFER is under way: a PBX ends the
legs of a transfer that worked in either order, and the NOTIFY may come after both."""


class State(StrEnum):
    IDLE = "idle"
    CALLING = "calling"
    BRIEFING = "briefing"
    DECIDING = "deciding"
    REFERRING = "referring"
    BRIDGED = "bridged"
    RETURNING = "returning"
    OVER = "over"


@dataclass(frozen=True)
class Keys:
    """What a person can press; an empty text for none."""

    accept: str = "1"
    decline: str = "2"
    give_back: str = "*"


@dataclass
class Transfer:
    """One handover, from the first target to its outcome.

    Args:
        targets: whom to call, in order; at least one.
        ring_s: how long each may ring.
        refer_s: how long a REFER may go without a final answer.
        brief: whether the person hears a briefing first.
        asks: whether the person has to accept the call, or has by answering.
        accept_s: how long after the briefing they may take over it.
        note_s: how long a person who gives the caller back may say what was agreed; 0 asks nobody.
        way: how the caller gets to the person; `ways` has other ways by target.
        replaces: whether the caller's side knows Replaces. A phone that does not would call the
            person anew, who is in the consultation, and put the agent on hold meanwhile.
    """

    targets: Sequence[str]
    ring_s: float = 20.0
    refer_s: float = 8.0
    brief: bool = True
    asks: bool = False
    accept_s: float = 8.0
    note_s: float = 0.0
    way: Way = "attended"
    ways: Mapping[str, Way] = field(default_factory=dict)
    replaces: bool = True
    keys: Keys = Keys()
    state: State = State.IDLE
    attempt: int = 0
    deadline: float | None = None
    """When `tick` wants to be called, None for never."""
    _consultation_up: bool = False
    _caller_up: bool = True
    _accepted: bool = field(default=False)
    _put_aside: bool = False
    """The caller's side has put us on hold since the REFER."""
    _joined_at: float | None = None

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError("a transfer needs at least one target")
        if self.asks and not self.brief:
            raise ValueError("a person who hears no briefing cannot know how to accept")

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
        return self._connect(now)

    def briefed(self, now: float) -> list[Command]:
        """The person has heard what the call is about."""
        if self.state is not State.BRIEFING:
            return []
        if not self.asks:
            return self._connect(now)
        self.state = State.DECIDING
        self.deadline = now + self.accept_s
        return []

    def accepted(self, now: float) -> list[Command]:
        """The person said or pressed yes."""
        if self.state not in (State.BRIEFING, State.DECIDING):
            return []
        return self._connect(now)

    def declined(self, now: float, reason: str) -> list[Command]:
        """The person said or pressed no, or is none."""
        if self.state not in (State.BRIEFING, State.DECIDING):
            return []
        return self._passed_over(now, _DECLINED, reason)

    def person_pressed(self, now: float, digit: str) -> list[Command]:
        """A key (DTMF) on the consultation call."""
        if digit == self.keys.accept:
            return self.accepted(now)
        if digit == self.keys.decline:
            return self.declined(now, "declined by key")
        if digit == self.keys.give_back and self.state is State.BRIDGED:
            return self._give_back(now)
        return []

    def noted(self) -> list[Command]:
        """The person has said what was agreed, or nothing."""
        return self._returned() if self.state is State.RETURNING else []

    def caller_pressed(self, digit: str) -> list[Command]:
        """A key on the caller's leg: the person's menus need them, the agent does not."""
        return [PassDigit(digit)] if self.state is State.BRIDGED else []

    def introduced(self, now: float) -> list[Command]:
        """Both have heard what the agent had to say in a conference: it leaves, if it can."""
        return self._refer(now) if self.state is State.BRIDGED and self.replaces else []

    def consultation_ended(self, now: float, attempt: int, code: int, reason: str) -> list[Command]:
        """The consultation call is over, whether it was ever answered or not."""
        if attempt != self.attempt or not self._consultation_up:
            return []
        self._consultation_up = False
        match self.state:
            case State.CALLING | State.BRIEFING | State.DECIDING:
                return [Failed(self.target, code, reason), *self._next(now)]
            case State.REFERRING:
                return self._leg_left(now)
            case State.BRIDGED:
                return self._person_left(now, code, reason)
            case State.RETURNING:
                self.deadline = now + _GRACE_S  # what they have said is still being understood
                return []
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

    def caller_holds(self, on: bool) -> None:
        """The caller's side has put us on hold, or taken us off it."""
        self._put_aside = on and self.state is State.REFERRING

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
        match self.state:
            case State.CALLING:
                return self._passed_over(now, _NO_ANSWER, "no answer")
            case State.DECIDING:
                return self._passed_over(now, _UNAVAILABLE, "not accepted in time")
            case State.REFERRING:
                return self._refer_overdue(now)
            case State.RETURNING:
                return self._returned()
            case _:
                return []

    # -- rules ----------------------------------------------------------------------------------

    def _next(self, now: float) -> list[Command]:
        if self.attempt == len(self.targets):
            return [Resume(), self._over(Outcome.NOBODY)]
        self.attempt += 1
        if self._way == "blind":
            self.state = State.REFERRING
            self._accepted = False
            self.deadline = now + self.ring_s + self.refer_s
            return [ReferBlind(self.target)]
        self.state = State.CALLING
        self._consultation_up = True
        self.deadline = now + self.ring_s
        return [Consult(self.attempt, self.target)]

    @property
    def _way(self) -> Way:
        return self.ways.get(self.target, self.way)

    def _passed_over(self, now: float, code: int, reason: str) -> list[Command]:
        end = self._end_consultation(reason)
        return [*end, Failed(self.target, code, reason), *self._next(now)]

    def _connect(self, now: float) -> list[Command]:
        match self._way:
            case "conference":
                return [*self._bridge(now), Introduce()]
            case "attended" if self.replaces:
                return self._refer(now)
            case _:
                return self._bridge(now)

    def _bridge(self, now: float) -> list[Command]:
        self.state = State.BRIDGED
        self.deadline = None
        if self._joined_at is not None:
            return []
        self._joined_at = now
        return [Bridge()]

    def _person_left(self, now: float, code: int, reason: str) -> list[Command]:
        """The person of joined legs hung up: the call is over, unless it had hardly begun."""
        assert self._joined_at is not None
        if now - self._joined_at >= _GRACE_S:
            return [EndCaller(), self._over(Outcome.BRIDGED)]
        self._joined_at = None
        return [Part(), Hold(), Failed(self.target, code, reason), *self._next(now)]

    def _give_back(self, now: float) -> list[Command]:
        if not self.note_s:
            return [Part(), *self._end_consultation("given back"), self._over(Outcome.RETURNED)]
        self.state = State.RETURNING
        self.deadline = now + self.note_s
        return [Part(), Hold(), AskNote()]

    def _returned(self) -> list[Command]:
        end = self._end_consultation("given back")
        return [*end, Resume(), self._over(Outcome.RETURNED)]

    def _refer(self, now: float) -> list[Command]:
        self.state = State.REFERRING
        self._accepted = self._put_aside = False
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
        if self._accepted and self._put_aside:
            # Their phone talks to somebody else, and the person's call was replaced: it worked.
            return self._transferred()
        if self._accepted:
            return [Resume(), self._over(Outcome.UNKNOWN)]
        return self._refer_failed(now, _NO_ANSWER, "hung up before the transfer")

    def _refer_failed(self, now: float, code: int, reason: str) -> list[Command]:
        if not self._caller_up:
            return [*self._end_consultation("caller left"), self._over(Outcome.CALLER_GONE)]
        if self._consultation_up:
            # The person is there and knows the case: join them rather than start again.
            return self._bridge(now)
        if self._joined_at is not None:
            return self._person_left(now, code, reason)
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
