"""The PBX kit itself: the Asterisk that the call tests rely on, and the users' configuration."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import unpack
from asterisk import HERE, Asterisk
from rawsip import Message, Phone, sdp

pytestmark = pytest.mark.pbx

CONTEXT = {
    "User-to-User": "00c8f1d2a3;encoding=hex;purpose=voiceagent",
    "X-VoiceAgent-Handover": "c8f1d2a3",
    "X-VoiceAgent-Reason": "wants a person, now",
    "X-VoiceAgent-Topic": "billing",
}


@pytest.fixture
def server(asterisk: Asterisk) -> tuple[str, int]:
    return asterisk.sip_host, asterisk.sip_port


@pytest.fixture
def person(asterisk: Asterisk, server: tuple[str, int]) -> Iterator[Phone]:
    """The registered phone of 6001."""
    account = asterisk.people["6001"]
    with Phone(account.user, server) as phone:
        assert phone.register(account.password).code == 200
        yield phone


@pytest.fixture
def trunk(asterisk: Asterisk, server: tuple[str, int]) -> Iterator[Phone]:
    """The agent as an unregistered trunk."""
    with Phone("anything", server, asterisk.trunk_host, asterisk.trunk_port) as phone:
        yield phone


def call(phone: Phone, extension: str, headers: dict[str, str] | None = None) -> Message:
    host, port = phone.server
    return phone.request("INVITE", f"sip:{extension}@{host}:{port}", headers, sdp(phone.host))


def test_it_runs_a_current_asterisk(asterisk: Asterisk) -> None:
    version = re.match(r"Asterisk (\d+)\.", asterisk.cli("core show version"))
    assert version
    assert int(version[1]) >= 22


def test_the_users_configuration_loads_without_a_complaint(asterisk: Asterisk) -> None:
    log = asterisk.log.read_text()
    assert "Asterisk Ready" in log
    assert re.findall(r".*(?:WARNING|ERROR)\[.*", log.split("Asterisk Ready")[0]) == []
    endpoints = asterisk.cli("pjsip show endpoints")
    for name in ("voiceagent", "voiceagent-trunk", *asterisk.people, *asterisk.callers):
        assert f"Endpoint:  {name} " in endpoints


def test_every_module_asked_for_is_loaded(asterisk: Asterisk) -> None:
    asked = re.findall(r"(?m)^load=(\S+)", (HERE / "conf" / "modules.conf").read_text())
    loaded = asterisk.cli("module show")
    assert [name for name in asked if name not in loaded] == []
    assert "bridge_native_rtp" not in loaded


def test_options_is_answered(server: tuple[str, int]) -> None:
    with Phone("probe", server) as phone:
        request = phone.request("OPTIONS", f"sip:{server[0]}:{server[1]}")
        response = phone.expect(200, 401, 404)
    assert response.one("Call-ID") == request.one("Call-ID")


def test_a_phone_registers_only_with_its_password(
    asterisk: Asterisk, server: tuple[str, int]
) -> None:
    with Phone("6002", server) as phone:
        assert phone.register("guessed").code == 401
        assert not asterisk.registered("6002")
        assert phone.register(asterisk.people["6002"].password).code == 200
        assert asterisk.registered("6002")


def test_the_registered_agent_is_called_with_the_dialled_number(
    asterisk: Asterisk, server: tuple[str, int], trunk: Phone
) -> None:
    with Phone(asterisk.agent.user, server) as agent:
        assert agent.register(asterisk.agent.password).code == 200
        asterisk.cli("channel originate Local/1000@to-voiceagent application Echo")
        invite = agent.expect("INVITE")
        agent.answer(invite, 486, "Busy Here")
    assert invite.start.startswith(f"INVITE sip:1000@{agent.host}:{agent.port}")
    asterisk.cli("channel originate Local/1001@to-voiceagent application Echo")
    invite = trunk.expect("INVITE")
    trunk.answer(invite, 486, "Busy Here")
    assert invite.start.startswith(f"INVITE sip:1001@{trunk.host}:{trunk.port}")


def test_a_response_to_somebody_who_had_the_address_before_is_passed_over(trunk: Phone) -> None:
    with Phone("late", (trunk.host, trunk.port)) as server:
        server.answer(server.request("OPTIONS", f"sip:{trunk.host}"), 200, "OK")
        server.request("INFO", f"sip:{trunk.host}")
    assert trunk.expect("INFO").method == "INFO"


def test_the_agents_context_reaches_the_persons_phone(trunk: Phone, person: Phone) -> None:
    call(trunk, "6001", CONTEXT)
    invite = person.expect("INVITE")
    person.answer(invite, 486, "Busy Here")
    trunk.expect(486)
    assert {name: invite.one(name) for name in CONTEXT} == CONTEXT


def test_a_call_without_context_gets_none(trunk: Phone, person: Phone) -> None:
    call(trunk, "6001")
    invite = person.expect("INVITE")
    person.answer(invite, 486, "Busy Here")
    assert not re.search(r"(?im)^(user-to-user|x-voiceagent)", invite.head)


@pytest.mark.parametrize(("person_says", "agent_hears"), [(486, 486), (480, 480), (603, 403)])
def test_a_refusing_person_is_told_to_the_agent(
    trunk: Phone, person: Phone, person_says: int, agent_hears: int
) -> None:
    call(trunk, "6001")
    person.answer(person.expect("INVITE"), person_says, "No")
    assert trunk.expect(*range(300, 700)).code == agent_hears


def test_ringing_ends_after_the_set_time(asterisk: Asterisk, trunk: Phone, person: Phone) -> None:
    asterisk.ring_for(1)
    call(trunk, "6001")
    invite = person.expect("INVITE")
    person.answer(invite, 180, "Ringing")
    assert trunk.expect(*range(300, 700)).code == 480
    assert person.expect("CANCEL").one("Call-ID") == invite.one("Call-ID")


def test_an_absent_person_is_unavailable_at_once(trunk: Phone) -> None:
    call(trunk, "6003")
    assert trunk.expect(*range(300, 700), timeout_s=2).code == 480


def test_the_agent_may_dial_people_only(trunk: Phone) -> None:
    call(trunk, "1000")
    assert trunk.expect(*range(300, 700)).code == 404


def test_another_asterisk_runs_beside_it_and_leaves_nothing(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    with Asterisk(asterisk._root, tmp_path) as other:
        folder, pid = other._run, other.pid
        assert other.sip_port != asterisk.sip_port
        assert other.cli("core show uptime") != ""
        assert other.channels() == 0
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as free:
        free.bind((other.sip_host, other.sip_port))


def test_a_machine_without_apt_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(unpack.NotDebian, match="apt-get is not installed"):
        unpack.mirrors()
