"""Recordings of calls."""

import wave
from pathlib import Path

import numpy as np
import pytest

from voiceagent.audio.recording import Recorder


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def pcm(value: int, count: int) -> bytes:
    return np.full(count, value, "<i2").tobytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls" / "one.wav"


def test_each_side_is_in_its_channel_at_its_own_time(path: Path) -> None:
    recorder = Recorder(path)
    recorder.agent(160, pcm(2, 160))
    recorder.caller(0, pcm(1, 160))
    recorder.close()
    sound = read(path)
    assert sound[:, 0].tolist() == [1] * 160 + [0] * 160
    assert sound[:, 1].tolist() == [0] * 160 + [2] * 160


def test_both_sides_at_once_keep_out_of_each_others_channel(path: Path) -> None:
    recorder = Recorder(path)
    recorder.caller(0, pcm(1, 320))
    recorder.agent(80, pcm(2, 160))
    recorder.close()
    sound = read(path)
    assert sound[:, 0].tolist() == [1] * 320
    assert sound[:, 1].tolist() == [0] * 80 + [2] * 160 + [0] * 80


def test_a_gap_is_silence_and_what_comes_late_is_still_put_in_its_place(path: Path) -> None:
    recorder = Recorder(path)
    recorder.caller(80_000, pcm(3, 160))
    recorder.caller(4_000, pcm(4, 160))
    recorder.close()
    left = read(path)[:, 0]
    assert left.size == 80_160
    assert left[4_000:4_160].tolist() == [4] * 160
    assert not left[4_160:80_000].any()


def test_the_file_is_valid_before_it_is_closed(path: Path) -> None:
    recorder = Recorder(path)
    for frame in range(200):
        recorder.caller(160 * frame, pcm(5, 160))
    sound = read(path)
    assert 3 * 8000 <= len(sound) <= 4 * 8000
    recorder.close()
    assert len(read(path)) == 200 * 160


def test_writing_after_the_end_changes_nothing(path: Path) -> None:
    recorder = Recorder(path)
    recorder.caller(0, pcm(1, 160))
    recorder.close()
    before = path.read_bytes()
    recorder.agent(0, pcm(2, 160))
    recorder.close()
    assert path.read_bytes() == before


def test_a_moment_that_cannot_be_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="outside a recording"):
        Recorder(path).caller(-1, pcm(1, 160))


def test_only_its_owner_may_read_a_recording(path: Path) -> None:
    Recorder(path).close()
    assert path.stat().st_mode & 0o077 == 0
