"""Style sheet, script and pictures under names that hold their content's hash, so that they can be cached for ever."""

from __future__ import annotations

import hashlib
import logging
import mimetypes
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, make_response

from sereno.core.files import replace_file
from sereno.web.auth import public
from sereno.web.desk import Desk

SOURCE = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"

_log = logging.getLogger(__name__)


def hashed_name(name: str, content: bytes) -> str:
    """`sereno.css` with some content becomes `sereno.1b2c3d4e5f.css`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:10]}{dot}{suffix}"


class StaticFiles:
    """The files of one folder, read once, by plain and by hashed name."""

    def __init__(self, source: Path) -> None:
        contents = {file.name: file.read_bytes() for file in sorted(source.iterdir()) if file.is_file()}
        self._hashed = {name: hashed_name(name, content) for name, content in contents.items()}
        self._by_hashed_name = {self._hashed[name]: content for name, content in contents.items()}

    def url(self, name: str) -> str:
        """The address of the file `name`. Raises KeyError when there is none: a template's mistake."""
        return f"/static/{self._hashed[name]}"

    def content(self, hashed: str) -> bytes | None:
        """The bytes behind a hashed name, or None when no present file has it."""
        return self._by_hashed_name.get(hashed)

    def publish(self, target: Path) -> None:
        """Copy every file to `target` under its hashed name, each whole or not at all.

        Files of earlier versions stay, since a page in some cache may still name them.
        Raises OSError when the folder can't be written.
        """
        target.mkdir(parents=True, exist_ok=True)
        for name, content in self._by_hashed_name.items():
            if (target / name).exists():
                continue
            replace_file(target / name, content)


blueprint = Blueprint("static_files", __name__)


@blueprint.get("/static/<name>", endpoint="file")
@public
def serve_file(name: str) -> Response:
    """A file by its hashed name, for when no Nginx stands in front or it has no copy yet."""
    content = files().content(name)
    if content is None:
        abort(404)
    response = make_response(content)
    response.mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response.headers["Cache-Control"] = FOR_EVER
    return response


@blueprint.get("/favicon.ico")
@public
def favicon() -> Response:
    """What browsers ask for unprompted on pages that are not ours (a JSON answer, a picture)."""
    response = make_response((SOURCE / "lantern.svg").read_bytes())
    response.mimetype = "image/svg+xml"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def files() -> StaticFiles:
    """The static files of the present application."""
    return cast(StaticFiles, current_app.extensions["sereno.static"])


def init_app(app: Flask) -> None:
    """Read the files, hand Nginx its copies, and give templates `static_url`."""
    static = StaticFiles(SOURCE)
    app.extensions["sereno.static"] = static
    app.register_blueprint(blueprint)
    app.jinja_env.globals["static_url"] = static.url
    own: Desk = app.extensions["sereno"]
    try:
        static.publish(own.surroundings.www / "static")
    except OSError as error:
        # Nginx asks the desk for what it does not have, so pages still look right; only slower.
        _log.warning("static files cannot be copied to %s: %s", own.surroundings.www, error.strerror)
