"""`voiceagent simulate` against the whole agent, `voiceagent run`, on loopback."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from voiceagent.audio.wav import load_channels
from voiceagent.config import Config
from voiceagent.events import Record
from voiceagent.simulation.stage import HOST, Audience, running_agent, write_settings

pytestmark = [pytest.mark.call, pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

DIALPLANS = Path(__file__).parents[2] / "dialplans"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Config]:
    """The settings of an agent at the shop's front desk that runs."""

    async def told(record: Record) -> None:
        pass

    with tempfile.TemporaryDirectory(prefix="va-") as run_dir:
        folder = tmp_path_factory.mktemp("shop")
        settings, file = write_settings(folder, Path(run_dir), DIALPLANS / "shop.yaml")
        async with running_agent(settings, file, Audience(told)):
            yield settings


async def simulate(shop: Config, *arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, lines of JSON, and what was told on standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voiceagent", "simulate", *map(str, arguments)),
        *("--to", f"sip:1000@{HOST}:{shop.sip.port}", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, wrong = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [json.loads(line) for line in told.splitlines()], wrong.decode()


def patient(folder: Path, name: str) -> Path:
    """A scenario of ours that waits longer: what else this machine does is not the agent's."""
    text = (DIALPLANS / "scenarios" / name).read_text(encoding="utf-8")
    path = folder / name
    path.write_text(re.sub(r"within_s: \d+", "within_s: 40", text), encoding="utf-8")
    return path


@pytest.mark.timeout(300)  # two whole calls
async def test_a_number_with_pauses_is_heard_out_and_a_person_is_reached(
    shop: Config, tmp_path: Path
) -> None:
    ours = [patient(tmp_path, f"shop-{name}.yaml") for name in ("order-status", "person")]
    person = shop.handover.targets["general"][0]
    code, lines, wrong = await simulate(shop, *ours, "--person", person, "--keep", tmp_path)
    assert wrong == ""
    order, wish, summary = lines
    for call in (order, wish):
        assert [each for each in call["expectations"] if not each["holds"]] == []
    assert code == 0
    assert summary["summary"]["passed"] == 2
    assert 0 < summary["summary"]["answer_median_s"] < 20
    sent, received = load_channels(Path(order["recording"]))
    assert sent.any()
    assert received.any()


async def test_what_is_not_as_expected_is_told_with_what_was_measured_and_two_call_at_once(
    shop: Config, tmp_path: Path
) -> None:
    scenario = tmp_path / "unicorn.yaml"
    scenario.write_text(
        "name: Unicorns\n"
        "steps:\n"
        "  - listen: {contains: [unicorn, assistant], within_s: 10}\n"
        "  - digits: '12'\n"
        "  - hang_up\n"
    )
    code, lines, wrong = await simulate(shop, scenario, "--calls", 2, "--at-once", 2)
    assert (code, wrong) == (1, "")
    *calls, summary = lines
    assert [call["call"] for call in calls] == [1, 2]
    for call in calls:
        assert call["recording"] is None
        assert [each["holds"] for each in call["expectations"]] == [True, True, False, True]
        unicorn = call["expectations"][2]
        assert unicorn["line"] == 3
        assert unicorn["expected"] == "says “unicorn”"
        assert "what can i do for you" in unicorn["measured"].lower()
    assert summary == {
        "summary": {
            "calls": 2,
            "passed": 0,
            "answers": 0,
            "answer_median_s": None,
            "answer_p95_s": None,
        }
    }


async def test_problems_of_all_scenarios_and_addresses_that_are_none_are_told_before_any_call(
    shop: Config, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("name: Test\nsteps: [{sey: hello}]\n")
    code, lines, wrong = await simulate(shop, tmp_path / "one.yaml", tmp_path / "two.yaml")
    assert (code, lines) == (1, [])
    assert wrong.count("there is no such key: did you mean say?") == 2
    good = DIALPLANS / "scenarios" / "shop-silence.yaml"
    code, lines, wrong = await simulate(shop, good, "--person", "6001")
    assert (code, lines) == (1, [])
    assert "6001: is no address of a telephone: write sip:1000@192.0.2.1:5060" in wrong
