"""Registrars of all kinds: how they challenge, and what they ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.pbx.rawsip import Message
from tests.telephony.conftest import Echo
from tests.telephony.wire import HOST, Dialog, Wire

pytestmark = [pytest.mark.call]

DIGEST = 'WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}"'


def challenge(more: str = "", realm: str = "pbx", nonce: str = "n") -> str:
    return DIGEST.format(realm=realm, nonce=nonce) + more


@dataclass
class Registrar:
    agent: Echo
    wire: Wire
    last: Message

    def answer(self, code: int, headers: Sequence[str] = ()) -> None:
        """Answer the last REGISTER; a 200 has its Contact."""
        contact = [f"Contact: {self.last.one('Contact')};expires=300"] if code == 200 else []
        dialog = Dialog(self.wire, self.agent.address)
        dialog.respond(self.last, code, [*contact, *headers], tag="r")

    async def asked(self) -> Message:
        """The next REGISTER."""
        number = self.last.one("CSeq")
        while self.last.one("CSeq") == number:
            self.last = await self.wire.expect("REGISTER", timeout_s=15)
        return self.last


@pytest_asyncio.fixture
async def registrar() -> AsyncIterator[Registrar]:
    with Wire() as wire:
        async with Echo(registrar=f"sip:{HOST}:{wire.port}", password="secret") as agent:
            yield Registrar(agent, wire, await wire.expect("REGISTER"))
            agent.kill()


@pytest.mark.parametrize(
    ("challenges", "answers"),
    [
        ([challenge()], ["pbx"]),
        ([challenge(', algorithm=SHA-256, qop="auth,auth-int"')], ["pbx"]),
        ([challenge(", algorithm=SHA-512-256"), challenge(nonce="n2")], ["pbx"]),
        ([challenge(realm="one"), challenge(realm="two")], ["one", "two"]),
    ],
    ids=["no qop", "SHA-256", "an unknown one first", "two realms"],
)
async def test_a_challenge_is_answered(
    registrar: Registrar, challenges: list[str], answers: list[str]
) -> None:
    registrar.answer(401, challenges)
    given = (await registrar.asked()).all("Authorization")
    assert [value.partition('realm="')[2].partition('"')[0] for value in given] == answers
    assert ("SHA-256" in given[0]) == ("SHA-256" in challenges[0])


async def test_intervals_nonces_and_routes_are_those_of_the_registrar(registrar: Registrar) -> None:
    registrar.answer(423, ["Min-Expires: 1800"])
    assert (await registrar.asked()).one("Expires") == "1800"
    for nonce, stale in (("first", ""), ("second", ", stale=true")):
        registrar.answer(401, [challenge(stale, nonce=nonce)])
        assert f'nonce="{nonce}"' in (await registrar.asked()).one("Authorization")
    with Wire() as proxy:
        registrar.answer(200, [f"Service-Route: <sip:{HOST}:{proxy.port};lr>"])
        # What comes first is read first: now it knows the route.
        await Dialog(registrar.wire, registrar.agent.address).ask("OPTIONS")
        await registrar.agent.do("call", to=f"sip:person@{HOST}:{registrar.wire.port}", name="x")
        invite = await proxy.expect("INVITE")
        assert str(proxy.port) in invite.one("Route")


async def test_a_challenge_that_cannot_be_answered_is_named_in_the_log(
    registrar: Registrar,
) -> None:
    registrar.answer(401, [challenge(', qop="auth-int"')])
    line = await registrar.agent.tells("log", line="registration.failed")
    assert "auth-int" in line["mend"]
