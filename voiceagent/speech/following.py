"""One utterance on its way to the recogniser, from before there is a connection.

A streaming engine has done most of its work when the caller pauses, if it was fed until then;
any other takes the whole at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from voiceagent import tasks
from voiceagent.events import Utterance
from voiceagent.speech.client import RecognitionStream


class Following:
    """Recognises what it is fed. End it by `finish` or by `cancel`.

    Args:
        opening: a stream as soon as there is one; what is fed before waits for it.
        on_partial: told the words so far whenever they change, until `finish`.
    """

    def __init__(
        self,
        opening: Coroutine[Any, Any, RecognitionStream],
        on_partial: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._on_partial = on_partial
        self._stream: RecognitionStream | None = None
        self._waiting = b""
        self._opening = asyncio.create_task(self._open(opening))
        self._opening.add_done_callback(tasks.look_at)

    def feed(self, pcm: bytes) -> None:
        """Take samples; never blocks and never raises, a lost service shows in `finish`."""
        if self._stream is None:
            self._waiting += pcm
        else:
            self._stream.feed(pcm)

    async def finish(self, on_text: Callable[[str], None]) -> Utterance:
        """The utterance; `on_text` is told its text when that is known ahead of the rest.

        Raises:
            SpeechError: the service was lost, refused or took too long.
        """
        stream = await self._opening
        stream.on_partial = lambda text: None
        stream.on_text = on_text
        return await stream.finish()

    def cancel(self) -> None:
        """Give the utterance up, if it is not over."""
        self._opening.cancel()
        if self._stream is not None:
            self._stream.cancel()

    async def _open(self, opening: Coroutine[Any, Any, RecognitionStream]) -> RecognitionStream:
        stream = self._stream = await opening
        stream.on_partial = self._on_partial
        stream.feed(self._waiting)
        self._waiting = b""
        return stream
