"""One identifier per request, taken from Nginx or made here, in every log line, answer and error page."""

from __future__ import annotations

import re
import uuid

from flask import Flask, Response, g, has_request_context, request

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")


def accepted(value: str | None) -> str:
    """`value` when it looks like an identifier, else a new one: what comes from outside ends up in logs."""
    if value is not None and _WELL_FORMED.fullmatch(value):
        return value
    return uuid.uuid4().hex


def current_request_id() -> str | None:
    """The identifier of the present request; None outside of one."""
    if not has_request_context():
        return None
    if "request_id" not in g:
        g.request_id = accepted(request.headers.get(HEADER))
    return str(g.request_id)


def init_app(app: Flask) -> None:
    """Answer every request with its identifier."""

    @app.after_request
    def answer_with_identifier(response: Response) -> Response:
        response.headers[HEADER] = current_request_id() or ""
        return response
