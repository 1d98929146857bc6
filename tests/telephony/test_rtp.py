"""RTP as gateways, bad networks and strangers send it (RFC 3550, RFC 4733)."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
import pytest
import pytest_asyncio

from benchmarks.thin_phone import mulaw
from tests.telephony.conftest import Echo
from tests.telephony.wire import KEYS, RATE, Dialog, Stream, Wire, sdp

pytestmark = [pytest.mark.call, pytest.mark.asyncio(loop_scope="session")]

EVENT, NOISE, GSM = 101, 13, 3


@dataclass
class Talk:
    echo: Echo
    call: Dialog
    stream: Stream

    async def keys(self, expected: str) -> None:
        """Wait until these keys have come and see that no others have."""
        stroke = "D" if not expected.endswith("D") else "C"
        self.stream.press(stroke, EVENT)
        await self.echo.tells("Digit", digit=stroke)
        got = "".join(event["digit"] for event in self.echo.told("Digit"))
        assert got == expected + stroke


@pytest_asyncio.fixture(loop_scope="session")
async def talk(echo: Echo) -> AsyncIterator[Talk]:
    """A call that is heard both ways."""
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        events = f"a=rtpmap:{EVENT} telephone-event/8000"
        answer = await call.call(stream, events, formats=f"0 {EVENT} {NOISE}")
        await stream.follow(answer.body).echoed(500)
        stream.packets.clear()
        echo.mark()
        yield Talk(echo, call, stream)
        assert (await call.bye()).code == 200


@pytest.mark.parametrize(
    ("source", "sequence", "stamp"),
    [
        (99, 0, 0),
        (0, 5000, 0),
        (0, -5000, 0),
        (0, 0, 10**6),
        (0, 0, -(10**6)),
        (8, 65400, 2**32 - 999),
    ],
    ids=["source", "sequence", "sequence back", "time", "time back", "both wrap"],
)
async def test_a_jump_does_not_silence_the_caller(
    talk: Talk, source: int, sequence: int, stamp: int
) -> None:
    stream = talk.stream
    stream.source += source
    stream.sequence = (stream.sequence + sequence) % 2**16
    stream.stamp = (stream.stamp + stamp) % 2**32
    await stream.echoed(1000)


async def test_packets_of_any_length_are_heard(talk: Talk) -> None:
    for hertz, ptime_ms in ((700, 10), (900, 30), (1100, 60), (1300, 120)):
        await talk.stream.echoed(hertz, ptime_ms=ptime_ms)


async def test_comfort_noise_and_codecs_that_nobody_agreed_on_do_no_harm(talk: Talk) -> None:
    for kind, payload in ((NOISE, b"\x30"), (GSM, bytes(33)), (96, b"x")):
        for _ in range(10):
            talk.stream.send(payload, kind, step=160)
    await talk.stream.echoed(1000)


async def test_rubbish_on_both_ports_does_no_harm(talk: Talk) -> None:
    rubbish = [b"", b"\x80", b"\0" * 12, b"\xff" * 200, b"\x9f\x00" + b"\xff" * 10, b"A" * 1500]
    rubbish += [b"\x90\0" + b"\0" * 10 + b"\xbe\xde\xff\xff", b"\xa0\0" + b"\0" * 10 + b"\xff"]
    rubbish += [b"\x80\xc8\0\6" + b"\0" * 4, b"\x81\xc9\xff\xff" + b"\0" * 20, b"\x81\xcb\0\1"]
    audio, stream = talk.stream.to, talk.stream
    for port in (audio[1], audio[1] + 1):
        stream.to = audio[0], port
        for data in rubbish:
            stream.raw(data)
    stream.to = audio
    await stream.echoed(1000)


async def test_loss_jitter_and_packets_that_come_twice_leave_speech_to_be_heard(talk: Talk) -> None:
    chance, packets, stream = random.Random(1), [], talk.stream
    for number in range(60):
        at = np.arange(stream.stamp, stream.stamp + 160)
        wave = (0.3 * np.sin(2 * np.pi * 800 * at / RATE)).astype(np.float32)
        data = stream.packet(mulaw(wave))
        stream.sequence += 1
        stream.stamp += 160
        if chance.random() > 0.05:
            late = number * 0.02 + 0.06 * chance.random()
            packets += [(late, data)] * (2 if chance.random() < 0.1 else 1)
    begun = time.monotonic()
    for late, data in sorted(packets):
        await asyncio.sleep(max(0.0, begun + late - time.monotonic()))
        stream.raw(data)
    await stream.hears(800)
    await stream.echoed(1300)


async def test_who_sends_from_another_address_than_announced_is_heard_there(echo: Echo) -> None:
    with Wire() as wire, Stream() as announced, Stream() as natted:
        call = Dialog(wire, echo.address)
        answer = await call.call(announced)
        await natted.follow(answer.body).echoed(800)
        await call.bye()


async def test_a_stranger_neither_is_heard_nor_hears(talk: Talk) -> None:
    with Stream() as stranger:
        stranger.to, stranger.source, stranger.sequence = talk.stream.to, 1234, 40_000
        await asyncio.gather(stranger.speak(1700, 1.0), talk.stream.speak(800, 1.0))
        assert not stranger.packets
    assert talk.stream.strength(800) > 0.2
    assert talk.stream.strength(1700) < 0.05


async def test_a_caller_is_heard_before_their_ack(echo: Echo) -> None:
    with Wire() as wire, Stream() as stream:
        call = Dialog(wire, echo.address)
        call.send("INVITE", body=sdp(stream.port))
        answer = await call.answer(200)
        await stream.follow(answer.body).echoed(800)
        call.ack(answer)
        await call.bye()


# -- keys ------------------------------------------------------------------------------------------


async def test_every_key_is_told_once(talk: Talk) -> None:
    for key in KEYS:
        talk.stream.press(key, EVENT)
    await talk.keys(KEYS)


async def test_a_key_pressed_again_is_another_one(talk: Talk) -> None:
    for _ in range(4):
        talk.stream.press("5", EVENT)
    await talk.keys("5555")


async def test_keys_whose_end_was_lost_are_told(talk: Talk) -> None:
    for key in "1223":
        talk.stream.press(key, EVENT, ends=0)
    await talk.keys("1223")


@pytest.mark.parametrize("ends", [1, 3])
async def test_a_key_of_which_only_the_end_came_is_told(talk: Talk, ends: int) -> None:
    event = struct.pack("!BBH", 7, 0x8A, 400)
    for _ in range(ends):
        talk.stream.raw(talk.stream.packet(event, EVENT))
        talk.stream.sequence += 1
    talk.stream.stamp += 1000
    await talk.keys("7")


async def test_a_long_key_is_one(talk: Talk) -> None:
    talk.stream.press("9", EVENT, durations=range(160, 24_000, 160))
    await talk.keys("9")


async def test_packets_of_a_key_that_come_twice_or_out_of_order_are_one(talk: Talk) -> None:
    stream, packets = talk.stream, []
    for number, duration in enumerate((160, 320, 480, 480)):
        event = struct.pack("!BBH", 11, (0x80 if number >= 2 else 0) | 10, duration)
        packets.append(stream.packet(event, EVENT, marker=number == 0))
        stream.sequence += 1
    stream.stamp += 1000
    for place in (0, 0, 2, 1, 3, 3, 1):
        stream.raw(packets[place])
    await talk.keys("#")


async def test_a_hook_flash_and_events_that_are_no_keys_are_passed_over(talk: Talk) -> None:
    stream = talk.stream
    for code in (16, 66, 255):
        for end in (0, 0x80):
            stream.send(struct.pack("!BBH", code, end | 10, 160), EVENT, step=200)
    for payload in (b"", b"\1", b"\1\x8a"):
        stream.send(payload, EVENT, step=400)
    await talk.keys("")
