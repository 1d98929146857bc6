"""Builds the folder of a made-up demonstration call: logs, events and recordings that agree."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from voiceagent import events as e

RATE = 8000
STARTED_AT = datetime(2026, 3, 14, 10, 15, 30, tzinfo=UTC).timestamp()
PORT = {"caller": 5070, "agent": 5060, "person": 5080}
DELAY_S = 0.08

DIALOGUE = [
    # who, start, end, text
    (
        "agent",
        0.6,
        4.2,
        "Hello, this is the assistant of Hill and Son. I am a machine. How can I help?",
    ),
    ("caller", 5.0, 7.3, "Good morning, where is my order four seven one one please"),
    ("agent", 7.9, 11.0, "Order 4711 left our house on Thursday and arrives tomorrow."),
    ("caller", 10.1, 12.4, "and what are your opening hours on Saturday"),
    ("agent", 13.0, 15.2, "On Saturdays we are open from nine to one."),
    (
        "caller",
        16.0,
        20.6,
        "And why have you charged me twice? This bill is wrong, "
        "this is the third time, I want a person!",
    ),
    (
        "agent",
        21.3,
        24.4,
        "I am sorry. I will connect you to a colleague who knows it all already.",
    ),
    ("briefing", 27.6, 31.4, "Ann Grey, charged twice for order 4711, upset."),
    ("person", 33.2, 36.4, "Hello Ms Grey, I can see the double charge, I will refund it now."),
    ("caller", 37.0, 39.2, "Oh. Thank you, that was quick."),
    ("person", 39.6, 41.0, "You are welcome. Goodbye."),
]
HELD_S, CALLED_S, ANSWERED_S = 24.6, 25.2, 27.2
REFERRED_S, BYE_S, PARTED_S = 31.8, 32.3, 41.8


def voice(seconds: float, seed: int, pitch: float = 120.0) -> np.ndarray:
    """Something with the build of speech: pulses through moving formants, in syllables."""
    rng = np.random.default_rng(seed)
    pieces, length = [], round(seconds * RATE)
    while sum(map(len, pieces)) < length:
        size = int(rng.uniform(0.12, 0.26) * RATE)
        period = RATE / (pitch * rng.uniform(0.85, 1.2))
        source = np.zeros(size)
        source[np.arange(0, size, period).astype(int)] = 1.0
        source += rng.normal(0, 0.03, size)
        for centre, width in ((rng.uniform(300, 800), 80), (rng.uniform(900, 2300), 120)):
            radius = np.exp(-np.pi * width / RATE)
            angle = 2 * np.pi * centre / RATE
            source = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], source)
        pieces.append(source * np.sin(np.pi * np.linspace(0, 1, size)) ** 0.7)
    signal = np.concatenate(pieces)[:length]
    return (0.35 * signal / max(1e-9, np.abs(signal).max())).astype(np.float32)


def mu_law(samples: np.ndarray) -> np.ndarray:
    """Through G.711 mu-law and back."""
    squeezed = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log1p(255)
    coarse = np.round(squeezed * 127) / 127
    return np.sign(coarse) * np.expm1(np.abs(coarse) * np.log1p(255)) / 255


def write_wav(path: Path, left: np.ndarray, right: np.ndarray) -> None:
    both = np.clip(np.stack([left, right], axis=1) * 32767, -32768, 32767)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(both.astype("<i2").tobytes())


# -- SIP ----------------------------------------------------------------------------------------


@dataclass
class Wire:
    """Writes what two parties say to each other into both parties' PJSIP logs."""

    started_at: float
    names: dict[str, str] = field(default_factory=dict)
    logs: dict[str, bytearray] = field(default_factory=lambda: {name: bytearray() for name in PORT})

    def message(self, at_s: float, source: str, target: str, text: str) -> None:
        data = text.replace("\n", "\r\n").encode()
        for party, way, other, late in (
            (source, "TX", target, 0.0),
            (target, "RX", source, 0.001),
        ):
            moment = datetime.fromtimestamp(self.started_at + at_s + late)
            towards = "to" if way == "TX" else "from"
            heading = (
                f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}           pjsua_core.c  "
                f"....{way} {len(data)} bytes some msg (tdta0x5500) {towards} "
                f"UDP 127.0.0.1:{PORT[other]}:\n"
            )
            self.logs[party] += heading.encode() + data + b"\n--end msg--\n"

    def request(
        self,
        at_s: float,
        source: str,
        target: str,
        method: str,
        call: str,
        cseq: int,
        extra: str = "",
        body: str = "",
        opens: bool = False,
        status: str = "200 OK",
        answer_s: float = 0.002,
        ringing_s: float | None = None,
    ) -> None:
        tag = "" if opens else f";tag={target}{call}"
        via = f"Via: SIP/2.0/UDP 127.0.0.1:{PORT[source]};branch=z9hG4bK{call}{method}{cseq}\n"
        ends = (
            f"From: {self.names[source]};tag={source}{call}\nTo: <sip:{target}@127.0.0.1>{{tag}}\n"
            f"Call-ID: {call}\nCSeq: {cseq} {method}\n"
        )
        self.message(
            at_s,
            source,
            target,
            f"{method} sip:{target}@127.0.0.1:{PORT[target]} SIP/2.0\n{via}"
            f"{ends.format(tag=tag)}Max-Forwards: 70\n{extra}"
            f"Content-Length: {len(body)}\n\n{body}",
        )
        if method == "ACK":
            return
        answered = ends.format(tag=f";tag={target}{call}")
        if ringing_s is not None:
            self.message(
                at_s + ringing_s,
                target,
                source,
                f"SIP/2.0 180 Ringing\n{via}{answered}Content-Length: 0\n\n",
            )
        self.message(
            at_s + answer_s,
            target,
            source,
            f"SIP/2.0 {status}\n{via}{answered}Content-Length: 0\n\n",
        )
        if method == "INVITE":
            self.request(at_s + answer_s + 0.002, source, target, "ACK", call, cseq)


SDP = "v=0\nm=audio 16384 RTP/AVP 0\na={}\n"


def write_logs(folder: Path, started_at: float, caller_name: str, leave_out: str) -> None:
    wire = Wire(
        started_at,
        {
            "caller": f'"{caller_name}" <sip:ann@127.0.0.1>',
            "agent": "<sip:voiceagent@127.0.0.1>",
            "person": "<sip:6001@127.0.0.1>",
        },
    )
    sdp = "Content-Type: application/sdp\n"
    wire.request(
        0.0,
        "caller",
        "agent",
        "INVITE",
        "call1",
        1,
        sdp,
        SDP.format("sendrecv"),
        opens=True,
        answer_s=0.21,
        ringing_s=0.004,
    )
    wire.request(HELD_S, "agent", "caller", "INVITE", "call1", 10, sdp, SDP.format("sendonly"))
    context = "User-to-User: 9f2c6a;encoding=hex\nX-VoiceAgent-Topic: billing\n"
    wire.request(
        CALLED_S,
        "agent",
        "person",
        "INVITE",
        "call2",
        20,
        sdp + context,
        SDP.format("sendrecv"),
        opens=True,
        answer_s=ANSWERED_S - CALLED_S,
        ringing_s=0.01,
    )
    refer_to = "<sip:6001@127.0.0.1:5080?Replaces=call2%3Bto-tag%3Dx%3Bfrom-tag%3Dy>"
    wire.request(
        REFERRED_S,
        "agent",
        "caller",
        "REFER",
        "call1",
        11,
        f"Refer-To: {refer_to}\n",
        status="202 Accepted",
    )
    replaces = "Replaces: call2;to-tag=x;from-tag=y\n"
    wire.request(
        REFERRED_S + 0.01,
        "caller",
        "person",
        "INVITE",
        "call3",
        1,
        sdp + replaces,
        SDP.format("sendrecv"),
        opens=True,
        answer_s=0.02,
    )
    if leave_out != "NOTIFY":
        frag = "Event: refer\nContent-Type: message/sipfrag;version=2.0\n"
        wire.request(
            REFERRED_S + 0.04, "caller", "agent", "NOTIFY", "call1", 2, frag, "SIP/2.0 200 OK\n"
        )
    wire.request(REFERRED_S + 0.05, "person", "agent", "BYE", "call2", 1)
    wire.request(BYE_S, "agent", "caller", "BYE", "call1", 12)
    wire.request(PARTED_S, "person", "caller", "BYE", "call3", 1)
    for party, log in wire.logs.items():
        (folder / f"sip-{party}.log").write_bytes(bytes(log))


