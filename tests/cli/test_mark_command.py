"""`voiceagent mark`, and what `voiceagent calls --recorded` shows of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from voiceagent import events as e
from voiceagent.cli import main
from voiceagent.records.store import Store


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "voiceagent.toml"
    file.write_text('dialplan = "shop.yaml"\n[records]\npath = "calls.db"\n', encoding="utf-8")
    events: list[e.Event] = [
        e.CallArrived(facts=e.CallFacts(caller_number="+4930123")),
        e.TurnHeard(turn=1, utterance=e.Utterance(text="hello")),
        e.HandoverStarted(handover_id="h", reason="asked", topic="general", targets=("6001",)),
        e.HandoverCompleted(handover_id="h", target="6001"),
    ]
    with Store(tmp_path / "calls.db") as store:
        store.extend(
            e.Record.model_validate({"line": "l", "call_id": "c1", "t_s": n, "event": event})
            for n, event in enumerate(events)
        )
    return file


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_a_mark_is_kept_and_listed(settings: Path) -> None:
    assert run("mark", "c1", "too-late", "--turn", 1, "--reason", "wish", "-c", settings)[0] == 0
    code, shown = run("calls", "--recorded", "-c", settings)
    assert code == 0
    assert "too-late (wish)" in " ".join(shown.split())


def test_a_wrong_mark_names_the_mend(settings: Path) -> None:
    code, said = run("mark", "c1", "should-have-been", "-c", settings)
    assert (code, "write needed, too-late or not-needed" in said) == (1, True)


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    code, said = run("mark", "c1", "needed", "--store", tmp_path / "none.db")
    assert (code, "there is no such store" in said) == (1, True)
    assert not (tmp_path / "none.db").exists()


def test_without_a_store_the_options_are_named(tmp_path: Path) -> None:
    code, said = run("mark", "c1", "needed")
    assert (code, "-c FILE" in said) == (2, True)
