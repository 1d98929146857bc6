"""SIP headers: what an INVITE says of its call, and the context header of a handover.

``User-to-User`` (RFC 7433) carries an opaque handover id from the consultation call to the
person's phone, hex encoded, and nothing about the caller.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from voiceagent.events import CallFacts

USER_TO_USER = "User-to-User"
CONTEXT_PREFIX = "X-VoiceAgent-"
MAX_UUI_OCTETS = 128
"""Most octets of user-to-user data that networks carry (RFC 7433, 3; ITU-T Q.931)."""

_COMPACT = {
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "v": "via",
    "k": "supported",
    "c": "content-type",
    "l": "content-length",
    "s": "subject",
    "e": "content-encoding",
    "b": "referred-by",
    "r": "refer-to",
    "o": "event",
    "u": "allow-events",
    "x": "session-expires",
}
_HEAD_END = re.compile(r"\r?\n\r?\n")
_NAME_ADDR = re.compile(
    r'\s*(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<token>[^<"]*?))\s*<(?P<uri>[^>]*)>'
)
_IN_LIST = re.compile(r'((?:"(?:\\.|[^"\\])*"|<[^>]*>|[^,"<])+)')
_SEPARATORS = re.compile(r"[-.() ]")
"""What stands between the digits of a number to be seen only (RFC 3966, 5.1.1)."""
_NUMBER = re.compile(r"\+?[0-9*#]+")
_WITHHELD = "anonymous"
_USER_SPECIFIC = b"\0"
_UNSAFE = re.compile(r"[^\x20-\x7e]+")


def readable(text: str) -> str:
    """Text of a message whose octets are no UTF-8, as Latin-1, which is what they are then.

    The library hands such octets over as half characters, which nothing can write down.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def parse_headers(message: str) -> list[tuple[str, str]]:
    """Header names and values of a SIP message, in order, long names in lower case.

    Folded lines are joined and compact names spelled out (RFC 3261, 7.3). Whatever is not a
    header line is passed over: a peer's mistake in one header must not cost the call.
    """
    head = _HEAD_END.split(readable(message), maxsplit=1)[0]
    lines = re.split(r"\r?\n", re.sub(r"\r?\n[ \t]+", " ", head))
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon and name:
            headers.append((_COMPACT.get(name, name), value.strip()))
    return headers


def first_headers(message: str) -> dict[str, str]:
    """The first header of each name in a SIP message, see `parse_headers`."""
    return dict(reversed(parse_headers(message)))


def body_of(message: str) -> str:
    """What stands after the headers of a SIP message."""
    return _HEAD_END.split(message, maxsplit=1)[-1]


def name_addr(value: str) -> tuple[str, str]:
    """Display name and URI of a ``name-addr`` or ``addr-spec`` (RFC 3261, 20.10)."""
    if match := _NAME_ADDR.match(value):
        name = match["quoted"] if match["quoted"] is not None else match["token"].strip()
        return re.sub(r"\\(.)", r"\1", name), match["uri"].strip()
    return "", value.split(";", 1)[0].strip()


def announces(headers: Iterable[tuple[str, str]], option: str) -> bool:
    """Whether an option tag stands in Supported (RFC 3261, 20.37); names are in lower case."""
    values = (value for name, value in headers if name == "supported")
    return any(option == tag.strip().lower() for value in values for tag in value.split(","))


def parameter(value: str, name: str) -> str:
    """A parameter of a header, after its URI, such as the tag of To; empty when there is none."""
    _, _, parameters = value.rpartition(">")
    found = re.search(rf";\s*{name}\s*=\s*([^;,\s]+)", parameters, re.IGNORECASE)
    return found[1] if found else ""


def user_part(uri: str) -> str:
    """User part of a sip:, sips: or tel: URI, without parameters; empty when there is none.

    A telephone number is told without what stands between its digits (RFC 3966, 5.1.1).
    """
    scheme, _, rest = uri.partition(":")
    telephone = scheme.lower() == "tel"
    user, at, host = rest.rpartition("@")
    if not telephone and not at:
        return ""
    user = rest if telephone else user.split(":", 1)[0]
    plain = "".join(filter(str.isprintable, unquote(user.split(";", 1)[0])))
    digits = _SEPARATORS.sub("", plain)
    written = telephone or plain.startswith("+") or "user=phone" in host.lower()
    return digits if written and _NUMBER.fullmatch(digits) else plain


