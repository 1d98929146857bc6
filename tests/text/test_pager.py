"""Texts as SIP MESSAGE carries them."""

from __future__ import annotations

import pytest

from voiceagent.text.pager import LONGEST, parts


@pytest.mark.parametrize(
    "text", ["hello there " * 400, "👋" * 4000, "ü" * 4000, "one\ntwo " * 500, "x" * 901]
)
def test_a_long_text_goes_in_parts_that_fit_and_nothing_is_lost(text: str) -> None:
    sent = parts(text)
    assert max(len(part.encode()) for part in sent) <= LONGEST
    assert "".join("".join(sent).split()) == "".join(text.split())


def test_it_is_cut_between_words_and_keeps_its_lines() -> None:
    assert parts("Dear Anna,\r\nhello") == ["Dear Anna,\nhello"]
    first, second = parts("word " * 180 + "another")
    assert (first.split()[-1], second) == ("word", "another")
    first, second = parts("a" * 897 + " another")
    assert (first, second) == ("a" * 897, "another")


@pytest.mark.parametrize(("text", "sent"), [("a\x00b\x1b[2J", ["ab[2J"]), (" \n", []), ("", [])])
def test_what_is_no_text_is_left_out(text: str, sent: list[str]) -> None:
    assert parts(text) == sent
