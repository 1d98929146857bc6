"""Codes of languages (ISO 639-1), with a region where it matters: "en", "en-GB"."""

from __future__ import annotations


def bare_code(language: str) -> str:
    """The code without its region: "en-GB" is "en"."""
    return language.partition("-")[0].lower()
