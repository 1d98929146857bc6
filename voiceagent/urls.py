"""Addresses as URLs have them."""

from __future__ import annotations


def in_url(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def web_address(value: str, example: str) -> str:
    """The value, which is empty or an address of the web.

    Raises:
        ValueError: it is something else.
    """
    if value and not value.startswith(("http://", "https://")):
        raise ValueError(f"an address starts with https://, such as {example}")
    return value
