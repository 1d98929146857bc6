"""`voiceagent explain`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from tests.recordedcall import FURIOUS, call
from voiceagent.cli import main
from voiceagent.records.store import Store


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["explain", *(str(argument) for argument in arguments)])
    return result.exit_code, result.output


def test_turns_stand_with_figures_thresholds_and_reasons(store: Path) -> None:
    code, shown = run("c1", "--store", store)
    assert code == 0
    assert FURIOUS in shown
    assert "hands over from 75%" in shown
    assert "because indignation" in shown


def test_the_picture_is_written_where_it_is_wanted(store: Path, tmp_path: Path) -> None:
    code, _ = run("c1", "--store", store, "-o", tmp_path / "call.svg")
    assert code == 0
    assert (tmp_path / "call.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(("name", "says"), [("x.png", ".svg"), ("none/x.svg", "cannot be written")])
def test_a_file_that_cannot_be_is_refused(
    store: Path, tmp_path: Path, name: str, says: str
) -> None:
    code, said = run("c1", "--store", store, "-o", tmp_path / name)
    assert code != 0
    assert says in said


def test_neither_terminal_nor_picture_gets_control_characters(tmp_path: Path) -> None:
    with Store(tmp_path / "calls.db") as opened:
        opened.extend(call("c1", ["my order\x1b[2J\nis late", FURIOUS]))
    code, said = run("c1", "--store", tmp_path / "calls.db", "-o", tmp_path / "c.svg")
    assert (code, "my order␛[2J␊is late" in said) == (0, True)
    assert ElementTree.fromstring((tmp_path / "c.svg").read_text(encoding="utf-8")).tag


def test_an_unknown_call_is_named(store: Path) -> None:
    code, said = run("c2", "--store", store)
    assert (code, "call c2: is not in" in said) == (1, True)
