"""`voiceagent replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from voiceagent.cli import main


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "patient.yaml"
    file.write_text("anger_handover: 1.0\nanger_offer: 1.0\n", encoding="utf-8")
    return file


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["replay", *(str(argument) for argument in arguments)])
    return result.exit_code, result.output


def test_a_call_is_shown_turn_by_turn_with_a_summary(store: Path, policy: Path) -> None:
    code, shown = run("c1", "--policy", policy, "--store", store)
    assert code == 0
    assert "handed over at turn 2; by this policy never" in " ".join(shown.split())
    assert "1 calls, 2 turns, 1 decided otherwise" in " ".join(shown.split())


def test_as_json_it_can_be_worked_with(store: Path, policy: Path) -> None:
    _, shown = run("--all", "--policy", policy, "--store", store, "--json")
    (found,) = [json.loads(line) for line in shown.splitlines()]
    assert found["handed_over"] == {"before": 2, "after": None}
    assert [turn["after"] for turn in found["turns"]] == ["continue", "continue"]


def test_an_unknown_call_and_a_wrong_policy_are_named(store: Path, policy: Path) -> None:
    code, said = run("c9", "--policy", policy, "--store", store)
    assert (code, "call c9: is not in" in said) == (1, True)
    policy.write_text("anger_handover: 2\n", encoding="utf-8")
    code, said = run("c1", "--policy", policy, "--store", store)
    assert (code, ":1: anger_handover: cannot be 2" in said) == (1, True)


def test_calls_are_named_or_all(store: Path, policy: Path) -> None:
    assert run("--policy", policy, "--store", store)[0] == 2
    assert run("c1", "--all", "--policy", policy, "--store", store)[0] == 2
