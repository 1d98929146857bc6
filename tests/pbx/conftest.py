"""The fixture `asterisk`: a real PBX for the session. Its docstring says who is there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from asterisk import Asterisk, install
from unpack import NotDebian


@pytest.fixture(scope="session")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    """A running `Asterisk`. Without Debian's apt the test is skipped, or fails where
    VOICEAGENT_REQUIRE_PBX is set; whatever else goes wrong is an error."""
    try:
        root = install()
    except NotDebian as reason:
        if "VOICEAGENT_REQUIRE_PBX" in os.environ:
            pytest.fail(f"no Asterisk for the tests: {reason}", pytrace=False)
        pytest.skip(f"no Asterisk for the tests: {reason}")
    with Asterisk(root, tmp_path_factory.mktemp("asterisk")) as pbx:
        yield pbx
