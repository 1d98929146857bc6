"""Cells of tables on the terminal."""

from __future__ import annotations

from rich.text import Text

from voiceagent.printable import printable


def cells(*texts: str) -> list[Text]:
    """The texts as they are: neither rich nor the terminal finds orders in them."""
    return [Text(printable(text)) for text in texts]
