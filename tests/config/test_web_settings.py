"""The settings of the web server."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from voiceagent.config.web import Web, site_url


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, ""),
        ({"port": 8080}, "http://127.0.0.1:8080"),
        ({"port": 8080, "host": "::1"}, "http://[::1]:8080"),
        ({"port": 0}, ""),
        ({"port": 0, "public_url": "https://agent.example.com/"}, "https://agent.example.com"),
    ],
)
def test_links_go_to_where_browsers_reach_the_site(settings: dict[str, Any], url: str) -> None:
    assert site_url(Web(**settings)) == url


@pytest.mark.parametrize(
    "wrong", [{"keys": {"crm": "short"}}, {"public_url": "agent.example.com"}, {"port": 70000}]
)
def test_what_cannot_be_used_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Web(**wrong)
