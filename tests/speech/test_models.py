"""The registry of models, and the check of their files."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from voiceagent.speech import models
from voiceagent.speech.models import Joined, Model, ModelError, Package, locate, registry, verify

ROOT = Path(models.__file__).parents[2]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of somebody unknown, whose code must not run, and an empty store."""
    folder = tmp_path / "site" / "stranger"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('the code of a stranger was run')\n")
    (folder / "data" / "config.json").write_bytes(b"{}")
    (folder / "data" / "weights.1").write_bytes(b"first half, ")
    (folder / "data" / "weights.2").write_bytes(b"second half")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("VOICEAGENT_MODELS", str(tmp_path / "store"))
    files = {
        f"stranger/data/{file.name}": sha256(file.read_bytes())
        for file in (folder / "data").iterdir()
    }
    plain = Model(
        name="plain",
        kind="whisper",
        about="",
        languages=("en",),
        licence="",
        origin="",
        sources=(),
        packages=(Package(name="stranger", version="1", sha256="0" * 64, bytes=1),),
        files=files,
    )
    parts = ("stranger/data/weights.1", "stranger/data/weights.2")
    joined = {"weights": Joined(parts=parts, sha256=sha256(b"first half, second half"))}
    halved = plain.model_copy(update={"name": "halved", "joined": joined})
    voice = plain.model_copy(update={"name": "voice", "entry": "config.json"})
    known = {model.name: model for model in (plain, halved, voice)}
    monkeypatch.setattr(models, "registry", lambda: known)
    return folder


def test_a_model_is_found_without_running_its_packages_code(package: Path) -> None:
    assert locate("plain") == package / "data"
    assert "stranger" not in sys.modules


def test_a_model_that_is_one_file_is_located_as_that_file(package: Path) -> None:
    assert locate("voice") == package / "data" / "config.json"


def test_parts_are_joined_in_the_store_beside_the_other_files(
    package: Path, tmp_path: Path
) -> None:
    folder = locate("halved")
    assert folder == tmp_path / "store" / "halved"
    assert (folder / "weights").read_bytes() == b"first half, second half"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "weights"]


def test_a_damaged_joined_file_is_joined_again(package: Path) -> None:
    weights = locate("halved") / "weights"
    weights.write_bytes(b"damaged")
    assert locate("halved") / "weights" == weights
    assert weights.read_bytes() == b"first half, second half"


def test_a_changed_file_is_refused_with_its_name_and_the_mend(package: Path) -> None:
    locate("plain")
    changed = package / "data" / "weights.1"
    changed.write_bytes(b"other weights")
    with pytest.raises(ModelError) as caught:
        locate("plain")
    assert str(changed) in str(caught.value)
    assert "voiceagent models fetch plain" in str(caught.value)


def test_a_file_checked_before_is_not_read_again_but_by_verify(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locate("plain")
    read: list[str] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(
        hashlib, "file_digest", lambda file, name: read.append(file.name) or digest(file, name)
    )
    locate("plain")
    assert read == []
    verify("plain")
    assert len(read) == 3


def test_verify_sees_a_change_that_kept_size_and_time(package: Path) -> None:
    import os

    target = package / "data" / "weights.1"
    locate("plain")
    status = target.stat()
    target.write_bytes(b"FIRST HALF, ")
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(ModelError):
        verify("plain")


def test_a_missing_file_is_named_with_the_mend(package: Path) -> None:
    (package / "data" / "weights.2").unlink()
    with pytest.raises(ModelError, match=r"stranger/data/weights\.2 is not installed.*fetch plain"):
        locate("plain")


def test_a_path_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    assert locate(str(tmp_path)) == tmp_path


def test_a_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(ModelError, match="did you mean whisper-base"):
        locate("whisper-bas")


def test_a_model_placed_by_hand_says_where_to_get_it_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEAGENT_MODELS", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        locate("vosk-en-us-small")
    assert "https://" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    placed = tmp_path / registry()["vosk-en-us-small"].unpacks_to
    placed.mkdir()
    assert locate("vosk-en-us-small") == placed


def test_the_lock_files_pin_the_wheels_that_the_registry_names() -> None:
    locks = (ROOT / "models").glob("requirements*.lock")
    pinned = {
        line
        for lock in locks
        for line in lock.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }
    assert pinned == {
        package.requirement for model in registry().values() for package in model.packages
    }


@pytest.mark.models
@pytest.mark.parametrize("name", [name for name, model in registry().items() if model.files])
def test_every_packaged_model_is_what_the_registry_says(name: str) -> None:
    assert verify(name).exists()
