"""The settings of the web server, and of conversations in writing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from voiceagent.config.section import Section
from voiceagent.urls import in_url, web_address

ApiKey = Annotated[str, Field(min_length=16)]


class Web(Section):
    """The web server: text conversations by HTTP, and pages; see docs/text.md."""

    host: str = "127.0.0.1"
    """Address to listen on. Put a server that ends TLS in front of it before others reach it."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """TCP port, such as 8080; left out: no web server is started. 0 takes a free one."""
    public_url: str = ""
    """Address under which browsers reach it, for links, such as "https://agent.example.com";
    left out: host and port as above."""
    keys: dict[str, ApiKey] = Field(default_factory=dict)
    """Keys of programs that may use the HTTP API, by a name for each, at least 16 characters long;
    better set as VOICEAGENT_WEB__KEYS. None: the API refuses everybody."""
    max_body_kb: Annotated[int, Field(ge=1, le=10_240)] = 64
    """Longest body of a request, in KiB."""

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        return web_address(value, "https://agent.example.com").rstrip("/")


def site_url(web: Web) -> str:
    """Address of the site for links; empty where there is no web server, or its port
    is any free one."""
    if web.port is None or not (web.port or web.public_url):
        return ""
    return web.public_url or f"http://{in_url(web.host)}:{web.port}"


class Text(Section):
    """Conversations in writing; they need the web server."""

    number: str = ""
    """Number that customers may call with their code, as it is told to them; left out: none is."""
    link_by_message: bool = False
    """Send links by SIP MESSAGE to the caller's number, where PBX and trunk take them; the event
    `link.offered` tells others of them in any case."""
    valid_h: Annotated[float, Field(gt=0, le=720)] = 24.0
    """How long the token in a link and the code of a case are good, hours."""
    idle_min: Annotated[float, Field(gt=0, le=1440)] = 30.0
    """Minutes without a word after which a conversation ends; who writes again goes on with it."""
    most_open: Annotated[int, Field(ge=1)] = 500
    """Conversations that may be open at once."""


class Desk(Section):
    """The page of each person who takes calls; it needs the web server. See docs/desk.md."""

    keys: dict[str, ApiKey] = Field(default_factory=dict)
    """Keys of people, at least 16 characters long, by the target at which they are called, such as
    "6001"; better set as VOICEAGENT_DESK__KEYS. None: there is no such page."""
    session_h: Annotated[float, Field(gt=0, le=720)] = 12.0
    """Hours after which the key is asked for again."""