def call_facts(invite: str, source: str, customer_header: str = "") -> CallFacts:
    """Facts of a call from its INVITE, as text, and the address it came from.

    Args:
        customer_header: name of the header that names the customer; empty for none.
    """
    headers = parse_headers(invite)

    def first(name: str) -> str:
        return next((value for key, value in headers if key == name), "")

    from_name, from_uri = name_addr(first("from"))
    asserted_name, asserted_uri = name_addr(_asserted(headers))
    number = user_part(asserted_uri) or user_part(from_uri)
    name = asserted_name or from_name
    if _wants_privacy(headers):
        number, name = _WITHHELD, ""
    request_uri = invite.split(" ", 2)[1] if invite.count(" ") >= 2 else ""
    return CallFacts(
        caller_uri=from_uri,
        caller_number=number,
        caller_name=name,
        dialled=user_part(readable(request_uri)),
        asserted_identity=asserted_uri,
        diversion=name_addr(first("diversion"))[1] or _diverted_from(headers),
        customer_id=first(customer_header.lower()) if customer_header else "",
        case_code=first("x-case") or parameter(f"<{user_part(request_uri)}>{request_uri}", "case"),
        headers={_title(key): value for key, value in headers if key.startswith("x-")},
        sip_call_id=first("call-id"),
        source=source,
    )


def _values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """The values of a header that is a list, be they in one line or in several."""
    lines = (value for key, value in headers if key == name)
    return [part.strip() for line in lines for part in _IN_LIST.findall(line) if part.strip()]


def _asserted(headers: Sequence[tuple[str, str]]) -> str:
    """Who calls, as the network says: P-Asserted-Identity, or what older PBXs send."""
    remote = _values(headers, "remote-party-id")
    calling = [value for value in remote if parameter(value, "party").lower() in ("", "calling")]
    return next(iter(_values(headers, "p-asserted-identity") + calling), "")


def _wants_privacy(headers: Sequence[tuple[str, str]]) -> bool:
    """Whether the caller has asked not to be named (RFC 3323, 4.2; RFC 3325, 9.3)."""
    asked = (value for key, value in headers if key == "privacy")
    if any(tag.strip().lower() in ("id", "user") for value in asked for tag in value.split(";")):
        return True
    parties = _values(headers, "remote-party-id")
    return any(parameter(value, "privacy").lower() in ("full", "uri") for value in parties)


def _diverted_from(headers: Sequence[tuple[str, str]]) -> str:
    """Who the call was last diverted by, from History-Info (RFC 7044): the entry before the last
    that names a cause (RFC 4458)."""
    entries = [name_addr(value)[1] for value in _values(headers, "history-info")]
    causes = [at for at, uri in enumerate(entries) if re.search(r";cause=\d", uri, re.IGNORECASE)]
    return entries[causes[-1] - 1].partition("?")[0] if causes and causes[-1] else ""


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def new_handover_id() -> str:
    """A handover id: 128 random bits as 32 hex digits."""
    return secrets.token_hex(16)


def encode_user_to_user(handover_id: str) -> str:
    """Value of a ``User-to-User`` header that carries `handover_id`.

    The octets are the user-specific protocol discriminator 00, which a gateway to ISDN needs
    (RFC 7434, 3.1), and the id itself, so that its digits can be read in a trace.

    Raises:
        ValueError: the id is not an even number of hex digits, or longer than networks carry.
    """
    octets = _USER_SPECIFIC + bytes.fromhex(handover_id)
    if not 1 < len(octets) <= MAX_UUI_OCTETS:
        raise ValueError(f"a handover id has 1 to {MAX_UUI_OCTETS - 1} octets")
    return f"{octets.hex()};encoding=hex"


def decode_user_to_user(value: str) -> str:
    """The handover id in a ``User-to-User`` header.

    Raises:
        ValueError: the value was not made by `encode_user_to_user`.
    """
    data, *parameters = (part.strip() for part in value.split(";"))
    for parameter in parameters:
        name, _, encoding = parameter.partition("=")
        if name.strip().lower() == "encoding" and encoding.strip().lower() != "hex":
            raise ValueError(f"User-to-User: encoding {encoding!r} is not hex (RFC 7433, 4.1)")
    try:
        octets = bytes.fromhex(data)
    except ValueError as error:
        raise ValueError(f"User-to-User: {data[:40]!r} is not hex") from error
    if not 1 < len(octets) <= MAX_UUI_OCTETS or octets[:1] != _USER_SPECIFIC:
        raise ValueError(f"User-to-User: {data[:40]!r} does not carry a handover id")
    return octets[1:].hex()


def context_headers(handover_id: str, fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers for the consultation INVITE: the id, then ``X-VoiceAgent-*`` for `fields`.

    Values are cut to 120 characters of printable ASCII, so that nothing a caller says can
    end a header line. Only what is no personal data belongs here: proxies log headers.
    """
    headers = [(USER_TO_USER, encode_user_to_user(handover_id))]
    for name, value in fields:
        clean = _UNSAFE.sub(" ", value).strip()[:120]
        if clean:
            headers.append((f"{CONTEXT_PREFIX}{name}", clean))
    return headers


def context_of(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The context headers among `headers`, by their usual spelling."""
    found = {}
    for key, value in headers:
        if key.lower() == USER_TO_USER.lower():
            found[USER_TO_USER] = value
        elif key.lower().startswith(CONTEXT_PREFIX.lower()):
            found[CONTEXT_PREFIX + _title(key[len(CONTEXT_PREFIX) :])] = value
    return found
