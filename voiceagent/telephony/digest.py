"""The answer to a digest challenge (RFC 3261, 22; RFC 7616) for requests that we send ourselves."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s,]+))')
_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}


class CannotAnswer(Exception):
    """The challenge asks for something that is not known here; the text says for what."""


def answer(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """Value of ``Authorization`` (or ``Proxy-Authorization``) for a challenge's value.

    Raises:
        CannotAnswer: another scheme than Digest, or an unknown algorithm or qop.
    """
    scheme, _, rest = challenge.strip().partition(" ")
    asked = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
    algorithm = asked.get("algorithm", "MD5")
    if scheme.lower() != "digest" or algorithm.lower() not in _HASHES:
        raise CannotAnswer(f"{scheme} {algorithm}")

    def digest(*parts: str) -> str:
        return _HASHES[algorithm.lower()](":".join(parts).encode()).hexdigest()

    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    first, second = digest(user, realm, password), digest(method, uri)
    given = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    plain = {"algorithm": algorithm}
    if "qop" in asked:
        if "auth" not in re.split(r"[\s,]+", asked["qop"]):
            raise CannotAnswer(f"qop {asked['qop']}")
        count, own = "00000001", secrets.token_hex(8)
        given |= {"cnonce": own, "response": digest(first, nonce, count, own, "auth", second)}
        plain |= {"qop": "auth", "nc": count}
    else:
        given["response"] = digest(first, nonce, second)
    if "opaque" in asked:
        given["opaque"] = asked["opaque"]
    parts = [f'{name}="{value}"' for name, value in given.items()]
    return "Digest " + ", ".join([*parts, *(f"{name}={value}" for name, value in plain.items())])


def unknown(challenges: Iterable[str]) -> str:
    """What is asked for and not known here, where none of the challenges can be answered."""
    lacks = []
    for challenge in challenges:
        try:
            answer(challenge, "", "", "", "")
        except CannotAnswer as error:
            lacks.append(str(error))
        else:
            return ""
    return " or ".join(lacks)
