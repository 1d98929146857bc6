"""What strangers write is shown on a terminal, which is not to obey it."""

from __future__ import annotations

import json

import pytest

from voiceagent.printable import printable, printable_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("two\r\nlines\t\x00\x7f", "two␍␊lines␉␀␡"),
        ("\x9b31m \u202egnp.exe", "\ufffd31m \ufffdgnp.exe"),
        ("Grüße, مرحبا 👋🏽", "Grüße, مرحبا 👋🏽"),
    ],
)
def test_no_character_is_left_that_a_terminal_obeys(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert len(shown) == len(text)


def test_json_says_the_same_when_it_is_printable() -> None:
    text = json.dumps(["\x1b]0;x\x07", "\x9b31m", "\u202e👋"], ensure_ascii=False, indent=1)
    shown = printable_json(text)
    assert json.loads(shown) == json.loads(text)
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert "👋" in shown
