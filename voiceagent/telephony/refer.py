"""What a REFER refers to (RFC 3515): a URI with the headers of the INVITE that is to follow.

In an attended transfer one of them is Replaces (RFC 3891), which names a dialog by its Call-ID
and tags as the one sees it whom the INVITE reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from voiceagent.telephony.headers import USER_TO_USER, first_headers, name_addr, parameter

_HEADER_SAFE = "!~*'()[]/?:+$-_."
"""What stands for itself in a header of a URI (RFC 3261, 25.1: hnv-unreserved, unreserved)."""


@dataclass(frozen=True)
class Dialog:
    """A dialog that our own INVITE has opened."""

    call_id: str
    local_tag: str
    remote_tag: str
    address: str
    """The URI that was called."""
    contact: str
    """The other side's Contact, where requests to exactly that device go."""

    @classmethod
    def of_answer(cls, answer: str, address: str) -> Self:
        """Read it from the 2xx to the INVITE that went to `address` (To has lost its port)."""
        headers = first_headers(answer)
        return cls(
            call_id=headers.get("call-id", ""),
            local_tag=parameter(headers.get("from", ""), "tag"),
            remote_tag=parameter(headers.get("to", ""), "tag"),
            address=address,
            contact=name_addr(headers.get("contact", ""))[1] or address,
        )


def replacing(dialog: Dialog, *, contact: bool = False, user_to_user: str = "") -> str:
    """Refer-To for taking our place in `dialog`.

    Args:
        contact: name the device by its Contact and not by the address that was called: for
            peers that follow the REFER themselves, and may reach another device by the address.
        user_to_user: value of the User-to-User header (RFC 7433), "" for none.
    """
    replaces = f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}"
    uri = dialog.contact if contact else dialog.address
    return _with(uri, ("Replaces", replaces), ("Require", "replaces"), (USER_TO_USER, user_to_user))


def blind(uri: str, *, user_to_user: str = "") -> str:
    """Refer-To for calling `uri` anew."""
    return _with(uri, (USER_TO_USER, user_to_user))


def _with(uri: str, *headers: tuple[str, str]) -> str:
    asked = "&".join(f"{name}={quote(value, _HEADER_SAFE)}" for name, value in headers if value)
    return f"<{uri.partition('?')[0]}{'?' if asked else ''}{asked}>"
