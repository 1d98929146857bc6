"""Whether a phone is in a call, from ``application/dialog-info+xml`` (RFC 4235)."""

from __future__ import annotations

from xml.etree import ElementTree

_NAMESPACE = "{urn:ietf:params:xml:ns:dialog-info}"
_IDLE = "terminated"


class NoDialogInfo(Exception):
    """The body is no such document."""


class Dialogs:
    """The calls of one phone, as its notifications tell."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def take(self, body: str) -> None:
        """Take in a document, which tells of all calls or of those that have changed.

        Raises:
            NoDialogInfo: it is none.
        """
        if "<!" in body.replace("<!--", ""):
            raise NoDialogInfo("it declares entities of its own")
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError as error:
            raise NoDialogInfo(str(error)) from error
        if root.tag != f"{_NAMESPACE}dialog-info":
            raise NoDialogInfo(f"it is {root.tag}")
        if root.get("state") == "full":
            self._states.clear()
        for dialog in root.iter(f"{_NAMESPACE}dialog"):
            state = dialog.findtext(f"{_NAMESPACE}state", "").strip()
            self._states[dialog.get("id", "")] = state

    @property
    def busy(self) -> str:
        """State of a call that there is, such as "early" or "confirmed"; empty without one."""
        return next((state for state in self._states.values() if state != _IDLE), "")
