"""The threads of the service and their queue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from voiceagent.events import Utterance
from voiceagent.speech.recognizer import OnText, RecognitionError, nobody
from voiceagent.speech.workers import Refusal, Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers(recognition=1)
    yield workers
    workers.close()


class Slow:
    """A recognition that ends when it is allowed to."""

    def __init__(self, allowed: threading.Event) -> None:
        self._allowed = allowed

    def feed(self, pcm: bytes) -> str:
        return ""

    def finish(self, on_text: OnText = nobody) -> Utterance:
        self._allowed.wait(5)
        return Utterance(text="done")

    def abandon(self) -> None:
        self._allowed.set()


class Broken(Slow):
    def finish(self, on_text: OnText = nobody) -> Utterance:
        raise RecognitionError("the engine broke")


async def test_a_full_queue_refuses_more_and_takes_on_again_when_it_is_empty(workers) -> None:
    allowed = threading.Event()
    waiting = []
    for _ in range(16):
        waiting.append(asyncio.create_task(workers.finish(Slow(allowed), small=False)))
        await asyncio.sleep(0)
    with pytest.raises(Refusal, match="16 utterances are waiting"):
        await workers.finish(Slow(allowed), small=False)
    allowed.set()
    assert {utterance.text for utterance in await asyncio.gather(*waiting)} == {"done"}
    assert (await workers.finish(Slow(allowed), small=False)).text == "done"


async def test_an_engine_that_breaks_leaves_the_worker_whole(workers) -> None:
    allowed = threading.Event()
    allowed.set()
    with pytest.raises(RecognitionError):
        await workers.finish(Broken(allowed), small=False)
    assert (await workers.finish(Slow(allowed), small=False)).text == "done"


async def test_a_growing_queue_asks_for_relief(workers) -> None:
    allowed = threading.Event()
    assert not workers.relief_needed()
    waiting = [asyncio.create_task(workers.finish(Slow(allowed), False)) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert workers.relief_needed()
    allowed.set()
    await asyncio.gather(*waiting)
    assert workers.relief_needed(), "it stays until the queue was gone for a while"
