"""What callers have left: listed until somebody has taken care of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from voiceagent.cli import main
from voiceagent.events import (
    Callback,
    CallbackClosed,
    CallbackRequested,
    CallFacts,
    HandoverContext,
    Record,
)
from voiceagent.records.callbacks import CallbackError, close, left
from voiceagent.records.store import Store

AT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def requested(callback_id: str, kind: str = "call", line: str = "line-1") -> Record:
    context = HandoverContext(
        handover_id="h",
        call_id="call-1",
        created_at=AT,
        facts=CallFacts(),
        reason="asked",
        summary="The caller asked about a bill.",
    )
    callback = Callback.model_validate(
        {
            "callback_id": callback_id,
            "kind": kind,
            "number": "030123",
            "topic": "billing",
            "group": "billing",
            "text": "please call" if kind == "message" else "",
            "left_at": AT,
            "context": context,
        }
    )
    return Record(line=line, call_id="call-1", event=CallbackRequested(callback=callback))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "calls.db") as store:
        store.extend([requested("a1"), requested("b2", "message", line="line-2")])
        yield store


def test_what_is_closed_is_closed_for_its_own_line_and_call(store: Store) -> None:
    close(store, "b2", "anna")
    open_, closed = left(store)
    assert open_[2] is None
    assert closed[2] is not None
    assert closed[2].event == CallbackClosed(callback_id="b2", by="anna")
    assert (closed[2].line, closed[2].call_id) == ("line-2", "call-1")


def test_what_is_closed_or_unknown_cannot_be_closed(store: Store) -> None:
    close(store, "a1", "anna")
    with pytest.raises(CallbackError, match="was closed by anna"):
        close(store, "a1", "ben")
    with pytest.raises(CallbackError, match="none with this id"):
        close(store, "c3", "ben")


def test_the_command_lists_what_is_open_and_closes_it(store: Store) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["callbacks", "--store", str(store.path), *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    listed = run()
    assert "a1" in listed
    assert "call back" in listed
    assert "“please call”" in listed
    assert "The caller asked" in listed
    first = json.loads(run("--json").splitlines()[0])
    assert first["context"]["summary"] == "The caller asked about a bill."
    assert "a1: closed" in run("--close", "a1", "--by", "anna")
    assert "a1" not in run()
    assert "(closed)" in run("--all")
    run("--close", "b2")
    assert "no callbacks" in run()


def test_the_command_says_what_cannot_be_closed(store: Store) -> None:
    arguments = ["callbacks", "--store", str(store.path), "--close", "zz"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "zz: there is none with this id" in result.output
