from __future__ import annotations

import asyncio

import pytest

from voiceagent import tasks


async def test_a_task_that_lost_its_first_cancellation_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "AGAIN_S", 0.01)
    lost = 0

    async def loses_one() -> None:
        nonlocal lost
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(loses_one())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await tasks.end(task)
    assert task.cancelled()
    assert lost == 1


async def test_what_a_task_raises_as_it_ends_is_not_raised_and_its_cleaning_up_is_waited_for() -> (
    None
):
    cleaned = False

    async def breaks() -> None:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned = True
            raise ValueError("as it ends")

    task = asyncio.create_task(breaks())
    await asyncio.sleep(0)
    await tasks.end(task)
    assert cleaned


async def test_tasks_that_have_ended_and_none_at_all_are_no_matter() -> None:
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    async with asyncio.timeout(1):
        await tasks.end(done)
        await tasks.end()
    assert not done.cancelled()


async def test_the_first_of_some_events_is_waited_for_and_nothing_goes_on_behind_it() -> None:
    soon, never = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, soon.set)
    async with asyncio.timeout(5):
        await tasks.first_of(never, soon)
    assert soon.is_set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_was_started_is_held_until_it_has_ended() -> None:
    running: set[asyncio.Task[int]] = set()
    goes_on = asyncio.Event()

    async def work() -> int:
        await goes_on.wait()
        return 7

    task = tasks.start(work(), running)
    assert running == {task}
    goes_on.set()
    assert await task == 7
    await asyncio.sleep(0)
    assert running == set()
