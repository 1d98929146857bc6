"""The settings of the SIP side."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic.functional_validators import AfterValidator

from voiceagent.config.section import Section


def _sip_uri(value: str) -> str:
    if not value.startswith(("sip:", "sips:")):
        raise ValueError("a SIP URI starts with sip:, such as sip:pbx.example.com")
    return value


SipUri = Annotated[str, AfterValidator(_sip_uri)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Sip(Section):
    """How the agent is reached by SIP."""

    address: str = "0.0.0.0"
    """Local IP address to listen on."""
    port: Port = 5060
    """Local UDP port; 0 takes a free one."""
    public_address: str = ""
    """Address to write into Contact and SDP when it differs from `address` (NAT)."""
    registrar: SipUri | None = None
    """Register with this PBX, such as "sip:pbx.example.com"; leave out for an IP trunk."""
    user: str = "voiceagent"
    """User part of the agent's address of record."""
    auth_user: str = ""
    """Digest user name where it differs from `user`."""
    password: str = ""
    """Digest password; better set as VOICEAGENT_SIP__PASSWORD."""
    expires_s: Annotated[int, Field(ge=30, le=86_400)] = 300
    """Registration interval in seconds."""
    proxy: SipUri | None = None
    """Outbound proxy, where the PBX wants one."""
    dial_domain: str = ""
    """Host (and port) for targets written as plain extensions, such as "pbx.example.com:5060".
    Taken from `registrar` when left out."""
    allow: tuple[str, ...] = ("127.0.0.0/8",)
    """Networks that INVITEs may come from; all others get 403. A registrar given by address is
    always allowed. [] allows nobody, ["0.0.0.0/0"] everybody."""
    customer_header: str = ""
    """Header of the INVITE that says what the company knows the customer by, such as
    "X-Customer-Id"; the PBX must take it from nobody else. Left out: none does."""
    codecs: tuple[Literal["PCMU", "PCMA", "G722"], ...] = ("PCMU", "PCMA")
    """Codecs to offer, best first."""
    rtp_port_min: Annotated[int, Field(ge=1024, le=65000)] = 16384
    """First UDP port for RTP."""
    rtp_port_count: Annotated[int, Field(ge=20, le=65_535)] = 400
    """How many UDP ports RTP may take from `rtp_port_min` up."""
    max_callers: Annotated[int, Field(ge=1)] | None = None
    """Callers admitted at once; left out: what the SIP library allows, less a leg kept free."""
    retry_after_s: Annotated[int, Field(ge=1, le=86_400)] = 10
    """Retry-After of the 503 that further callers get."""
    session_expires_s: Annotated[int, Field(ge=90, le=86_400)] = 1800
    """Session-Expires (RFC 4028), used when the other side can."""
    trace: Path | None = None
    """Write every SIP message to this file. It holds personal data: for fault-finding only."""

    @field_validator("allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(f"{error}: write 192.0.2.0/24 or 192.0.2.1") from error
        return value
