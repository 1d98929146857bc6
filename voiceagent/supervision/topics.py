"""The topic tree of the bus. `docs/bus.md` describes it for those who subscribe.

::

    <root>/lines/<line>/events/<type>               a Record of the line itself
    <root>/lines/<line>/state                       LineState, retained
    <root>/calls/<call_id>/events/<type>            a Record of a call
    <root>/calls/<call_id>/state                    CallState, retained while the call lives
    <root>/calls/<call_id>/marks                    MarkRequest, sent by a person's screen
    <root>/calls/<call_id>/text                     Beside, written by the caller beside the call
    <root>/calls/<call_id>/marks/refused            Refusal, the answer to a wrong one
    <root>/calls/<call_id>/link                     LinkRequest, sent by a supervisor
    <root>/calls/<call_id>/link/refused             Refusal, why the caller gets none
    <root>/lines/<line>/people                      StaffState, retained
    <root>/groups/<group>/callbacks/<id>/close      CloseRequest, sent by a person's screen
    <root>/groups/<group>/callbacks/<id>/close/refused  Refusal, the answer to a wrong one
    <root>/people/<person>/availability             Availability, retained, sent by people
    <root>/groups/<group>/callbacks/<callback_id>   CallbackState, retained until it is closed
    <root>/people/<person>/handovers/<handover_id>  Offer, retained while the handover lives
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voiceagent.events import Record

_UNSAFE = re.compile(r"[\x00-\x20\x7f%+#/$]")


def level(text: str) -> str:
    """`text` as one level of a topic.

    White space, control characters and ``% + # / $`` are percent-encoded as in URLs, so that
    an id can neither add levels nor act as a wildcard (MQTT 3.1.1, section 4.7). An empty text
    becomes ``-``.
    """
    return _UNSAFE.sub(lambda found: f"%{ord(found.group()):02X}", text) or "-"


def person(target: str) -> str:
    """The level of a person by handover target: ``6001``, or ``anna@example.com`` for a URI.

    Scheme, parameters and headers of a SIP URI (RFC 3261, 19.1.1) are left out.
    """
    bare = re.sub(r"^\s*<?(sips?:)?", "", target, flags=re.IGNORECASE)
    return level(re.split(r"[;?>]", bare, maxsplit=1)[0])


@dataclass(frozen=True)
class Topics:
    """Topics under one root, such as ``voiceagent/v1``."""

    root: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", self.root.strip("/"))

    def event(self, record: Record) -> str:
        """Where a record is published."""
        if record.call_id:
            return f"{self.root}/calls/{level(record.call_id)}/events/{record.event.type}"
        return f"{self.root}/lines/{level(record.line)}/events/{record.event.type}"

    def line_state(self, line: str) -> str:
        """Where a line's state is retained."""
        return f"{self.root}/lines/{level(line)}/state"

    def call_state(self, call_id: str) -> str:
        """Where the state of a live call is retained."""
        return f"{self.root}/calls/{level(call_id)}/state"

    def offer(self, target: str, handover_id: str) -> str:
        """Where a handover is retained for a person while it concerns them."""
        return f"{self.root}/people/{person(target)}/handovers/{level(handover_id)}"

    def staff(self, line: str) -> str:
        """How a line sees everybody."""
        return f"{self.root}/lines/{level(line)}/people"

    def availability(self, target: str) -> str:
        """Where somebody is set away or ready."""
        return f"{self.root}/people/{person(target)}/availability"

    def callback(self, group: str, callback_id: str) -> str:
        """Where what a caller has left is retained until it is closed."""
        return f"{self.root}/groups/{level(group)}/callbacks/{level(callback_id)}"

    def mark(self, call_id: str) -> str:
        """Where a mark is asked for."""
        return f"{self.root}/calls/{level(call_id)}/marks"

    def mark_refused(self, call_id: str) -> str:
        """Where it is told why a mark was not kept."""
        return f"{self.mark(call_id)}/refused"

    def link(self, call_id: str) -> str:
        """Where a link for a caller is asked for."""
        return f"{self.root}/calls/{level(call_id)}/link"

    def link_refused(self, call_id: str) -> str:
        return f"{self.link(call_id)}/refused"

    def link_offered(self, call_id: str) -> str:
        """Where it is told that a caller gets a link."""
        return f"{self.root}/calls/{level(call_id)}/events/link.offered"

    def text(self, call_id: str) -> str:
        """Where a caller's words that were written beside a call arrive."""
        return f"{self.root}/calls/{level(call_id)}/text"

    # -- filters to subscribe to --------------------------------------------------------------

    def events(self, call_id: str | None = None) -> str:
        """Every event of one call, or of all calls and lines."""
        if call_id is None:
            return f"{self.root}/+/+/events/#"
        return f"{self.root}/calls/{level(call_id)}/events/#"

    def call_states(self) -> str:
        """The states of all calls."""
        return f"{self.root}/calls/+/state"

    def mark_requests(self) -> str:
        """Every mark that is asked for."""
        return f"{self.root}/calls/+/marks"

    def link_requests(self) -> str:
        """Every link that is asked for."""
        return f"{self.root}/calls/+/link"

    def persons_answers(self) -> str:
        """Everything that people answer in writing."""
        return f"{self.root}/calls/+/events/person.wrote"

    def texts(self) -> str:
        """Everything that is written beside calls."""
        return f"{self.root}/calls/+/text"

    def closings(self) -> str:
        """Every callback that is to be closed."""
        return f"{self.root}/groups/+/callbacks/+/close"

    def staffs(self) -> str:
        """How every line sees everybody."""
        return f"{self.root}/lines/+/people"

    def availabilities(self) -> str:
        """Who is set away or ready."""
        return f"{self.root}/people/+/availability"

    def line_states(self) -> str:
        """The states of all lines."""
        return f"{self.root}/lines/+/state"

    def offers(self, target: str) -> str:
        """Everything for one person."""
        return f"{self.root}/people/{person(target)}/handovers/+"
