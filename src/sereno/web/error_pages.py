"""The pages that Nginx shows by itself, when there is no desk to ask: written to its folder at start.

One file for each page and language, `errors/<page>.<language>.html`, finished HTML without a script.
"""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Flask, render_template
from flask_babel import force_locale

from sereno.core.files import replace_file
from sereno.core.text import LANGUAGES
from sereno.web.desk import Desk
from sereno.web.errors import WORDS, Words
from sereno.web.i18n import N_

PAGES: dict[str, Words] = {
    "unclear": WORDS[400],
    "403": Words(
        N_("This is not open from outside"),
        N_("Only the parts of the system ask here, among themselves. The status page shows what they find."),
    ),
    "404": WORDS[404],
    "413": WORDS[413],
    "429": WORDS[429],
    "503": Words(
        N_("The desk does not answer"),
        N_("It is being started, or something is wrong with it. Wait a few seconds and load the page again."),
    ),
    "absent": Words(
        N_("This tool does not answer"),
        N_("It is not installed on this machine, or it is stopped. ./sereno status tells which."),
    ),
    "tunnel": Words(
        N_("The desk cannot say who you are"),
        N_("It does not answer just now. Reach the tools through an SSH tunnel, with their own addresses:"),
    ),
}
OF_A_SERVICE = Words(
    N_("%(title)s does not answer"),
    N_("It is being started, or something is wrong with it. Wait a few seconds and load the page again."),
)
TOOLS = {"Grafana": 3000, "Prometheus": 9090, "Alertmanager": 9093}

_log = logging.getLogger(__name__)


def publish(app: Flask, folder: Path) -> None:
    """Write every page in every language. Raises OSError when the folder can't be written."""
    own: Desk = app.extensions["sereno"]
    folder.mkdir(parents=True, exist_ok=True)
    settings = own.surroundings.settings
    with app.test_request_context("/"):
        for language in LANGUAGES:
            with force_locale(language):
                for page, words in PAGES.items():
                    way = tunnel(settings.site.domain) if page == "tunnel" else ""
                    _write(folder, page, language, words, status=page if page.isdigit() else "", tunnel=way)
                for service in settings.services:
                    title = service.titled.in_language(language)
                    _write(folder, f"service-{service.name}", language, OF_A_SERVICE, title=title)


def _write(folder: Path, page: str, language: str, words: Words, **more: str) -> None:
    text = render_template("error_static.html", language=language, words=words, tools=TOOLS, **more)
    replace_file(folder / f"{page}.{language}.html", text.encode())


def tunnel(domain: str) -> str:
    """The command that brings the tools' ports to one's own machine, while the desk can't let anyone in."""
    forwards = " \\\n    ".join(f"-L {port}:localhost:{port}" for port in TOOLS.values())
    return f"ssh {forwards} {domain or 'SERVER'}"


def init_app(app: Flask) -> None:
    """Hand Nginx its pages; without a folder to write to, it has plain ones of its own."""
    own: Desk = app.extensions["sereno"]
    try:
        publish(app, own.surroundings.www / "errors")
    except OSError as error:
        _log.warning("error pages cannot be written to %s: %s", own.surroundings.www, error.strerror)
