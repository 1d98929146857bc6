"""Text of strangers on a terminal, which would obey what is no text in it.

Control characters can hide lines, forge others, and set titles and keys; marks of direction
(Unicode TR 9) can show a line in another order than it has.
"""

from __future__ import annotations

import json
import re

_ORDERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ORDERS_IN_JSON = re.compile(_ORDERS.pattern.replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f"))


def printable(text: str) -> str:
    """The text on one line, each control character as its picture, such as ␛ or ␊.

    It is as long as before, so that places in it stay what they are.
    """
    return _ORDERS.sub(lambda found: _picture(ord(found.group())), text)


def printable_json(text: str) -> str:
    """JSON that says the same, with such characters escaped (RFC 8259, section 7)."""
    return _ORDERS_IN_JSON.sub(lambda found: json.dumps(found.group())[1:-1], text)


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"
