"""The fixtures `asterisk` and `asterisk16`, real PBXs for the session, and `equipment`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import equipment as others
import pytest
from asterisk import Asterisk, install
from unpack import NotDebian


def _unpacked(what: str, unpack: Callable[[], Path]) -> Path:
    """Without Debian's apt the test is skipped, or fails where VOICEAGENT_REQUIRE_PBX is set;
    whatever else goes wrong is an error."""
    try:
        return unpack()
    except NotDebian as reason:
        if "VOICEAGENT_REQUIRE_PBX" in os.environ:
            pytest.fail(f"no {what} for the tests: {reason}", pytrace=False)
        pytest.skip(f"no {what} for the tests: {reason}")


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """A running `Asterisk`; its docstring says who is there."""
    with Asterisk(_unpacked("Asterisk", install), tmp_path_factory.mktemp("asterisk")) as pbx:
        yield pbx


@pytest.fixture(scope="session")
def asterisk16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """As `asterisk`, of the version that Debian 11 has; skipped once no mirror serves that."""
    try:
        root = _unpacked("Asterisk 16", lambda: install(16))
    except RuntimeError as reason:
        pytest.skip(f"no Asterisk 16 for the tests: {str(reason).splitlines()[-1]}")
    with Asterisk(root, tmp_path_factory.mktemp("asterisk16")) as pbx:
        yield pbx


@pytest.fixture(autouse=True)
def _left_as_found(request: pytest.FixtureRequest) -> Iterator[None]:
    """What one test leaves behind in a PBX does not fail the next ones."""
    names = {"asterisk", "asterisk16"} & set(request.fixturenames)
    pbxs: list[Asterisk] = [request.getfixturevalue(name) for name in sorted(names)]
    yield
    for pbx in pbxs:
        pbx.end_calls()
        pbx.ring_for(None)


@pytest.fixture(scope="session")
def equipment() -> Path:
    """The tree with SIPp, baresip, Linphone and Kamailio."""
    return _unpacked("SIPp, baresip, Linphone and Kamailio", others.install)
