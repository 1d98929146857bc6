"""Addresses of Wyoming services in the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from voiceagent.config import ConfigError, load
from voiceagent.config.wyoming import parse_address


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("unix:/run/speech.sock", "unix:///run/speech.sock"),
        ("unix:///run/speech.sock", "unix:///run/speech.sock"),
        ("tcp:gpu.example.com:10300", "tcp://gpu.example.com:10300"),
        ("tcp://127.0.0.1:10300", "tcp://127.0.0.1:10300"),
    ],
)
def test_addresses_are_read_with_or_without_slashes(text: str, uri: str) -> None:
    assert parse_address(text).uri == uri


@pytest.mark.parametrize(
    "text", ["", "speech.sock", "unix:run/speech.sock", "tcp:host", "tcp:host:port", "tcp:h:70000"]
)
def test_a_wrong_address_is_told_what_is_right(text: str) -> None:
    with pytest.raises(ValueError, match="write unix:/path or tcp:host:port"):
        parse_address(text)


def test_a_socket_path_too_long_for_the_kernel_is_refused_with_the_mend() -> None:
    with pytest.raises(ValueError, match="give a shorter one"):
        parse_address("unix:/" + "a" * 120)


@pytest.mark.parametrize(
    "setting",
    [
        "speech.address",
        "speech.recognizer",
        "speech.synthesizer",
        "speech.languages.de.recognizer",
        "speech.languages.de.synthesizer",
    ],
)
def test_a_wrong_address_in_the_settings_is_named_with_the_mend(
    tmp_path: Path, setting: str
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(f'dialplan = "plan.yaml"\n{setting} = "gpu:10200"\n')
    with pytest.raises(ConfigError) as error:
        load(file)
    mend = "gpu:10200: is not an address: write unix:/path or tcp:host:port"
    assert str(error.value) == f"{file}: {setting}: {mend}"
    file.write_text(f'dialplan = "plan.yaml"\n{setting} = ""\n')
    load(file)