# -- sound --------------------------------------------------------------------------------------


def write_sound(folder: Path, started_at: float, agent_stays: bool) -> None:
    total = round(43 * RATE)
    sent = {name: np.zeros(total, np.float32) for name in ("caller", "agent", "briefing", "person")}
    pitch = {"caller": 190.0, "agent": 110.0, "briefing": 110.0, "person": 140.0}
    for seed, (who, start, end, _) in enumerate(DIALOGUE):
        cut = 10.35 if (who, start) == ("agent", 7.9) else end
        sound = voice(cut - start, seed, pitch[who])
        at = round(start * RATE)
        sent[who][at : at + len(sound)] += sound
    t = np.arange(total) / RATE
    music = 0.05 * np.sin(2 * np.pi * np.where(t % 1 < 0.5, 330, 392) * t)
    sent["agent"] += np.where((t > HELD_S) & (t < BYE_S), music, 0).astype(np.float32)
    if agent_stays:
        sent["agent"][round(33 * RATE) : round(40 * RATE)] += voice(7, 99, 110.0)
    rng = np.random.default_rng(7)

    def received(signal: np.ndarray) -> np.ndarray:
        late = np.roll(mu_law(signal), round(DELAY_S * RATE))
        return late + rng.normal(0, 0.0004, len(late))

    write_wav(folder / "caller.wav", sent["caller"], received(sent["agent"] + sent["person"]))
    after = np.where(t > REFERRED_S, sent["caller"], 0)
    stays = np.where(t > BYE_S, sent["agent"], 0)
    write_wav(folder / "person.wav", sent["person"], received(sent["briefing"] + after + stays))
    write_wav(folder / "call.wav", received(np.where(t < BYE_S, sent["caller"], 0)), sent["agent"])
    for name in ("caller", "person", "call"):
        (folder / f"{name}.json").write_text(json.dumps({"started_at": started_at, "rate": RATE}))


# -- events -------------------------------------------------------------------------------------

VERDICTS = {
    1: {
        "action": "continue",
        "understood": 0.94,
        "anger": 0.06,
        "anger_voice": 0.08,
        "topic": "orders",
    },
    2: {
        "action": "continue",
        "understood": 0.91,
        "anger": 0.11,
        "anger_voice": 0.14,
        "topic": "general",
    },
    3: {
        "action": "handover",
        "understood": 0.88,
        "anger": 0.86,
        "anger_voice": 0.79,
        "anger_words": 0.74,
        "wish_for_person": 0.97,
        "topic": "billing",
        "contributions": {"wish": 0.97, "anger": 0.86, "topic": 0.6},
        "reasons": (
            "asks for a person in so many words",
            "angry by voice and by words (0.86)",
            "disputes a bill, which is for people to settle",
        ),
    },
}


