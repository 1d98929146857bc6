"""`voiceagent dialplan` on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from voiceagent.cli import main

DIALPLANS = Path(__file__).parents[2] / "dialplans"


def test_check_counts_what_a_good_dialplan_has() -> None:
    files = [str(DIALPLANS / "shop.yaml"), str(DIALPLANS / "clinic.yaml")]
    result = CliRunner().invoke(main, ["dialplan", "check", *files])
    assert result.exit_code == 0
    assert result.output.count(": ok (") == 2
    assert "1 look-up" in result.output


def test_check_prints_every_problem_of_every_file_and_fails(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\nhello: y\ntargets:\n  billing: ['1']\n", encoding="utf-8")
    good = str(DIALPLANS / "shop.yaml")
    result = CliRunner().invoke(main, ["dialplan", "check", str(bad), good])
    assert result.exit_code == 1
    assert f"{bad}:2: hello: there is no such key" in result.output
    assert f"{bad}:1: has no greeting: add `greeting:`" in result.output
    assert f"{good}: ok" in result.output


@pytest.mark.models
def test_try_answers_looks_up_and_hands_over_from_a_pipe() -> None:
    lines = "where is my order\n471229\n\nmy bill is wrong, you charged me twice\n"
    result = CliRunner().invoke(main, ["dialplan", "try", str(DIALPLANS / "shop.yaml")], lines)
    assert result.exit_code == 0, result.output
    assert "order_status 0." in result.output
    assert "order_number = 471229" in result.output
    assert "should be with you tomorrow" in result.output
    assert "I did not hear anything." in result.output
    assert "handover to 6001 then 6002" in result.output


@pytest.mark.models
def test_try_takes_a_request_that_was_met_for_progress_as_a_call_does() -> None:
    lines = "where is my order\n471229\n" * 3
    result = CliRunner().invoke(main, ["dialplan", "try", str(DIALPLANS / "shop.yaml")], lines)
    assert result.output.count("found in") == 2
    assert "asked the same" not in result.output


def test_try_names_what_is_wrong_with_a_bad_dialplan(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: x\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["dialplan", "try", str(bad)])
    assert result.exit_code == 1
    assert "has no greeting" in result.output
