"""People who correct themselves."""

import pytest

from voiceagent.dialogue.corrections import latest, mended, versions


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Tuesday, no wait, Wednesday", ["Wednesday", "Tuesday"]),
        ("on Wednesday, not Tuesday", ["on Wednesday,"]),
        ("not Tuesday, Wednesday", ["Wednesday"]),
        ("just Wednesday", ["just Wednesday"]),
        ("no", ["no"]),
    ],
)
def test_the_last_version_comes_first_and_the_denied_one_not_at_all(
    text: str, parts: list[str]
) -> None:
    assert versions(text) == parts


def test_an_afterthought_without_a_value_corrects_nothing() -> None:
    def find(text: str) -> str | None:
        return "found" if "Tuesday" in text else None

    assert latest("Tuesday, sorry, I have a cold", find) == "found"
    assert latest("I have a cold", find) is None


@pytest.mark.parametrize(
    ("before", "after", "lengths", "whole"),
    [
        ("471228", "471229", range(1, 41), "471229"),
        ("471228", "9", range(1, 41), "471229"),
        ("471228", "29", range(6, 7), "471229"),
        ("471", "2229", range(6, 7), "472229"),
        ("47", "48", range(1, 41), "48"),
    ],
)
def test_a_short_correction_takes_the_place_of_the_end(
    before: str, after: str, lengths: range, whole: str
) -> None:
    assert mended(before, after, lengths) == whole
