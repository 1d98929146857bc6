"""The base of what people and other programs write for this one."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of settings, a part of a dialplan, a request: unknown keys are refused, and each
    field's docstring is its meaning."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )
