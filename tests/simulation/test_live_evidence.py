"""Two real phones talk on loopback, and what they leave behind proves it."""

import json

import numpy as np
import pytest
from sample_run import RATE, voice

from voiceagent.audio.wav import load_channels, save
from voiceagent.config import Sip
from voiceagent.simulation.ladder import build
from voiceagent.simulation.phone_process import PhoneProcess
from voiceagent.simulation.proof import heard
from voiceagent.telephony.trace import read_trace

pytestmark = pytest.mark.call


async def test_phones_that_talk_to_each_other_leave_a_ladder_and_are_heard(tmp_path):
    names = ("caller", "person")
    phones = {}
    for seed, name in enumerate(names):
        save(tmp_path / f"said-{name}.wav", voice(2.5, seed, 120.0 + 60 * seed))
        sip = Sip(address="127.0.0.1", port=0, trace=tmp_path / f"sip-{name}.log")
        phones[name] = PhoneProcess(name, sip, record=tmp_path / f"{name}.wav")
    async with phones["caller"] as caller, phones["person"] as person:
        await caller.do("call", to=person.uri)
        for phone in (caller, person):
            await phone.expect("confirmed")
        for name, phone in phones.items():
            await phone.do("play", file=str(tmp_path / f"said-{name}.wav"))
        for phone in (caller, person):
            await phone.expect("played")
            await phone.expect("voice", on=False)
        await caller.do("hang_up")
        for phone in (caller, person):
            await phone.expect("ended")

    begun = {n: json.loads((tmp_path / f"{n}.json").read_text())["started_at"] for n in names}
    ladder = build({n: read_trace(tmp_path / f"sip-{n}.log", begun[n]) for n in names})
    assert ladder.participants == names
    assert all(arrow.arrived_s is not None for arrow in ladder.arrows)
    assert [a.label for a in ladder.arrows][-2:] == ["BYE", "200 OK (BYE)"]

    own, theirs = (load_channels(tmp_path / f"{name}.wav") for name in names)
    late = round((begun["person"] - begun["caller"]) * RATE)
    own = np.pad(own[:, max(0, late) :], ((0, 0), (max(0, -late), 0)))
    assert heard(own[0], theirs[1], RATE)
    assert heard(theirs[0], own[1], RATE)
    assert not heard(own[0], own[1], RATE)
