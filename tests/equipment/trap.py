"""The webapp's own Gunicorn configuration with a trap: `gunicorn -c python:tests.equipment.trap …`.

A request that carries `X-Die-At: N` ends at its N-th step as by a power failure (SIGKILL). Steps are what happens
between the desk and its database, from the first statement about incidents, alerts or repeated requests on: each
statement before it is sent, each commit before it is sent and after it was answered.
`X-Die-Who: all` kills the master and every process with it, anything else the process that serves alone.
"""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import psutil
from flask import g, has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from sereno.web.server import *  # noqa: F403 -- a configuration is its names.

_ABOUT = re.compile(r"\b(incident\w*|alert\w*|api_repeat)\b")


def _statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    # What asks who it is that asks comes before; a new process asks more of that than an old one.
    if has_request_context() and (g.get("steps") or _ABOUT.search(statement)):
        _step()


def _commit(*_: Any) -> None:
    if has_request_context() and g.get("steps"):
        _step()


def _step() -> None:
    g.steps = g.get("steps", 0) + 1
    if str(g.steps) != request.headers.get("X-Die-At"):
        return
    if request.headers.get("X-Die-Who") == "all":
        master = psutil.Process(os.getppid())
        for each in [master, *(child for child in master.children(recursive=True) if child.pid != os.getpid())]:
            each.kill()
    os.kill(os.getpid(), signal.SIGKILL)


event.listen(Engine, "before_cursor_execute", _statement)
event.listen(Engine, "commit", _commit)
event.listen(Session, "after_commit", _commit)
