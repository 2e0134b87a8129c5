"""The status page's own logo, from our own origin, as a picture and nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, make_response

from sereno.settings.logo import FOLDER, KINDS, kind_of
from sereno.web.auth import public
from sereno.web.desk import desk
from sereno.web.static_files import FOR_EVER

POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Whoever opens an SVG by its address opens a document: this one can do nothing, and belongs to no origin."""

blueprint = Blueprint("logo", __name__)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was when it was last looked at."""

    stamp: tuple[int, int]
    content: bytes
    name: str


@blueprint.get("/logo/<name>")
@public
def serve(name: str) -> Response:
    """The picture by the name that holds its content's hash."""
    found = _logo()
    if found is None or found.name != name:
        abort(404)
    response = make_response(found.content)
    response.mimetype = KINDS[Path(name).suffix]
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["Content-Security-Policy"] = POLICY
    return response


def logo_url() -> str | None:
    """The picture's address; None where there is none."""
    found = _logo()
    return f"/logo/{found.name}" if found else None


def _logo() -> _Read | None:
    own = desk().surroundings
    if not own.settings.status_page.logo:
        return None
    suffix = kind_of(own.settings.status_page.logo)
    file = own.www / FOLDER / f"logo{suffix}"
    kept = cast(dict[str, _Read], current_app.extensions["sereno.logo"])
    try:
        found = file.stat()
        stamp = (found.st_mtime_ns, found.st_size)
        if "logo" not in kept or kept["logo"].stamp != stamp:
            content = file.read_bytes()
            kept["logo"] = _Read(stamp, content, f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}")
    except OSError:
        return None  # The platform brings it at the next `up`.
    return kept["logo"]


def init_app(app: Flask) -> None:
    """Make room for the picture."""
    app.extensions["sereno.logo"] = {}
    app.register_blueprint(blueprint)
