"""What a turn means."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from voiceagent.events import Understanding, Utterance
from voiceagent.sense import SenseMaker
from voiceagent.speech.listener import Heard


class Understands:
    async def understand(self, text: str, expecting: object = None) -> Any:
        return Understanding(text=text), np.zeros(3, dtype=np.float32)


class Measures:
    def __init__(self) -> None:
        self.asked = 0

    async def measure(self, pcm: bytes) -> dict[str, float]:
        self.asked += 1
        return {"pitch": 1.0}


@pytest.mark.parametrize("voice", [True, False])
async def test_the_voice_is_measured_only_where_the_dialplan_has_it(voice: bool) -> None:
    speech = Measures()
    maker = SenseMaker(cast(Any, Understands()), cast(Any, speech), voice=voice)
    turn = Heard(Utterance(text="hello"), pcm=b"\0\0", started_at=0.0, ended_at=1.0)
    sense = await maker.of(turn, None)
    assert (sense.measures is not None, speech.asked) == (voice, int(voice))
    assert sense.understanding.text == "hello"


async def test_what_was_begun_for_the_same_words_is_not_made_again() -> None:
    speech = Measures()
    maker = SenseMaker(cast(Any, Understands()), cast(Any, speech), voice=True)
    maker.begin("hello", b"\0\0", None)
    maker.begin("hello", b"\0\0", None)  # told early, and again with the rest
    turn = Heard(Utterance(text="hello"), pcm=b"\0\0", started_at=0.0, ended_at=1.0)
    assert (await maker.of(turn, None)).understanding.text == "hello"
    assert speech.asked == 1


async def test_what_was_begun_for_other_words_is_given_up() -> None:
    maker = SenseMaker(cast(Any, Understands()), cast(Any, Measures()), voice=True)
    maker.begin("hello", b"\0\0", None)
    maker.begin("hello, when are you open?", b"\0\0\0\0", None)
    turn = Heard(Utterance(text="hello, when are you open?"), b"\0\0\0\0", 0.0, 1.0)
    assert (await maker.of(turn, None)).understanding.text == "hello, when are you open?"
