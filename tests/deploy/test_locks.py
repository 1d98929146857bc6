"""What is installed is what was pinned, by hash, whatever registry it comes from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "models/requirements.lock", "models/requirements-test.lock")


def pins(lock: str) -> dict[str, str]:
    """Everything after the name, by normalised name."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    entries = re.findall(r"(?m)^([A-Za-z0-9._-]+)(==.*)$", text)
    return {re.sub(r"[-_.]+", "-", name).lower(): rest for name, rest in entries}


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!~ \[;]", line)[0].replace("_", "-").lower() for line in wanted}
    assert names - pins("requirements.lock").keys() == set(), "run make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_no_lock_names_a_host(lock: str) -> None:
    entries = pins(lock)
    assert entries
    assert [name for name, rest in entries.items() if "--hash=sha256:" not in rest] == []
    assert not re.search(r"://|--(extra-)?index|--find-links", (ROOT / lock).read_text())


def test_every_packaged_model_is_pinned_to_the_hash_in_the_registry() -> None:
    registry = tomllib.loads((ROOT / "models" / "registry.toml").read_text())
    packages = [package for model in registry.values() for package in model.get("packages", ())]
    locked = pins(LOCKS[1]) | pins(LOCKS[2])
    assert {package["name"] for package in packages} == locked.keys()
    for package in packages:
        expected = f"=={package['version']} --hash=sha256:{package['sha256']}"
        assert locked[package["name"]] == expected
