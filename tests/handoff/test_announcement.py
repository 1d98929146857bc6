"""Who talks on while they are talked to is a machine."""

from __future__ import annotations

from voiceagent.audio.frames import FRAME_S
from voiceagent.handoff.announcement import Announcement


def heard(*stretches: tuple[bool, float], after_s: float = 4.0) -> bool:
    """Whether speech and silence of these lengths in seconds are taken for an announcement."""
    machine = Announcement(after_s)
    frames = [speech for speech, seconds in stretches for _ in range(round(seconds / FRAME_S))]
    return any(machine.push(0.9 if speech else 0.1) for speech in frames)


def test_speech_that_does_not_end_is_an_announcement() -> None:
    assert heard((False, 1.0), (True, 4.1))


def test_an_announcement_may_breathe() -> None:
    assert heard((True, 1.8), (False, 0.4), (True, 1.5), (False, 0.3), (True, 1.0))


def test_who_says_their_name_and_listens_is_a_person() -> None:
    assert not heard((True, 2.5), (False, 6.0))


def test_who_says_yes_now_and_then_is_a_person() -> None:
    assert not heard(*[(True, 0.5), (False, 1.0)] * 10)
