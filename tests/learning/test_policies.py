"""A policy in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceagent.learning import policies

DIALPLANS = Path(__file__).parents[2] / "dialplans"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.yaml"


@pytest.mark.parametrize(
    "text", ["anger_offer: 0.3\n", "escalation:\n  anger_offer: 0.3\nname: Shop\n"]
)
def test_a_section_is_read_bare_or_in_its_dialplan(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert policies.read(file).anger_offer == 0.3


def test_the_dialplans_that_come_along_are_policies() -> None:
    assert policies.read(DIALPLANS / "shop.yaml").anger_offer > 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("anger_ofer: 0.3\n", ":1: anger_ofer: there is no such key: did you mean anger_offer"),
        ("escalation:\n  anger_offer: 3\n", ":2: escalation.anger_offer: cannot be 3"),
        ("- 1\n", "is no policy"),
        ("", "is empty: write a policy"),
        ("anger_by: off\n", "cannot be"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_mend(file: Path, text: str, says: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(policies.PolicyError, match=says):
        policies.read(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(policies.PolicyError, match="cannot be read"):
        policies.read(tmp_path / "none.yaml")
