"""What people are told of a call, in their language.

The dialogue notes what happened (`Note`); a file for each language has the sentences, ``en.yaml``
all that there are (`sentences`). A `teller.Teller` puts the one into the other.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from voiceagent.events import Fact


class Note(Fact):
    """Something to be told, not yet in words.

    Each value is named for what it is: ``topic``, ``intent`` and ``slot`` hold a name of the
    dialplan, ``advice`` a topic, ``answers`` and ``subject`` slots with their values, ``note``
    another note; ``found`` and ``agreed`` are words of the dialplan's language; whatever else
    stands as it is.
    """

    says: str
    """Name of the sentence."""
    values: dict[str, Any] = Field(default_factory=dict)
