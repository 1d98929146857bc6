"""The settings of how a caller gets to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from voiceagent.config.section import Section

Way = Literal["attended", "bridged", "conference", "blind"]
Key = Annotated[str, Field(pattern=r"^[0-9A-D*#]?$")]


class Handover(Section):
    """How a caller gets to a person."""

    way: Way = "attended"
    """"attended": the person is called and briefed, then the PBX connects both (REFER with
    Replaces). "bridged": the agent connects both itself and stays in the path. "conference":
    bridged, until the agent has introduced both to each other, then as attended. "blind": the PBX
    calls the person, unasked and unbriefed; a caller may be lost."""
    ways: dict[str, Way] = Field(default_factory=dict)
    """By target, where it is another than `way`: `"6001" = "bridged"`."""
    accept: Literal["answer", "key", "speech"] = "answer"
    """How a person takes the call: by answering the phone, by `accept_key`, or by saying yes
    after the briefing. With the last two a voicemail is never taken for a person."""
    accept_s: Annotated[float, Field(ge=1, le=60)] = 8.0
    """How long after the briefing they may take over it until the next target is tried."""
    accept_key: Key = "1"
    """Key that takes the call, also during the briefing, however calls are taken."""
    decline_key: Key = "2"
    """Key that declines it, so that the next target is tried; "" for none."""
    return_key: Key = "*"
    """Key with which a person whose call is bridged gives the caller back; "" for none."""
    note_s: Annotated[float, Field(ge=0, le=120)] = 20.0
    """How long a person who gives the caller back may take to say what was agreed; 0 asks none."""
    announcement_s: Annotated[float, Field(ge=0, le=30)] = 5.0
    """Speech without a pause, while the briefing is spoken, after which whoever answered counts
    as an announcement, where answering is taking the call; 0 for never."""
    refer_to: Literal["address", "contact"] = "address"
    """What Refer-To names: the address that was called, or the Contact of who answered."""
    refer_context: bool = False
    """Put User-to-User into Refer-To as well: for peers that follow a REFER themselves."""
    assume_replaces: bool = False
    """Send REFER with Replaces also to a caller's side that does not announce `replaces` in
    Supported. Otherwise the agent joins both itself there, as if `way` were "bridged"."""
    ring_s: Annotated[float, Field(ge=1, le=300)] = 20.0
    """How long a person's phone rings before the next target is tried."""
    refer_s: Annotated[float, Field(ge=1, le=120)] = 8.0
    """How long the REFER may take until the transfer counts as failed."""
    push_s: Annotated[float, Field(ge=0, le=10)] = 1.0
    """How long the context may take to reach the broker, and the webhook if it was well the last
    time, before the phone is called anyway."""
    briefing: bool = True
    """Speak a short briefing to the person before the caller is connected."""
    wording: Path | None = None
    """Folder with what people hear and read in further languages, a file for each, such as fr.yaml:
    voiceagent/dialogue/notes/en.yaml in that language. Left out: English and German."""
    music: Path | None = None
    """WAV file played to a held caller (8 kHz or more, mono); left out: a soft built-in tune."""
    targets: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Targets by topic, first tried first: extensions, SIP URIs, or names of people and groups.
    They take the place of the dialplan's targets for that topic."""

    @model_validator(mode="after")
    def _can_be_accepted(self) -> Self:
        if self.accept != "answer" and not self.briefing:
            raise ValueError(f'accept = "{self.accept}" needs briefing = true')
        if self.accept == "key" and not self.accept_key:
            raise ValueError('accept = "key" needs an accept_key')
        return self
