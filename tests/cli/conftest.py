"""What the tests of commands need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recordedcall import CALM, FURIOUS, call
from voiceagent.records.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The file of a store that holds one call, "c1", in which a caller loses their temper."""
    file = tmp_path / "calls.db"
    with Store(file) as opened:
        opened.extend(call("c1", [CALM, FURIOUS]))
    return file