def write_events(
    folder: Path, started_at: float, caller_name: str, caller_words: str | None
) -> None:
    facts = e.CallFacts(
        caller_uri="sip:ann@127.0.0.1",
        caller_number="+4930123456",
        caller_name=caller_name,
        dialled="agent",
        sip_call_id="call1",
        source="127.0.0.1:5070",
    )
    spoken = [(w, s, t, x) for w, s, t, x in DIALOGUE if s < HELD_S]
    found: list[tuple[float, e.Event]] = [
        (0.0, e.CallArrived(facts=facts)),
        (0.21, e.CallAnswered()),
    ]
    lines, turn = [], 0
    for who, start, end, text in spoken:
        if who == "caller":
            turn += 1
            text = caller_words if caller_words and turn == 2 else text
            words = e.Utterance(
                text=text,
                start_s=start,
                end_s=end,
                confidence=VERDICTS[turn]["understood"],
                engine="whisper-base",
            )
            found.append((end + 0.3, e.TurnHeard(turn=turn, utterance=words)))
            found.append((end + 0.35, e.Verdict(turn=turn, **VERDICTS[turn])))
        else:
            cut = start == 7.9
            heard = "Order 4711 left our house on Thursday" if cut else text
            end = 10.35 if cut else end
            found.append(
                (
                    end,
                    e.AgentSpoke(
                        turn=turn,
                        text=text,
                        heard=heard,
                        interrupted=cut,
                        start_s=start,
                        end_s=end,
                        gap_s=round(start - lines[-1].end_s, 3) if turn else None,
                    ),
                )
            )
            text = heard
        lines.append(e.TranscriptLine(who=who, text=text, start_s=start, end_s=end))
    found.append((7.7, e.LookupDone(name="order_status", found=True, took_s=0.043)))
    found.append((10.35, e.CallerInterrupted(start_s=10.1, stopped_s=10.35)))
    context = e.HandoverContext(
        handover_id="9f2c6a",
        call_id="c-1",
        created_at=datetime.fromtimestamp(started_at + 24.7, UTC),
        facts=facts,
        reason="The caller is upset about a double charge and asked for a person.",
        reasons=VERDICTS[3]["reasons"],
        topic="billing",
        intent="billing.dispute",
        slots={"order": "4711", "amount": 48.9},
        tried=("Looked up order 4711: arrives tomorrow.", "Gave the opening hours."),
        anger=0.86,
        summary="Asked about order 4711 and Saturday's hours; was charged twice.",
        transcript=tuple(lines),
    )
    found += [
        (
            21.0,
            e.HandoverStarted(
                handover_id="9f2c6a",
                reason=context.reason,
                topic="billing",
                targets=("6001", "6002"),
            ),
        ),
        (HELD_S, e.CallerHeld()),
        (24.7, e.HandoverContextReady(handover_id="9f2c6a", context=context)),
        (CALLED_S, e.ConsultationCalling(handover_id="9f2c6a", target="6001", attempt=1)),
        (ANSWERED_S, e.ConsultationAnswered(handover_id="9f2c6a", target="6001")),
        (31.4, e.BriefingSpoken(handover_id="9f2c6a", text=DIALOGUE[7][3])),
        (REFERRED_S, e.ReferSent(handover_id="9f2c6a", target="6001")),
        (REFERRED_S + 0.04, e.ReferAnswered(handover_id="9f2c6a", code=200, final=True)),
        (BYE_S, e.HandoverCompleted(handover_id="9f2c6a", target="6001")),
        (BYE_S, e.CallEnded(by="transfer", reason="handed over to 6001", duration_s=BYE_S)),
    ]
    found.sort(key=lambda item: item[0])
    records = [
        e.Record(
            line="line-1",
            at=datetime.fromtimestamp(started_at - 2, UTC),
            event=e.LineStarted(line="line-1", max_callers=3),
        )
    ]
    records += [
        e.Record(
            line="line-1",
            call_id="c-1",
            t_s=t_s,
            event=event,
            at=datetime.fromtimestamp(started_at + t_s, UTC),
        )
        for t_s, event in found
    ]
    text = "".join(record.model_dump_json() + "\n" for record in records)
    (folder / "events.jsonl").write_text(text)


def write_run(
    folder: Path,
    *,
    started_at: float = STARTED_AT,
    caller_name: str = "Ann Grey",
    caller_words: str | None = None,
    leave_out: str = "",
    agent_stays: bool = False,
) -> Path:
    """A whole folder. `leave_out` drops a message from the wire, `agent_stays` makes the agent
    go on talking to both sides after the transfer."""
    folder.mkdir(parents=True, exist_ok=True)
    write_logs(folder, started_at, caller_name, leave_out)
    write_sound(folder, started_at, agent_stays)
    write_events(folder, started_at, caller_name, caller_words)
    return folder
