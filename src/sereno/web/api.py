"""The API's plumbing: one decorator that validates what comes in and what goes out, and remembers it.

The description at `/api/v1/openapi.json` is made from the same models that validate (`web/openapi.py`), so it can't
say anything else. Every error is `application/problem+json` (RFC 9457, `web/errors.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, make_response, request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from sereno.web.errors import problem
from sereno.web.repeats import carried_out_once

PREFIX = "/api/v1"
JSON = "application/json"


class ApiModel(BaseModel):
    """What goes in or out of the API: unknown members are refused, so a typing error is told and not swallowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A view's answer when it wants headers of its own besides the body."""

    body: BaseModel | None
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """What an API view takes and answers, as declared and as checked. Words are English and marked for translation."""

    tag: str
    summary: str
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answers: type[BaseModel] | None
    status: int
    problems: tuple[int, ...]
    once: bool
    holds_secret: bool
    reads: type[BaseModel] | None


def operation(
    tag: str,
    summary: str,
    *,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    answers: type[BaseModel] | None = None,
    status: int = 200,
    problems: tuple[int, ...] = (),
    once: bool | None = None,
    holds_secret: bool = False,
    reads: type[BaseModel] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Declare an API view: it is called with `body` and `query` validated and answers a model, an Answer or None.

    `status` is that of success (204 is right for None); `problems` lists the refusals of its own, besides those that
    every view can meet. With `once` the view honours `Idempotency-Key` (`web/repeats.py`); left out, every view does
    that creates (201). `holds_secret`: its answer is shown once and not kept for a repetition. `reads`: the model of a
    body that the view reads by itself. Put it below `@require` or `@public`.
    """
    honours_key = status == 201 if once is None else once
    declared = Operation(tag, summary, body, query, answers, status, problems, honours_key, holds_secret, reads)

    def wrap(view: Callable[..., Any]) -> Callable[..., Response]:
        @functools.wraps(view)
        def checked(**path: Any) -> Response:
            try:
                arguments = _arguments(declared)
            except ValidationError as error:
                return problem(422, errors=[_told(detail) for detail in error.errors()])
            except _Refused as refused:
                return problem(refused.status, detail=refused.detail)

            def carry_out() -> Response:
                return _response(view(**path, **arguments), declared)

            if declared.once:
                return carried_out_once(carry_out, holds_secret=declared.holds_secret)
            return carry_out()

        checked.operation = declared  # type: ignore[attr-defined]
        return checked

    return wrap


def declared_operation(view: Callable[..., Any]) -> Operation | None:
    """What a view declared to be, or None when it is no API view."""
    return getattr(view, "operation", None)


class _Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def _arguments(declared: Operation) -> dict[str, BaseModel]:
    arguments: dict[str, BaseModel] = {}
    if declared.query is not None:
        arguments["query"] = declared.query.model_validate(request.args.to_dict())
    if declared.body is not None:
        arguments["body"] = _body(declared.body)
    return arguments


def _body(model: type[BaseModel]) -> BaseModel:
    if not request.get_data() and not any(field.is_required() for field in model.model_fields.values()):
        return model()
    if request.mimetype != JSON:
        raise _Refused(415, f"send the content type {JSON}")
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise _Refused(400, f"the body is not JSON: {error.errors()[0]['msg']}") from error
        raise


def _told(detail: ErrorDetails) -> dict[str, str]:
    """Where and what, without echoing the value: it may be a password."""
    return {
        "path": ".".join(str(part) for part in detail["loc"]),
        "message": detail["msg"].removeprefix("Value error, "),
    }


def _response(answer: Any, declared: Operation) -> Response:
    if isinstance(answer, Response):
        return answer
    headers = answer.headers if isinstance(answer, Answer) else {}
    body = answer.body if isinstance(answer, Answer) else answer
    if body is None:
        response = make_response("", declared.status)
    else:
        if declared.answers is None or not isinstance(body, declared.answers):
            raise TypeError(f"{request.endpoint} answered {type(body).__name__}, which it does not declare")
        response = current_app.response_class(body.model_dump_json(), status=declared.status, mimetype=JSON)
    response.headers.update(headers)
    return response
