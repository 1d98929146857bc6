"""Texts outside calls: SIP MESSAGE in pager mode (RFC 3428)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from voiceagent.events import CallFacts
from voiceagent.telephony.headers import call_facts, user_part
from voiceagent.telephony.requests import Dialog, NoAnswer, Requests

_USER_SAFE = "-_.!~*'()&=+$,;?/"
"""What stands for itself in the user part of a URI (RFC 3261, 25.1)."""
_PLAIN = [("Content-Type", "text/plain;charset=UTF-8")]


@dataclass(frozen=True)
class Page:
    """A text that has arrived."""

    facts: CallFacts
    """Whom it is from, as a call's would say."""
    text: str

    @classmethod
    def read(cls, message: str, source: str, text: str) -> Self:
        """Of a MESSAGE as it came, and the address that it came from."""
        return cls(call_facts(message, source).model_copy(update={"channel": "text"}), text)

    @property
    def answer_to(self) -> str:
        """The URI that an answer goes to: who has sent it, where it came from."""
        facts = self.facts  # who wants to be nameless gets an answer all the same
        user = user_part(facts.asserted_identity) or user_part(facts.caller_uri)
        return f"sip:{quote(user, _USER_SAFE)}@{facts.source}"


def is_text(kind: str) -> bool:
    """Whether a Content-Type is plain text."""
    return kind.partition(";")[0].strip().lower() == "text/plain"


async def send(requests: Requests, uri: str, text: str) -> None:
    """Send a text.

    Raises:
        NoAnswer: there was none, or it was refused.
    """
    answer = await requests.send("MESSAGE", Dialog(uri), _PLAIN, body=text)
    if answer.code // 100 != 2:
        raise NoAnswer(f"the text was refused: {answer.reason}")
