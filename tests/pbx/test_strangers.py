"""Handovers with SIP implementations of other people; the rows are beside this file."""

from __future__ import annotations

from pathlib import Path

import phone_rows  # noqa: F401
import pytest
import pytest_asyncio
import sipp_rows  # noqa: F401
from strangers import ROWS, Result, play_all

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.call,
    pytest.mark.timeout(240),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, equipment: Path
) -> dict[str, Result]:
    """What became of the rows that were asked for."""
    names = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    results = await play_all(
        [ROWS[name] for name in names], equipment, tmp_path_factory.mktemp("strangers")
    )
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n| with whom | outcome in the record | seconds |\n| --- | --- | --- |")
        for result in results.values():
            print(f"| {result.row.name} | {result.row.outcome} | {result.seconds:.1f} |")
    return results


@pytest.mark.parametrize("name", ROWS)
async def test_no_caller_is_lost_when(played: dict[str, Result], name: str) -> None:
    problem = played[name].problem
    if problem is not None:
        raise AssertionError(repr(problem)) from problem
