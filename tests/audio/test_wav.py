"""Sound files."""

import wave
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.io import wavfile

from voiceagent.audio import wav


def write(path: Path, channels: list[np.ndarray], rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.stack(channels, axis=1) * 32767).astype("<i2").tobytes())
    return path


def sine(hertz: float, rate: int) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_a_file_of_any_rate_is_read_as_telephone_audio(tmp_path: Path, rate: int) -> None:
    sound = wav.load(write(tmp_path / "a.wav", [sine(440, rate)], rate))
    assert sound.dtype == np.float32
    assert sound.size == pytest.approx(8000, abs=40)
    spectrum = np.abs(np.fft.rfft(sound, 8000))
    assert spectrum.argmax() == pytest.approx(440, abs=2)


def test_channels_can_be_had_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "two.wav", [sine(440, 16000), sine(1000, 16000)], 16000)
    left, right = wav.load_channels(path)
    assert np.abs(np.fft.rfft(left, 8000)).argmax() == pytest.approx(440, abs=2)
    assert np.abs(np.fft.rfft(right, 8000)).argmax() == pytest.approx(1000, abs=2)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.ulaw", "pcm_mulaw"), ("a.alaw", "pcm_alaw"), ("a.sln", "pcm_s16le")]
)
def test_what_asterisk_records_without_a_header_is_read(
    tmp_path: Path, name: str, codec: str
) -> None:
    sound = sine(440, 8000)
    frame = av.AudioFrame.from_ndarray(
        (sound[np.newaxis] * 32767).astype("<i2"), format="s16", layout="mono"
    )
    frame.rate = 8000
    coder = av.CodecContext.create(codec, "w")
    coder.sample_rate, coder.layout, coder.format = 8000, "mono", "s16"
    (tmp_path / name).write_bytes(b"".join(bytes(packet) for packet in coder.encode(frame)))
    assert np.abs(wav.load(tmp_path / name) - sound).max() < 0.05


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_silence_and_the_rest_is_kept(
    tmp_path: Path, broken: float
) -> None:
    sound = sine(440, 8000).astype(np.float32)
    sound[4000] = broken
    wavfile.write(tmp_path / "broken.wav", 8000, sound)
    read = wav.load(tmp_path / "broken.wav")
    assert np.isfinite(read).all()
    assert np.abs(read[:3900] - sound[:3900]).max() < 1e-3
    assert np.abs(read[4100:] - sound[4100:]).max() < 1e-3


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    sound = sine(300, 8000).astype(np.float32)
    wav.save(tmp_path / "b.wav", sound)
    assert np.abs(wav.load(tmp_path / "b.wav") - sound).max() < 1e-3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(wav.AudioFileError, match=r"none\.wav"):
        wav.load(tmp_path / "none.wav")


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(wav.AudioFileError, match=r"text\.wav"):
        wav.load(tmp_path / "text.wav")
