"""Child processes: waited for until ready, started again when they die, gone at the end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from voiceagent import children
from voiceagent.children import Child, ChildError


class Changes:
    """What `on_change` was told, to be waited for."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[bool] = asyncio.Queue()

    def __call__(self, alive: bool) -> None:
        self._told.put_nowait(alive)

    async def next(self) -> bool:
        return await asyncio.wait_for(self._told.get(), 20)


@pytest.fixture
def lives(tmp_path: Path) -> Path:
    """The file in which each life of a child leaves its process id."""
    return tmp_path / "lives"


def offspring(
    how: str, lives: Path, start_s: float = 20, on_change: Callable[[bool], None] | None = None
) -> Child:
    arguments = [how, str(lives)]
    told = on_change or (lambda alive: None)
    return Child("offspring", "tests.offspring", arguments, start_s=start_s, on_change=told)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pids(lives: Path) -> list[int]:
    return [int(line) for line in lives.read_text().splitlines()]


async def test_a_child_is_there_when_it_has_said_so(lives: Path) -> None:
    async with offspring("healthy", lives) as child:
        assert child.ready == {"pid": child.pid, "life": 1}
        assert is_alive(child.ready["pid"])


async def test_a_child_ends_with_its_context(lives: Path) -> None:
    async with offspring("healthy", lives) as child:
        pid = child.ready["pid"]
    assert child.pid is None
    assert not is_alive(pid)


async def test_a_child_that_does_not_listen_to_sigterm_is_killed(
    lives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "_STOP_S", 0.2)
    async with offspring("stubborn", lives) as child:
        pid = child.ready["pid"]
    assert not is_alive(pid)


async def test_a_child_that_crashes_is_started_again_and_both_are_told(lives: Path) -> None:
    changes = Changes()
    async with offspring("healthy", lives, on_change=changes) as child:
        first = child.ready["pid"]
        os.kill(first, signal.SIGKILL)
        assert await changes.next() is False
        assert await changes.next() is True
        assert child.ready["life"] == 2
        assert child.pid == child.ready["pid"] != first


async def test_a_child_that_fails_to_come_back_is_tried_again(lives: Path) -> None:
    changes = Changes()
    async with offspring("sickly", lives, on_change=changes) as child:
        os.kill(child.ready["pid"], signal.SIGKILL)
        assert [await changes.next(), await changes.next()] == [False, True]
        assert child.ready["life"] == 3


async def test_a_child_that_crashes_again_and_again_is_given_longer_rests(
    lives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    real = asyncio.sleep

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        await real(0)

    monkeypatch.setattr(children.asyncio, "sleep", rest)
    changes = Changes()
    async with offspring("healthy", lives, on_change=changes) as child:
        for _ in range(3):
            os.kill(child.ready["pid"], signal.SIGKILL)
            assert [await changes.next(), await changes.next()] == [False, True]
    assert len(rests) == 3
    assert rests == sorted(set(rests))


async def test_a_child_that_never_gets_ready_is_named_and_not_left_behind(lives: Path) -> None:
    with pytest.raises(ChildError, match=r"offspring: was not ready within 2 s"):
        async with offspring("silent", lives, start_s=2):
            pytest.fail("it was taken for ready")
    (pid,) = pids(lives)
    assert not is_alive(pid)


async def test_a_child_that_ends_while_starting_is_told_at_once(lives: Path) -> None:
    async with asyncio.timeout(15):
        with pytest.raises(ChildError, match="offspring: ended while starting"):
            async with offspring("stillborn", lives, start_s=60):
                pytest.fail("it was taken for ready")


async def test_a_child_that_says_something_else_first_is_named_and_not_left_behind(
    lives: Path,
) -> None:
    with pytest.raises(ChildError, match=r"offspring: its first line is not JSON: .*hello there"):
        async with offspring("babbling", lives):
            pytest.fail("it was taken for ready")
    (pid,) = pids(lives)
    assert not is_alive(pid)


async def test_giving_up_the_wait_leaves_no_child_behind(lives: Path) -> None:
    child = offspring("silent", lives, start_s=60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await child.__aenter__()
    assert child.pid is None


async def test_leaving_while_a_child_is_being_started_again_leaves_none_behind(
    lives: Path,
) -> None:
    changes = Changes()
    async with offspring("healthy", lives, on_change=changes) as child:
        os.kill(child.ready["pid"], signal.SIGKILL)
        assert await changes.next() is False
    assert child.pid is None
    assert not any(is_alive(pid) for pid in pids(lives))
