"""A call as a vCon: who spoke, what was said and decided, whom they were brought to.

The call itself is the first dialog. Every person who was called adds one of their own, and every
transfer one that says who was brought to whom by which of the others.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import singledispatchmethod

from voiceagent import events as e
from voiceagent.records import transcript
from voiceagent.records.vcon import (
    Analysis,
    Attachment,
    Dialog,
    Disposition,
    Party,
    PartyHistory,
    Vcon,
    uuid_of,
)

_CALLER, _AGENT = 0, 1
_CALL = 0
_DISPOSITIONS: dict[int, Disposition] = {
    408: "no-answer",
    480: "no-answer",
    486: "busy",
    487: "no-answer",
    503: "congestion",
    600: "busy",
    603: "hung-up",
}
"""By SIP status; anything else has failed."""


def as_vcon(records: Iterable[e.Record], wav: bytes = b"") -> Vcon:
    """The vCon of a call.

    Args:
        wav: its recording, left the caller, right the agent; left out where there is none.

    Raises:
        ValueError: the records hold no call.
    """
    return _Writer(list(records), wav).write()


class _Writer:
    def __init__(self, records: list[e.Record], wav: bytes) -> None:
        arrived = next((r for r in records if isinstance(r.event, e.CallArrived)), None)
        if arrived is None or not isinstance(arrived.event, e.CallArrived):
            raise ValueError("there is no call in these records: the first is a call.arrived")
        self._records = records
        self._wav = wav
        self._written = arrived.event.facts.channel == "text"
        self._began = arrived.at - timedelta(seconds=arrived.t_s or 0.0)
        self._parties = [
            _caller(arrived.event.facts),
            Party(type="bot", name=f"voiceagent, {arrived.line}"),
        ]
        self._places: dict[str, int] = {}
        self._history = [
            PartyHistory(party=_CALLER, time=arrived.at, event="join"),
        ]
        self._further: list[Dialog] = []
        self._consulted: int | None = None
        self._calling: datetime = arrived.at
        self._answered: datetime | None = None
        self._attachments: list[Attachment] = []
        self._summary = ""
        self._subject: str | None = None
        self._duration_s: float | None = None

    def write(self) -> Vcon:
        for record in self._records:
            self._take(record.event, self._time(record))
        return Vcon(
            uuid=uuid_of(self._records[0].call_id),
            created_at=self._records[-1].at,
            subject=self._subject,
            parties=tuple(self._parties),
            dialog=(self._call(), *self._further),
            analysis=tuple(self._analyses()),
            attachments=tuple(self._attachments),
        )

    def _time(self, record: e.Record) -> datetime:
        if record.t_s is None:
            return record.at
        return self._began + timedelta(seconds=record.t_s)

    def _call(self) -> Dialog:
        call = Dialog(
            type="recording",
            start=self._began,
            duration=self._duration_s,
            parties=(_CALLER, _AGENT),
            party_history=tuple(self._history),
        )
        if self._written:
            said = "\n".join(f"{s.who}: {s.text}" for s in transcript.lines(self._records))
            words = {"type": "text", "mediatype": "text/plain", "encoding": "none", "body": said}
            return call.model_copy(update=words)
        if not self._wav:
            return call
        content = {
            "mediatype": "audio/x-wav",
            "filename": f"{self._records[0].call_id}.wav",
            "encoding": "base64url",
            "body": base64.urlsafe_b64encode(self._wav).decode().rstrip("="),
        }
        return call.model_copy(update=content)

    def _analyses(self) -> Iterable[Analysis]:
        call = transcript.as_json(self._records)
        if call["lines"]:
            yield Analysis(
                type="transcript", dialog=_CALL, mediatype="application/json", body=call["lines"]
            )
        if call["verdicts"]:
            yield Analysis(
                type="report",
                product="verdicts",
                dialog=_CALL,
                mediatype="application/json",
                body=call["verdicts"],
            )
        if self._summary:
            yield Analysis(
                type="summary",
                dialog=_CALL,
                mediatype="text/plain",
                encoding="none",
                body=self._summary,
            )

    # -- what happened, one event at a time -----------------------------------------------------

    @singledispatchmethod
    def _take(self, event: e.Event, at: datetime) -> None:
        """Most events are no part of a vCon, or are in the transcript."""

    @_take.register
    def _(self, event: e.CallAnswered, at: datetime) -> None:
        self._history.append(PartyHistory(party=_AGENT, time=at, event="join"))

    @_take.register
    def _(self, event: e.DtmfReceived, at: datetime) -> None:
        pressed = PartyHistory(party=_CALLER, time=at, event="keydown", button=event.digit)
        self._history.append(pressed)

    @_take.register
    def _(self, event: e.CallerHeld, at: datetime) -> None:
        self._history.append(PartyHistory(party=_CALLER, time=at, event="hold"))

    @_take.register
    def _(self, event: e.CallerResumed, at: datetime) -> None:
        self._history.append(PartyHistory(party=_CALLER, time=at, event="unhold"))

    @_take.register
    def _(self, event: e.HandoverContextReady, at: datetime) -> None:
        self._summary = event.context.summary
        self._subject = event.context.topic
        self._attachments.append(
            Attachment(
                purpose="context of the handover",
                start=at,
                party=_AGENT,
                dialog=_CALL,
                body=event.context.model_dump(mode="json"),
            )
        )

    @_take.register
    def _(self, event: e.ConsultationCalling, at: datetime) -> None:
        self._calling, self._answered, self._consulted = at, None, None

    @_take.register
    def _(self, event: e.ConsultationAnswered, at: datetime) -> None:
        self._answered = at
        self._consulted = self._add(
            Dialog(type="recording", start=at, parties=(_AGENT, self._person(event.target)))
        )

    @_take.register
    def _(self, event: e.ConsultationFailed, at: datetime) -> None:
        person = self._person(event.target)
        failed = self._consulted
        if failed is None:
            failed = self._add(
                Dialog(
                    type="incomplete",
                    start=self._calling,
                    parties=(_AGENT, person),
                    disposition=_DISPOSITIONS.get(event.code, "failed"),
                )
            )
        self._transfer(person, at, failed, reached=None)

    @_take.register
    def _(self, event: e.HandoverBridged, at: datetime) -> None:
        person = self._person(event.target)
        joined = self._add(Dialog(type="recording", start=at, parties=(_CALLER, person)))
        self._transfer(person, at, self._consulted, joined)

    @_take.register
    def _(self, event: e.HandoverCompleted, at: datetime) -> None:
        # What they say to each other is theirs: the agent has left and knows nothing of it.
        person = self._person(event.target)
        theirs = self._add(Dialog(type="recording", start=at, parties=(_CALLER, person)))
        self._transfer(person, at, self._consulted, theirs)

    @_take.register
    def _(self, event: e.CallEnded, at: datetime) -> None:
        self._duration_s = event.duration_s
        first = _CALLER if event.by == "caller" else _AGENT
        self._history.append(PartyHistory(party=first, time=at, event="drop"))

    # -- parts ----------------------------------------------------------------------------------

    def _transfer(
        self, person: int, at: datetime, consultation: int | None, reached: int | None
    ) -> None:
        self._add(
            Dialog(
                type="transfer",
                start=at,
                transferee=_CALLER,
                transferor=_AGENT,
                transfer_target=person,
                original=_CALL,
                consultation=consultation,
                target_dialog=reached,
            )
        )

    def _add(self, dialog: Dialog) -> int:
        self._further.append(dialog)
        return len(self._further)  # the call itself is before them

    def _person(self, target: str) -> int:
        if target not in self._places:
            self._places[target] = len(self._parties)
            self._parties.append(_called(target))
        return self._places[target]


def _caller(facts: e.CallFacts) -> Party:
    asserted = "P-Asserted-Identity (RFC 3325)" if facts.asserted_identity else None
    number = facts.caller_number
    return Party(
        type="person",
        name=facts.caller_name or None,
        # Only a global number is a tel URI by itself (RFC 3966, 5.1.4).
        tel=f"tel:{number}" if number.startswith("+") else None,
        sip=facts.asserted_identity or facts.caller_uri or None,
        validation=asserted,
    )


def _called(target: str) -> Party:
    if target.startswith(("sip:", "sips:")):
        return Party(type="person", sip=target)
    return Party(type="person", name=target)
