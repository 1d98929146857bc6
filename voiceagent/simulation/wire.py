"""The steps of a call and its attended transfer, found among the messages of a ladder."""

from __future__ import annotations

from collections.abc import Callable

from voiceagent.simulation.ladder import Arrow, Ladder


class Wire:
    """What the ladder shows of one call to the agent and of its handover.

    Every property is the arrow of a message, or None when the ladder does not have it.
    """

    def __init__(self, ladder: Ladder, agent: str = "agent") -> None:
        self._arrows = ladder.arrows
        self._agent = agent

    @property
    def invite(self) -> Arrow | None:
        """The INVITE of the first call the agent answered; the first one if it answered none."""
        calls = [a for a in self._arrows if a.target == self._agent and _opens(a)]
        answered = [a for a in calls if self._answer_to(a)]
        return next(iter(answered or calls), None)

    @property
    def call_id(self) -> str:
        """Its Call-ID, empty when there is no call."""
        return self.invite.message.call_id if self.invite else ""

    @property
    def answer(self) -> Arrow | None:
        """The agent's 200 to the caller's INVITE."""
        return self._answer_to(self.invite)

    @property
    def consultation(self) -> Arrow | None:
        """The agent's INVITE to the person who answered; the last one tried if nobody did."""
        tried = [a for a in self._arrows if a.source == self._agent and _opens(a)]
        answered = [a for a in tried if self._answer_to(a)]
        return next(reversed(answered or tried), None)

    @property
    def consultation_answer(self) -> Arrow | None:
        """The person's 200 to the agent's INVITE."""
        return self._answer_to(self.consultation)

    @property
    def refer(self) -> Arrow | None:
        """The last REFER the agent sent."""
        sent = [a for a in self._arrows if a.source == self._agent and _asks(a, "REFER")]
        return next(reversed(sent), None)

    @property
    def replacing(self) -> Arrow | None:
        """The INVITE with Replaces by which the two sides find each other (RFC 3891)."""
        return self._find(lambda a: _asks(a, "INVITE") and a.message.header("Replaces") is not None)

    @property
    def connected(self) -> Arrow | None:
        """The 200 to the INVITE with Replaces."""
        return self._answer_to(self.replacing)

    @property
    def notified(self) -> Arrow | None:
        """The NOTIFY that tells the agent of the transfer's success (RFC 3515, 2.4.5)."""
        refer = self.refer
        return self._find(
            lambda a: (
                refer is not None
                and a.target == self._agent
                and _asks(a, "NOTIFY")
                and a.message.call_id == refer.message.call_id
                and a.message.body.lstrip().startswith("SIP/2.0 200")
            )
        )

    @property
    def legs_ended(self) -> Arrow | None:
        """The 200 to the later of the two BYEs that end the agent's part."""
        if self.invite is None or self.consultation is None:
            return None
        ends = [self._bye_answer(leg.message.call_id) for leg in (self.invite, self.consultation)]
        known = [end for end in ends if end is not None]
        return max(known, key=lambda a: a.at_s) if len(known) == len(ends) else None

    @property
    def parted(self) -> Arrow | None:
        """The BYE that ends the call between caller and person."""
        call = self.replacing
        return self._find(
            lambda a: (
                call is not None and _asks(a, "BYE") and a.message.call_id == call.message.call_id
            )
        )

    def _find(self, wanted: Callable[[Arrow], bool]) -> Arrow | None:
        return next((arrow for arrow in self._arrows if wanted(arrow)), None)

    def _answer_to(self, request: Arrow | None) -> Arrow | None:
        if request is None:
            return None
        asked = request.message
        return self._find(
            lambda a: (
                a.message.status is not None
                and 200 <= a.message.status < 300
                and a.source == request.target
                and (a.message.call_id, a.message.cseq, a.message.method)
                == (asked.call_id, asked.cseq, asked.method)
            )
        )

    def _bye_answer(self, call_id: str) -> Arrow | None:
        byes = (a for a in self._arrows if _asks(a, "BYE") and a.message.call_id == call_id)
        return next((answer for bye in byes if (answer := self._answer_to(bye))), None)


def _asks(arrow: Arrow, method: str) -> bool:
    return arrow.message.is_request and arrow.message.method == method


def _opens(arrow: Arrow) -> bool:
    """An INVITE that opens a dialog: it has no tag in To (RFC 3261, 12.2), and asks for no
    other call to be replaced."""
    message = arrow.message
    to = message.header("To") or ""
    return (
        _asks(arrow, "INVITE")
        and "tag=" not in to.rpartition(">")[2]
        and message.header("Replaces") is None
    )
