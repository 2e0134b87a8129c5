"""Ties every log line and every outgoing request to the request that caused it."""

from __future__ import annotations

from flask import Flask, request

from sereno.core import trace
from sereno.outside import logs
from sereno.web.request_id import current_request_id


def init_app(app: Flask) -> None:
    """Go on with the caller's trace, or begin one, before anything else happens."""

    @app.before_request
    def begin() -> None:
        present = trace.continued(request.headers.get(trace.HEADER))
        trace.current.set(present)
        logs.bind(request_id=current_request_id(), method=request.method, path=request.path)
