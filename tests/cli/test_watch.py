"""`voiceagent watch` and `voiceagent calls`, as a supervisor runs them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from voiceagent import config, events as e
from voiceagent.children import Child
from voiceagent.supervision.address import Address
from voiceagent.supervision.bus import Bus


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    arguments = ["--address", "127.0.0.1:0"]
    async with Child("broker", "voiceagent.supervision.broker", arguments) as broker:
        address = Address.of(config.Mqtt(), broker.ready["url"])
        async with Bus(address, config.Mqtt().topic_root, "line-1") as bus:
            yield bus


def record(event: e.Event, call_id: str = "c1") -> e.Record:
    return e.Record.model_validate({"line": "line-1", "call_id": call_id, "t_s": 1, "event": event})


def arrival(call_id: str) -> e.Record:
    return record(e.CallArrived(facts=e.CallFacts(caller_number="+4930123")), call_id)


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from voiceagent.cli import main; main()", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await start(*arguments)
    out, err = await asyncio.wait_for(process.communicate(), 20.0)
    return process.returncode, out.decode(), err.decode()


async def first_line(bus: Bus, records: list[e.Record], *arguments: str) -> str:
    """What `watch` prints first while the records are published over and over."""
    process = await start("watch", "--url", str(bus.address), *arguments)
    assert process.stdout is not None
    reading = asyncio.create_task(process.stdout.readline())
    try:
        async with asyncio.timeout(20.0):
            while not reading.done():
                for item in records:
                    await bus.publish(item)
                await asyncio.sleep(0.1)
        return (await reading).decode()
    finally:
        process.terminate()
        await process.wait()


async def test_watch_shows_a_turn_with_its_words(bus: Bus) -> None:
    heard = record(e.TurnHeard(turn=1, utterance=e.Utterance(text="this is wrong")))
    assert "this is wrong" in await first_line(bus, [heard])


async def test_watch_of_one_call_leaves_out_the_others(bus: Bus) -> None:
    records = [record(e.DtmfReceived(digit="1"), "c1"), record(e.DtmfReceived(digit="2"), "c2")]
    assert "pressed 2" in await first_line(bus, records, "c2")


async def test_watch_as_json_gives_the_record_itself(bus: Bus) -> None:
    digit = record(e.DtmfReceived(digit="1"))
    assert e.RECORD.validate_json(await first_line(bus, [digit], "--json")) == digit


async def test_calls_lists_the_live_ones_and_not_those_that_ended(bus: Bus) -> None:
    end = e.CallEnded(by="caller", reason="hung up", duration_s=1.0)
    for item in (arrival("c1"), arrival("c2"), record(end, "c1")):
        await bus.publish(item)
    code, out, err = await run("calls", "--url", str(bus.address), "--json")
    assert (code, err) == (0, "")
    assert [json.loads(row)["call_id"] for row in out.splitlines()] == ["c2"]
    _, table, _ = await run("calls", "--url", str(bus.address))
    assert "+4930123" in table


async def test_calls_leaves_out_the_calls_of_a_lost_line(bus: Bus) -> None:
    await bus.publish(arrival("c1"))
    lost = bus._will()
    async with bus.address.client("test") as client:
        await client.publish(lost.topic, lost.payload, qos=1, retain=True)
    assert (await run("calls", "--url", str(bus.address)))[1] == "no calls\n"


@pytest.mark.parametrize("command", ["calls", "watch"])
async def test_without_a_broker_the_error_names_it_and_the_mend(command: str) -> None:
    code, out, err = await run(command, "--url", "mqtt://127.0.0.1:9")
    assert (code, out) == (1, "")
    assert "no broker at mqtt://127.0.0.1:9" in err
    assert "--url" in err
    assert "Traceback" not in err


async def test_a_settings_file_names_the_broker(tmp_path: Path, bus: Bus) -> None:
    await bus.publish(arrival("c1"))
    settings = tmp_path / "voiceagent.toml"
    settings.write_text(f'dialplan = "shop.yaml"\n[mqtt]\nurl = "{bus.address}"\n')
    code, out, _ = await run("calls", "-c", str(settings), "--json")
    assert code == 0
    assert json.loads(out)["caller"] == "+4930123"


async def test_a_wrong_settings_file_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    settings = tmp_path / "voiceagent.toml"
    settings.write_text('dialplan = "shop.yaml"\n[mqtt]\nurll = "x"\n')
    code, _, err = await run("calls", "-c", str(settings))
    assert code == 1
    assert "did you mean url?" in err
    assert "Traceback" not in err


async def test_strangers_give_the_terminal_no_orders_and_break_no_table(bus: Bus) -> None:
    facts = e.CallFacts(caller_uri="sip:[/]\x1b[2J@example.com")
    await bus.publish(record(e.CallArrived(facts=facts)))
    async with bus.address.client("test") as client:
        for topic in ("calls/x/state", "lines/x/state", "lines/x/people"):
            topic = f"{bus.topics.root}/{topic}"
            await client.publish(topic, b"\xff\x1b rubbish", qos=1, retain=True)
    code, table, complaints = await run("calls", "--url", str(bus.address))
    assert (code, "sip:[/]␛[2J@" in table) == (0, True)
    assert complaints.count(": not understood, left out: publish nothing there") == 2
    assert (await run("people", "--url", str(bus.address)))[0] == 0
    assert "␛ rubbish" in await first_rubbish(bus)
    assert "\\u001b rubbish" in await first_rubbish(bus, "--json")


async def first_rubbish(bus: Bus, *arguments: str) -> str:
    """What `watch` prints of a message that is no event."""
    process = await start("watch", "--url", str(bus.address), *arguments)
    assert process.stdout is not None
    reading = asyncio.create_task(process.stdout.readline())
    try:
        async with asyncio.timeout(20.0), bus.address.client("test") as client:
            while not reading.done():
                await client.publish(f"{bus.topics.root}/calls/x/events/y", b"\xff\x1b rubbish")
                await asyncio.sleep(0.1)
        return reading.result().decode()
    finally:
        process.terminate()
        await process.wait()
