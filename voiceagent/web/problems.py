"""Errors as JSON that name the field and the mend (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from voiceagent.supervision.mends import mends

_log = structlog.get_logger()
_Model = TypeVar("_Model", bound=BaseModel)


class Problem(Exception):
    """A request that cannot be done; raised anywhere below a route, it becomes the response.

    Args:
        status: HTTP status code.
        detail: what is wrong, and the mend.
        fields: by name of a field in the body, what is wrong with it, and the mend.
        headers: further headers of the response.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        fields: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fields = fields or {}
        self.headers = headers or {}

    @property
    def response(self) -> Response:
        """The problem in JSON; ``errors`` point at fields by JSON Pointer (RFC 6901)."""
        members: dict[str, Any] = {
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.fields:
            members["errors"] = [
                {"pointer": "#/" + name.replace(".", "/"), "detail": mend}
                for name, mend in self.fields.items()
            ]
        return JSONResponse(
            members, self.status, self.headers, media_type="application/problem+json"
        )


async def body(request: Request, model: type[_Model]) -> _Model:
    """The request's body, which is JSON.

    Raises:
        Problem: it is none, or does not fit the model; every wrong field is named.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise Problem(415, "send the body as JSON, with Content-Type: application/json")
    try:
        values = from_json(await request.body())
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {error}") from error
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = mends(model, error)
        if "" in fields:
            raise Problem(422, fields[""]) from error
        told = "; ".join(f"{name}: {mend}" for name, mend in fields.items())
        raise Problem(422, told, fields) from error


_MENDS = {
    404: "there is nothing at this address",
    405: "this address takes other methods: see the Allow header",
    413: "the body is too long: send less, or set web.max_body_kb",
}


def problem(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
    """The problem of a status code, with our words for it."""
    return Problem(status, _MENDS.get(status, detail), headers=dict(headers or {}))


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, error.headers).response


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody gets this: who has sent half a request is no error of ours."""
    return problem(400, "the request was broken off").response


async def _broken(request: Request, error: Exception) -> Response:
    _log.error("request.failed", route=request.scope["path"].split("/")[1], exc_info=error)
    return Problem(500, "this went wrong on our side: the log of the server says how").response


HANDLERS: dict[Any, Any] = {
    Problem: _problem,
    HTTPException: _http,
    ClientDisconnect: _gone,
    Exception: _broken,
}
"""For `Starlette(exception_handlers=…)`."""
