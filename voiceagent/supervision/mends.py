"""What is wrong with a message of another program, by field, with the mend."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError


def mends(model: type[BaseModel], error: ValidationError) -> dict[str, str]:
    """By field, with dots for what is within; an empty name is for the message as a whole."""
    return {
        ".".join(map(str, item["loc"])): _mend(model, item["type"], item["msg"])
        for item in error.errors()
    }


def told(model: type[BaseModel], error: ValidationError) -> str:
    """The same in a line."""
    wrong = mends(model, error)
    return "; ".join(f"{name}: {mend}" if name else mend for name, mend in wrong.items())


def _mend(model: type[BaseModel], kind: str, message: str) -> str:
    known = ", ".join(model.model_fields)
    match kind:
        case "json_invalid" | "model_type":
            return f"the message is not a JSON object: write one with any of {known}"
        case "extra_forbidden":
            return f"there is no such field: take it out; known: {known}"
        case "missing":
            return "is missing: write it"
        case _:
            return message[:1].lower() + message[1:]
