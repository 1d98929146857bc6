"""`voiceagent vcon`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.recordedcall import CALM, FURIOUS
from voiceagent.cli import main


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["vcon", *(str(argument) for argument in arguments)])
    return result.exit_code, result.output


def test_a_call_of_the_store_is_written_as_a_file_and_as_text(store: Path, tmp_path: Path) -> None:
    code, shown = run("c1", "--store", store)
    assert code == 0
    file = tmp_path / "c1.vcon.json"
    assert run("c1", "--store", store, "-o", file) == (0, "")
    assert json.loads(file.read_text(encoding="utf-8")) == json.loads(shown)
    said = [line["text"] for one in json.loads(shown)["analysis"] for line in one["body"]
            if one["type"] == "transcript"]  # fmt: skip
    assert said == [CALM, FURIOUS]


def test_what_cannot_be_written_or_found_is_told_with_its_name(store: Path, tmp_path: Path) -> None:
    code, told = run("c1", "--store", store, "-o", tmp_path / "nowhere" / "c1.json")
    assert code == 1
    assert "nowhere/c1.json" in told
    code, told = run("c9", "--store", store)
    assert code == 1
    assert "c9" in told
