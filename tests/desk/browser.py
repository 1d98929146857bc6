"""A real browser: the machine's Chromium, or Debian's, unpacked once like the tests' PBX.

python -m tests.desk.browser        unpacks it beforehand, where there is none
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.pbx.unpack import NotDebian, unpack

_FLAGS = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_CACHE = Path(__file__).parents[1] / "pbx" / "cache"


def program() -> tuple[Path, dict[str, str]]:
    """The browser's program, and what it needs in its environment.

    Raises:
        NotDebian: there is none, and nothing to unpack one from.
    """
    for name in ("chromium", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return Path(found), {}
    folder = Path(os.environ.get("VOICEAGENT_PBX_CACHE", _CACHE)).resolve() / "chromium"
    try:
        # Of the machine's own release: the program runs with the machine's own loader.
        suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "sid")
        root = unpack(folder, suite, ("chromium-headless-shell", "fonts-dejavu-core"))
    except NotDebian as reason:
        if "VOICEAGENT_REQUIRE_PBX" in os.environ:
            pytest.fail(f"no browser for the tests: {reason}", pytrace=False)
        pytest.skip(f"no browser for the tests: install Chromium ({reason})")
    (program,) = root.glob("usr/lib/chromium/*headless*shell")
    (libraries,) = root.glob("usr/lib/*/libnss3.so")
    return program, {"LD_LIBRARY_PATH": str(libraries.parent)}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Chromium without a screen."""
    try:
        path, needed = await asyncio.to_thread(program)
    except NotDebian as reason:
        if "VOICEAGENT_REQUIRE_PBX" in os.environ:
            pytest.fail(f"no browser for the tests: {reason}", pytrace=False)
        pytest.skip(f"no browser for the tests: install Chromium ({reason})")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=path, args=list(_FLAGS), env={**os.environ, **needed}
        )
        try:
            yield browser
        finally:
            await browser.close()


if __name__ == "__main__":
    try:
        print(f"the tests' browser: {program()[0]}")
    except NotDebian as reason:
        print(f"there is no browser for the tests: install Chromium ({reason})")
