"""`voiceagent learn`, with a real store and a dialplan that comes along."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.recordedcall import CALM, CROSS, call
from voiceagent.cli import main
from voiceagent.learning.fit import LEAST
from voiceagent.records.marks import MarkRequest, mark
from voiceagent.records.store import Store

DIALPLAN = Path(__file__).parents[2] / "dialplans" / "shop.yaml"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "voiceagent.toml"
    file.write_text(f'dialplan = "{DIALPLAN}"\n[records]\npath = "calls.db"\n', encoding="utf-8")
    Store(tmp_path / "calls.db").close()
    return file


@pytest.fixture
def marked(settings: Path) -> Path:
    with Store(settings.parent / "calls.db") as store:
        for n in range(LEAST):
            store.extend([*call(f"m{n}", [CALM, CROSS]), *call(f"f{n}", [CALM, "yes"])])
            mark(store, f"m{n}", MarkRequest(mark="should-have-been", turn=2))
            mark(store, f"f{n}", MarkRequest(mark="not-needed"))
    return settings


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["learn", *(str(argument) for argument in arguments)])
    return result.exit_code, result.output


def test_a_better_policy_is_kept_shown_used_and_left_again(marked: Path) -> None:
    code, shown = run("-c", marked)
    assert code == 0, shown
    assert "kept as version 0001" in shown
    assert "before" in shown
    assert "* dialplan" in run("-c", marked, "--list")[1]
    assert run("-c", marked, "--use", "0001")[0] == 0
    assert "* 0001" in run("-c", marked, "--list")[1]
    assert run("-c", marked, "--back")[1].startswith("dialplan is used")


def test_too_few_marks_change_nothing(settings: Path) -> None:
    code, said = run("-c", settings)
    assert (code, "at least 20 of each are needed" in said) == (1, True)
    assert not (settings.parent / "policies").exists()


def test_prices_are_more_than_nothing(settings: Path) -> None:
    assert run("-c", settings, "--price-missed", 0)[0] == 2


def test_one_thing_at_a_time(settings: Path) -> None:
    assert run("-c", settings, "--list", "--back")[0] == 2


def test_an_unknown_version_is_refused(settings: Path) -> None:
    code, said = run("-c", settings, "--use", "0007")
    assert (code, "there is no version 0007" in said) == (1, True)
