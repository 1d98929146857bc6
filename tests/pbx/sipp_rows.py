"""SIPp with scenarios of the tests' own, beside this file: the caller's side, and the person's."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from asterisk import free_udp_ports
from equipment import Program
from strangers import Play, Stage, row

from tests.handoff.matrix import becomes
from tests.handoff.peer import Peer

_SCENARIOS = Path(__file__).parent / "sipp"
CALLER_HZ, PERSON_HZ = 800, 1300


class Sipp(Program):
    """SIPp playing one scenario; what it hears it says."""

    def __init__(self, stage: Stage, scenario: str, *arguments: object, calls: int = 1) -> None:
        self.port = free_udp_ports("127.0.0.1", 1)
        super().__init__(
            stage.root, "bin/sipp", *arguments,
            "-sf", _SCENARIOS / f"{scenario}.xml", "-m", calls, "-i", "127.0.0.1", "-p", self.port,
            "-mp", free_udp_ports("127.0.0.1", 4), "-rtp_echo", "-nostdin", "-nd",
            "-timeout", "30s", "-timeout_error", "-trace_err",
            "-error_file", stage.folder / f"{scenario}.errors",
            "-trace_msg", "-message_file", stage.folder / f"{scenario}.messages",
            log=stage.folder / f"{scenario}.log",
        )  # fmt: skip
        self._errors = stage.folder / f"{scenario}.errors"
        self._messages = stage.folder / f"{scenario}.messages"

    @property
    def uri(self) -> str:
        return f"sip:sipp@127.0.0.1:{self.port}"

    @property
    def messages(self) -> str:
        """All that it has sent and received."""
        return self._messages.read_text() if self._messages.exists() else ""

    async def went_as_written(self) -> None:
        """Wait for the scenario's end.

        Raises:
            AssertionError: it took another course; the text says where.
        """
        code = await self.ended()
        errors = self._errors.read_text() if self._errors.exists() else self.said[-1500:]
        assert code == 0, f"{self.log.stem} ended with {code}: {errors}"


def calls(stage: Stage) -> tuple[object, ...]:
    """SIPp's arguments to call the agent."""
    host, port = stage.address
    return f"{host}:{port}", "-s", stage.name


def takes_the_call(scenario: str) -> Play:
    """SIPp as the person whom the caller's call reaches, with Replaces."""

    async def play(s: Stage) -> None:
        async with AsyncExitStack() as stack:
            caller = await stack.enter_async_context(Peer("caller", CALLER_HZ))
            target = await stack.enter_async_context(Sipp(s, scenario, calls=2))
            await caller.call(s.uri, s.address)
            await s.hand_over(target.uri)
            await s.event("handover.completed")
            await caller.calls[-1].line.hears(CALLER_HZ, frames=30)
            for call in caller.present:
                call.hang_up()
            await target.went_as_written()

    return play


row("SIPp is the person: it takes the INVITE with Replaces", "transferred")(
    takes_the_call("target")
)
row("SIPp is the person: 422, a recorded route, a refresh without an offer", "transferred")(
    takes_the_call("odd_target")
)


@row("SIPp is the caller: it follows the REFER by an INVITE with Replaces", "transferred")
async def _(s: Stage) -> None:
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(Peer("person", PERSON_HZ))
        transferee = await stack.enter_async_context(Sipp(s, "transferee", *calls(s)))
        await s.event("answered")
        await s.hand_over(person.uri)
        await s.event("handover.completed")
        await person.calls[-1].line.hears(PERSON_HZ, frames=30)
        for call in person.present:
            call.hang_up()
        await transferee.went_as_written()


@row("SIPp is the caller: no offer, a recorded route, refresh, 491, 407, BYE first", "transferred")
async def _(s: Stage) -> None:
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(Peer("person", PERSON_HZ))
        transferee = await stack.enter_async_context(Sipp(s, "odd_transferee", *calls(s)))
        await s.event("answered")
        await s.hand_over(person.uri, accept="key", accept_s=60)
        await s.event("briefing.spoken")
        await becomes(lambda: "a=recvonly" in transferee.messages, "the hold is taken")
        person.calls[0].line.press("1")
        await s.event("left")
        person.calls[0].hang_up()  # as if the caller's call had taken its place
        await s.event("handover.completed")
        await transferee.went_as_written()
