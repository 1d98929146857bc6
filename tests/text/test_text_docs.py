"""docs/openapi.yaml and docs/text.md describe the text channel as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from voiceagent.config.web import Text, Web
from voiceagent.dialogue.plan import Continues
from voiceagent.text.api import NewCase, NewMessage

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "text.md").read_text(encoding="utf-8")
API: dict[str, Any] = yaml.safe_load((DOCS / "openapi.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("model", [NewCase, NewMessage])
def test_every_field_of_a_request_is_described_and_no_other(model: type[BaseModel]) -> None:
    real = model.model_json_schema(by_alias=True)
    told = API["components"]["schemas"][model.__name__]
    assert told["properties"].keys() == real["properties"].keys()
    assert told["required"] == real["required"]


def test_every_address_is_in_both() -> None:
    for path in API["paths"]:
        assert f" {path}`" in TEXT


def test_every_setting_is_described() -> None:
    assert [name for name in Text.model_fields if f"`text.{name}`" not in TEXT] == []
    assert [name for name in Web.model_fields if name not in TEXT] == []
    assert [name for name in Continues.model_fields if f"  {name}:" not in TEXT] == []
