"""What a leg sends, frame by frame, the test being the clock."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from voiceagent.audio.frames import FRAME_BYTES, FRAME_S, SILENCE
from voiceagent.telephony.media import LegAudio, Playback


def frame(value: int) -> bytes:
    """A frame that can be told from others."""
    return bytes([value]) * FRAME_BYTES


NOISE = [frame(100), frame(101), frame(102)]


@pytest.fixture
async def audio() -> LegAudio:
    audio = LegAudio(asyncio.get_running_loop())
    audio.background(b"".join(NOISE))
    return audio


async def settled(event: asyncio.Event) -> None:
    """What the clock told the loop arrives at its next turns."""
    await asyncio.wait_for(event.wait(), 1)


def play(audio: LegAudio, *pcm: bytes) -> Playback:
    playback = audio.play()
    for piece in pcm:
        playback.feed(piece)
    return playback


async def test_the_background_loops_while_nothing_is_played(audio: LegAudio) -> None:
    assert [audio.give_out() for _ in range(7)] == [*NOISE, *NOISE, NOISE[0]]


async def test_without_a_background_there_is_silence() -> None:
    audio = LegAudio(asyncio.get_running_loop())
    assert audio.give_out() == SILENCE
    audio.background(b"")
    assert audio.give_out() == SILENCE


async def test_a_background_is_cut_to_whole_frames(audio: LegAudio) -> None:
    audio.background(frame(7) + frame(8) + b"rest")
    assert [audio.give_out() for _ in range(3)] == [frame(7), frame(8), frame(7)]


async def test_a_new_background_begins_at_its_beginning(audio: LegAudio) -> None:
    audio.give_out()
    audio.background(frame(1) + frame(2))
    assert audio.give_out() == frame(1)


async def test_what_is_played_leaves_in_order_and_the_background_follows(audio: LegAudio) -> None:
    playback = play(audio, frame(1), frame(2))
    playback.close()
    assert [audio.give_out() for _ in range(2)] == [frame(1), frame(2)]
    assert audio.give_out() in NOISE
    await settled(playback.finished)
    assert playback.played_s == pytest.approx(2 * FRAME_S)
    assert not playback.cut


async def test_pieces_of_any_length_become_frames_without_a_seam(audio: LegAudio) -> None:
    sound = bytes(range(250)) * 16
    assert len(sound) % FRAME_BYTES
    playback = audio.play()
    cuts = [0, 2, 4, 500, 502, 1800, len(sound)]
    for start, end in pairwise(cuts):
        playback.feed(sound[start:end])
    playback.close()
    left = b""
    while len(left) < len(sound):
        left += audio.give_out()
    assert left[: len(sound)] == sound
    assert set(left[len(sound) :]) == {0}


async def test_the_wait_for_the_first_piece_is_filled_with_the_background(
    audio: LegAudio,
) -> None:
    playback = audio.play()
    assert audio.give_out() == NOISE[0]
    assert not playback.started.is_set()
    playback.feed(frame(1))
    assert audio.give_out() == frame(1)
    await settled(playback.started)
    assert playback.started_at is not None


async def test_a_gap_in_the_feeding_is_silence_and_not_the_end(audio: LegAudio) -> None:
    playback = play(audio, frame(1))
    assert [audio.give_out() for _ in range(3)] == [frame(1), SILENCE, SILENCE]
    await asyncio.sleep(0)
    assert not playback.finished.is_set()
    playback.feed(frame(2))
    playback.close()
    assert audio.give_out() == frame(2)
    await settled(playback.finished)
    assert playback.played_s == pytest.approx(2 * FRAME_S)


async def test_a_pause_keeps_what_has_not_left(audio: LegAudio) -> None:
    playback = play(audio, frame(1), frame(2))
    playback.close()
    audio.give_out()
    playback.pause()
    assert [audio.give_out() for _ in range(2)] == [SILENCE, SILENCE]
    playback.unpause()
    assert audio.give_out() == frame(2)
    await settled(playback.finished)
    assert not playback.cut


async def test_stopping_drops_what_has_not_left(audio: LegAudio) -> None:
    playback = play(audio, frame(1), frame(2))
    audio.give_out()
    playback.stop()
    assert playback.finished.is_set()
    assert playback.cut
    assert audio.give_out() in NOISE
    assert playback.played_s == pytest.approx(FRAME_S)


async def test_stopping_after_the_end_cuts_nothing(audio: LegAudio) -> None:
    playback = play(audio, frame(1))
    playback.close()
    audio.give_out()
    playback.stop()
    assert not playback.cut


async def test_what_is_fed_after_a_stop_is_never_heard(audio: LegAudio) -> None:
    playback = play(audio, frame(1))
    playback.stop()
    playback.feed(frame(2))
    assert audio.give_out() in NOISE


async def test_a_new_playback_takes_the_place_of_the_old_one(audio: LegAudio) -> None:
    old = play(audio, frame(1), frame(2))
    audio.give_out()
    play(audio, frame(3))
    assert old.stopped
    assert old.cut
    assert audio.give_out() == frame(3)


async def test_an_empty_playback_finishes(audio: LegAudio) -> None:
    playback = audio.play()
    playback.close()
    assert audio.give_out() in NOISE
    await settled(playback.finished)
    assert playback.started_at is None


async def test_the_end_of_a_leg_ends_what_is_played_and_what_would_be(audio: LegAudio) -> None:
    playing = play(audio, frame(1), frame(2))
    audio.close()
    assert playing.finished.is_set()
    assert playing.stopped
    late = play(audio, frame(3))
    assert late.finished.is_set()
    assert audio.give_out() != frame(3)


async def test_both_directions_are_told_in_the_event_loop(audio: LegAudio) -> None:
    came: list[bytes] = []
    went: list[bytes] = []
    audio.received, audio.sent = came.append, went.append
    audio.take_in(frame(9))
    out = audio.give_out()
    assert (came, went) == ([], [])
    told = asyncio.Event()
    asyncio.get_running_loop().call_soon(told.set)
    await settled(told)
    assert (came, went) == ([frame(9)], [out])


def test_the_clock_outlives_the_loop() -> None:
    loop = asyncio.new_event_loop()
    audio = LegAudio(loop)
    audio.received = audio.sent = lambda pcm: None
    playback = audio.play()
    playback.feed(frame(1))
    playback.close()
    loop.close()
    audio.take_in(SILENCE)
    assert audio.give_out() == frame(1)
