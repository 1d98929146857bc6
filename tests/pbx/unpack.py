"""Unpacks programs of another Debian suite, with every library they need, into a folder.

Nothing is installed and nothing of the machine's apt is changed: apt runs with a state of its
own and only downloads, so no root is needed and the machine's own package lists may be missing
or stale. The programs run by their own dynamic loader, so they do not care how old the
machine's C library is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_NOT_NEEDED = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./dev", "./etc")


class NotDebian(Exception):
    """This machine has no apt, or its apt knows no Debian mirror; the text says which."""


def unpack(
    folder: Path, suite: str, packages: Sequence[str], *, without: Sequence[str] = ()
) -> Path:
    """Unpack `packages` of `suite` and all they depend on, once; return the tree's root.

    The first call downloads; later ones, also of parallel processes, find the tree as it is.

    Args:
        without: what they depend on but do not need for what they are to do here.

    Raises:
        NotDebian: there is nothing to download with or from.
        RuntimeError: the download or the unpacking failed; the text has the tool's own words.
    """
    root = folder / "root"
    wanted = hashlib.sha256(Path(__file__).read_bytes() + repr((suite, packages, without)).encode())
    stamp = folder / "unpacked"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        if stamp.exists() and stamp.read_text() == wanted.hexdigest():
            return root
        stamp.unlink(missing_ok=True)
        debs = _download(folder / "apt", suite, packages, without)
        shutil.rmtree(root, ignore_errors=True)
        _extract(debs, root)
        shutil.rmtree(folder / "apt")
        stamp.write_text(wanted.hexdigest())
    return root


def loader(root: Path) -> list[str]:
    """The start of a command line that runs a program of the tree with the tree's libraries."""
    for found in sorted(root.glob("usr/lib/*/ld-linux-*.so.*")):
        return [str(found), "--library-path", f"{found.parent}:{root}/usr/lib"]
    raise RuntimeError(f"{root}: no dynamic loader in the unpacked tree: remove the folder")


def mirrors() -> list[str]:
    """Every place the machine's apt takes this Debian release's main component from.

    Without `--no-release-info` apt would name only those whose lists were once downloaded.

    Raises:
        NotDebian: there is no apt here, or it knows no such place.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise NotDebian(f"{tool} is not installed: the PBX is unpacked from Debian packages")
    codename = _os_release().get("VERSION_CODENAME", "sid")
    releases = {codename, "stable", "oldstable", "testing", "unstable", "sid"}
    table = _run("apt-get", "indextargets", "--no-release-info",
                 "--format", "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)")  # fmt: skip
    rows = (line.split(" ", 3) for line in table.splitlines())
    found = [
        uri
        for kind, release, component, uri in rows
        if kind == "Packages" and component == "main" and release in releases
    ]
    if _os_release().get("ID") != "debian" or not found:
        raise NotDebian("apt on this machine knows no Debian mirror")
    return list(dict.fromkeys(found))


def _download(apt: Path, suite: str, packages: Sequence[str], without: Sequence[str]) -> list[Path]:
    """Download with apt from the first mirror that has the suite, signed by Debian."""
    keyrings = (Path("/usr/share/keyrings") / name for name in _KEYRINGS)
    keyring = next((path for path in keyrings if path.exists()), None)
    if keyring is None:
        raise NotDebian("the package debian-archive-keyring is not installed")
    failures = []
    for mirror in mirrors() * 2:  # once more, for a mirror caught in the middle of its update
        shutil.rmtree(apt, ignore_errors=True)
        (apt / "lists/partial").mkdir(parents=True)
        (apt / "archives/partial").mkdir(parents=True)
        # nothing but this counts as installed, so apt fetches every library
        (apt / "status").write_text("".join(map(_as_installed, without)))
        (apt / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {suite} main\n")
        (apt / "apt.conf").write_text(_network_settings() + _own_settings(apt))
        env = os.environ | {"APT_CONFIG": str(apt / "apt.conf")}
        try:
            _run("apt-get", "update", "-q", "--error-on=any", env=env)
            _run("apt-get", "install", "-q", "-y", "--download-only", *packages, env=env)
        except RuntimeError as error:
            failures.append(str(error))
            continue
        return sorted((apt / "archives").glob("*.deb"))
    raise RuntimeError("\n".join(failures))


def _as_installed(package: str) -> str:
    architecture = _run("dpkg", "--print-architecture").strip()
    return (
        f"Package: {package}\nStatus: install ok installed\nMaintainer: nobody <nobody@localhost>\n"
        f"Architecture: {architecture}\nMulti-Arch: foreign\nVersion: 999:0\n"
        "Description: not needed\n\n"
    )


def _network_settings() -> str:
    """How this machine reaches its mirrors (proxies, certificates), as apt settings."""
    lines = _run("apt-config", "dump", "Acquire").splitlines()
    return "".join(f"{line}\n" for line in lines if not line.startswith("Acquire::IndexTargets"))


def _own_settings(apt: Path) -> str:
    return f"""
Dir::State "{apt}";
Dir::State::status "{apt}/status";
Dir::Cache "{apt}";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "{apt}/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
"""


def _extract(debs: list[Path], root: Path) -> None:
    """Extract into a tree where /bin, /lib and the like are links into /usr."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    options = ["--keep-directory-symlink", "--no-same-owner", "--no-same-permissions"]
    options += [f"--exclude={path}" for path in _NOT_NEEDED]
    for deb in debs:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as data:
            _run("tar", "-x", "-C", str(root), *options, stdin=data.stdout)
        if data.returncode:
            raise RuntimeError(f"dpkg-deb cannot read {deb.name}")


def _os_release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {key: value.strip('"') for key, value in pairs}


def _run(*command: str, env: dict[str, str] | None = None, stdin: IO[bytes] | None = None) -> str:
    done = subprocess.run(command, env=env, stdin=stdin, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return str(done.stdout)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
