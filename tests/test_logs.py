"""What is logged, and what is not."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from voiceagent import config, logs
from voiceagent.events import Utterance


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(row) for row in capsys.readouterr().err.splitlines()]


def configure(level: str = "info") -> None:
    logs.configure(config.Log.model_validate({"format": "json", "level": level}))


def test_a_line_is_json_with_time_level_and_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    structlog.get_logger().info("call.answered", leg=1)
    (row,) = rows(capsys)
    assert (row["event"], row["level"], row["leg"]) == ("call.answered", "info", 1)
    assert str(row["timestamp"]).endswith("Z")


def test_library_lines_go_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    with logs.bind_call("c1"):
        logging.getLogger("some.package").warning("trouble %d", 7)
    (row,) = rows(capsys)
    assert (row["event"], row["level"], row["call"]) == ("trouble 7", "warning", "c1")


async def test_a_call_id_stands_on_every_line_of_its_own_task(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure()

    async def converse(call_id: str) -> None:
        with logs.bind_call(call_id):
            await asyncio.sleep(0.01)
            structlog.get_logger().info("turn", of=call_id)

    await asyncio.gather(converse("c1"), converse("c2"))
    structlog.get_logger().info("between")
    found = rows(capsys)
    assert all(row["call"] == row["of"] for row in found[:2])
    assert "call" not in found[2]


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_a_callers_words_never_appear_above_debug(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("debug")
    said = Utterance(text="my secret")
    log = getattr(structlog.get_logger(), level)
    log("turn", utterance=said, **dict.fromkeys(logs.WORDS, "my secret"))
    assert "my secret" not in capsys.readouterr().err


def test_debug_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    configure("debug")
    structlog.get_logger().debug("turn", text="my words")
    assert rows(capsys)[0]["text"] == "my words"


def test_less_severe_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("some.package").info("quiet")
    assert capsys.readouterr().err == ""


def test_talkative_libraries_are_heard_from_warning_up(capsys: pytest.CaptureFixture[str]) -> None:
    configure("debug")
    logging.getLogger("amqtt.broker").info("Listener bound")
    logging.getLogger("httpx").info("HTTP Request")
    logging.getLogger("amqtt.broker").warning("odd")
    assert [row["event"] for row in rows(capsys)] == ["odd"]


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(config.Log())
    structlog.get_logger().warning("bus.away", broker="mqtt://h:1")
    row = capsys.readouterr().err
    assert "bus.away" in row
    assert "broker=mqtt://h:1" in row


def test_an_exception_comes_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: broken" in str(rows(capsys)[0]["exception"])


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_tells_where_and_not_what_a_caller_said(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(config.Log.model_validate({"format": form}))

    def understand(words: str) -> int:
        return int(len(words) / 0)

    try:
        understand(f"my account is {4700 + 11}")
    except ZeroDivisionError:
        structlog.get_logger().exception("turn.failed")
    told = capsys.readouterr().err
    assert "in understand" in told
    assert "4711" not in told
