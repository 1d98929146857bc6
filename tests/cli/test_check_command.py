"""`voiceagent check`: what is looked at, and what is said of it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from voiceagent.cli.check import check, findings
from voiceagent.cli.run import run

DIALPLAN = Path(__file__).parents[2] / "dialplans" / "shop.yaml"


def settings(folder: Path, text: str = "", *, dialplan: Path = DIALPLAN) -> Path:
    path = folder / "agent.toml"
    lines = [f'dialplan = "{dialplan}"', "[sip]", 'address = "127.0.0.1"', "port = 0"]
    path.write_text("\n".join([*lines, text]))
    return path


def found(path: Path) -> dict[str, str]:
    """What is to be done, by what was looked at: its first word."""
    return {what.split()[0]: problem for what, problem in findings(path)}


def test_wrong_settings_are_all_that_is_told(tmp_path: Path) -> None:
    path = settings(tmp_path, "prot = 5060")
    ((what, problem),) = findings(path)
    assert what == f"settings {path}"
    assert "did you mean port?" in problem


@pytest.mark.models
def test_everything_is_looked_at_and_all_is_well(tmp_path: Path) -> None:
    path = settings(tmp_path, 'dial_domain = "pbx"\n[mqtt]\nembedded_address = "127.0.0.1:0"')
    seen = found(path)
    looked_at = "settings dialplan language policy handover languages model SIP IP embedded records"
    assert set(looked_at.split()) == {*seen}
    assert not any(seen.values())
    printed = CliRunner().invoke(check, ["-c", str(path)])
    assert printed.exit_code == 0
    assert printed.output.count("✓") == len([*findings(path)])


@pytest.mark.models
def test_each_thing_that_is_wrong_is_told_with_its_mend(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip, socket.socket() as broker:
        for taken in (sip, broker):
            taken.bind(("127.0.0.1", 0))
        broker.listen()
        path = settings(
            tmp_path,
            f'allow = []\n[mqtt]\nembedded_address = "127.0.0.1:{broker.getsockname()[1]}"\n'
            '[records]\npath = "nowhere/voiceagent.db"',
        )
        port = sip.getsockname()[1]
        path.write_text(path.read_text().replace("port = 0", f"port = {port}"))
        seen = found(path)
    assert "set sip.dial_domain" in seen["handover"]
    assert "is an agent running?" in seen["SIP"]
    assert "nobody may call" in seen["IP"]
    assert "mqtt.embedded_address" in seen["embedded"]
    assert "nowhere does not exist: make it" in seen["records"]
    assert CliRunner().invoke(check, ["-c", str(path)]).exit_code == 1


@pytest.mark.models
def test_a_broker_address_that_is_none_is_a_finding_and_no_traceback(tmp_path: Path) -> None:
    seen = found(settings(tmp_path, '[mqtt]\nembedded_address = "nonsense"'))
    assert "is not host:port" in seen["embedded"]


@pytest.mark.models
def test_a_dialplan_that_is_not_there_does_not_hide_the_rest(tmp_path: Path) -> None:
    seen = found(settings(tmp_path, dialplan=tmp_path / "missing.yaml"))
    assert "missing.yaml" in seen["dialplan"]
    assert "records" in seen


def test_a_speech_service_of_another_line_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = settings(tmp_path, f'[speech]\nstart = false\naddress = "unix:{tmp_path}/none.sock"')
    seen = found(path)
    assert "start the line whose service it is" in seen["speech"]
    assert "model" not in seen


def test_a_voice_that_does_not_speak_the_language_is_told_and_nothing_starts(
    tmp_path: Path,
) -> None:
    voice = tmp_path / "anna.onnx"
    voice.write_bytes(b"")
    voice.with_name("anna.onnx.json").write_text('{"espeak": {"voice": "de"}}')
    path = settings(tmp_path, f'[speech.voices.anna]\nmodel = "{voice}"\n[speech]\nvoice = "anna"')
    problem = next(problem for what, problem in findings(path) if what == "language en")
    assert problem == (
        "speech.voice is anna, which speaks de, not en: set speech.languages.en.voice to a Piper "
        "voice that does, or .synthesizer to a Wyoming service"
    )
    started = CliRunner().invoke(run, ["-c", str(path)])
    assert started.exit_code == 1
    assert problem in started.output


def test_a_version_of_the_policy_that_is_gone_is_found(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    ledger = tmp_path / "policies" / "in-use"
    ledger.write_text("2025-01-01T00:00:00Z 0003\n", encoding="utf-8")
    assert "there is no version 0003" in found(settings(tmp_path))["policy"]
