"""When a message is over, and what of it is recognised."""

from __future__ import annotations

from tests.babble import babble
from voiceagent.audio.frames import FRAME_BYTES, FRAME_S
from voiceagent.audio.tones import comfort_noise
from voiceagent.handoff.dictation import Dictation


def speak(message: Dictation, pcm: bytes) -> bool:
    """Give it all; whether it was over by then."""
    over = False
    for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        over = message.push(pcm[at : at + FRAME_BYTES])
        if over:
            break
    return over


def quiet(seconds: float) -> bytes:
    return comfort_noise(seconds, -62.0, seed=1)


def test_a_message_is_over_after_some_silence_and_has_none_at_its_ends() -> None:
    message = Dictation(60)
    assert not speak(message, quiet(2.0) + babble(3.0) + quiet(1.0) + babble(2.0) + quiet(2.0))
    assert message.anything
    assert speak(message, quiet(2.0))
    assert 5.0 < len(message.pcm) / FRAME_BYTES * FRAME_S < 8.0


def test_where_nothing_is_said_it_is_over_after_a_while() -> None:
    message = Dictation(60)
    assert speak(message, quiet(10.0))
    assert not message.anything
    assert message.pcm == b""
    assert message.pieces() == []
    assert 6.0 < message.length_s < 8.0


def test_a_message_is_bounded() -> None:
    message = Dictation(5)
    assert speak(message, babble(20.0))
    assert 4.9 < message.length_s < 5.1


def test_a_long_message_is_recognised_in_pieces_that_are_cut_in_its_pauses() -> None:
    message = Dictation(120)
    speak(message, babble(14.0) + quiet(1.0) + babble(14.0) + quiet(1.0) + babble(10.0))
    pieces = message.pieces()
    assert b"".join(pieces) == message.pcm
    assert len(pieces) == 3
    assert all(len(piece) / FRAME_BYTES * FRAME_S <= 24.0 for piece in pieces)
    assert 14.0 < len(pieces[0]) / FRAME_BYTES * FRAME_S < 16.0


def test_speech_without_a_pause_is_cut_all_the_same() -> None:
    message = Dictation(60)
    message._activity.push = lambda pcm: (1.0, -20.0)  # type: ignore[method-assign, assignment, return-value]
    for _ in range(3000):
        message.push(bytes(FRAME_BYTES))
    assert [round(len(p) / FRAME_BYTES * FRAME_S) for p in message.pieces()] == [24, 24, 12]
