"""Versions of a policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceagent.dialogue.thresholds import Thresholds
from voiceagent.learning.policies import PolicyError
from voiceagent.learning.versions import OWN, VersionError, Versions


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "policies", Thresholds(wish_handover=0.6))


def test_without_a_folder_the_dialplans_own_is_in_use(versions: Versions) -> None:
    assert versions.in_use() == OWN
    assert versions.limits(OWN) == versions.own
    assert not versions.folder.exists()


def test_a_version_is_kept_without_being_used(versions: Versions) -> None:
    learned = versions.own.model_copy(update={"anger_offer": 0.4})
    name = versions.save(learned, "learned from 40 marked calls")
    assert (name, versions.in_use()) == ("0001", OWN)
    assert versions.limits(name) == learned
    assert versions.about(name) == "learned from 40 marked calls"


def test_versions_are_used_and_gone_back_from(versions: Versions) -> None:
    first, second = (versions.save(versions.own, "x") for _ in range(2))
    versions.use(first)
    versions.use(second)
    assert versions.in_use() == second
    assert versions.back() == first
    assert versions.in_use() == first
    versions.use(OWN)
    assert [name for _, name in versions.history()] == [first, second, first, OWN]


def test_there_is_nothing_to_go_back_to_at_first(versions: Versions) -> None:
    with pytest.raises(VersionError, match="no other version"):
        versions.back()


def test_an_unknown_version_is_refused_with_those_that_are(versions: Versions) -> None:
    versions.save(versions.own, "x")
    with pytest.raises(VersionError, match="there are dialplan, 0001"):
        versions.use("0002")
    assert versions.in_use() == OWN


def test_a_version_does_not_switch_anger_on_that_the_dialplan_switched_off(
    versions: Versions,
) -> None:
    name = versions.save(versions.own, "x")
    off = Versions(versions.folder, Thresholds(anger_by="nothing"))
    assert off.limits(name).anger_by == "nothing"


def test_a_spoilt_file_is_named_with_its_line(versions: Versions) -> None:
    name = versions.save(versions.own, "x")
    (versions.folder / f"{name}.yaml").write_text("escalation:\n  anger_offer: 7\n")
    with pytest.raises(PolicyError, match=r"0001.yaml:2: escalation.anger_offer"):
        versions.use(name)


def test_a_spoilt_ledger_is_named_with_its_line(versions: Versions) -> None:
    versions.use(OWN)
    with (versions.folder / "in-use").open("a") as ledger:
        ledger.write("nonsense\n")
    with pytest.raises(VersionError, match=r"in-use:2"):
        versions.in_use()
