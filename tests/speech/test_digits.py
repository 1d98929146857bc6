"""Numbers read off encoder states; the states here are the classes themselves."""

from __future__ import annotations

import numpy as np
import pytest

from voiceagent.speech.digits import CLASSES, OTHER, SILENCE, THIRDS, DigitReader, reader

READER = DigitReader(6.0 * np.eye(CLASSES, dtype=np.float32), np.zeros(CLASSES, np.float32))


def states(*parts: int | tuple[int, int]) -> np.ndarray:
    """Frames: a digit lasts five for each third, (class, frames) as long as it says."""
    classes: list[int] = []
    for part in parts:
        if isinstance(part, tuple):
            classes += [part[0]] * part[1]
        else:
            classes += [part * THIRDS + third for third in range(THIRDS) for _ in range(5)]
    return np.eye(CLASSES, dtype=np.float32)[classes]


def pause(frames: int = 8) -> tuple[int, int]:
    return SILENCE, frames


@pytest.mark.parametrize("digits", ["4", "471229", "5555", "0123456789"])
@pytest.mark.parametrize("gap", [0, 8])
def test_digits_are_read_with_and_without_pauses_between_them(digits: str, gap: int) -> None:
    parts = [part for digit in digits for part in (int(digit), pause(gap))]
    number = READER.read(states(pause(), *parts))
    assert number.text == digits
    assert number.confidence > 0.8


def test_each_digit_has_its_time() -> None:
    number = READER.read(states(pause(10), 4, pause(10), 7))
    times = [(digit.start_s, digit.end_s) for digit in number.digits]
    assert np.allclose(times, [(0.2, 0.5), (0.7, 1.0)], atol=0.021)


def test_silence_and_other_speech_hold_no_digits() -> None:
    assert READER.read(states(pause(50))).text == ""
    number = READER.read(states((OTHER, 50)))
    assert number.text == ""
    assert number.other_s == pytest.approx(1.0)


def test_a_number_inside_a_sentence_is_read_and_the_rest_is_counted() -> None:
    number = READER.read(states((OTHER, 30), 4, 7, 1, pause()), range(3, 4))
    assert number.text == "471"
    assert number.other_s == pytest.approx(0.6)


def test_a_doubtful_digit_is_left_out_or_kept_as_the_length_asks() -> None:
    sound = states(pause(), 4, pause(), 7, pause())
    doubtful = sound.copy()
    start = 8 + 15 + 8
    doubtful[start : start + 15] = 0.5 * sound[start : start + 15]
    doubtful[start : start + 15, SILENCE] = 0.55
    assert READER.read(doubtful, range(1, 2)).text == "4"
    assert READER.read(doubtful, range(2, 3)).text == "47"


def test_digits_not_yet_said_are_not_invented() -> None:
    assert READER.read(states(pause(), 4, pause(), 7, pause(30)), range(6, 7)).text == "47"


def test_sound_too_short_for_a_digit_holds_none() -> None:
    assert READER.read(states(pause(3)), range(6, 7)).text == ""


@pytest.mark.parametrize(("model", "size"), [("whisper-base", 512), ("whisper-tiny-en", 384)])
def test_the_packaged_models_have_a_reader_that_fits_them(model: str, size: int) -> None:
    taught = reader(model)
    assert taught is not None
    weights, bias = taught.table
    assert (weights.shape, bias.shape) == ((size, CLASSES), (CLASSES,))


def test_another_model_has_none() -> None:
    assert reader("whisper-gigantic") is None
