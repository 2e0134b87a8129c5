"""The language of an answer, and the Spanish catalogues.

Catalogues are text: `translations/es/<room>.po`, one per room, read at start. Nothing is compiled beforehand, so
nothing can be stale or missing in a built package.
"""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, g, request
from flask_babel import Babel, Domain, get_locale

from sereno.core.text import LANGUAGES
from sereno.web.desk import desk

COOKIE = "lang"
COOKIE_SECONDS = 365 * 24 * 3600
TRANSLATIONS = Path(__file__).parent / "translations"


def N_(message: str) -> str:  # noqa: N802 -- gettext's own name for "translate later"; extraction looks for it.
    """Mark `message` for translation without translating it now."""
    return message


def chosen_language(query: str | None, cookie: str | None, accepted: str | None, default: str) -> str:
    """The first of the four that names a language Sereno speaks: `?lang=`, cookie, Accept-Language, setting."""
    for choice in (query, cookie, accepted, default):
        if choice in LANGUAGES:
            return choice
    return LANGUAGES[0]


def language() -> str:
    """The language of the answer to the present request: `en` or `es`."""
    return chosen_language(
        request.args.get("lang"),
        request.cookies.get(COOKIE),
        request.accept_languages.best_match(LANGUAGES),
        desk().surroundings.settings.site.language,
    )


def remember_language(response: Response, choice: str) -> None:
    """Let the browser keep `choice` for a year; the cookie says nothing of who reads."""
    response.set_cookie(COOKIE, choice, max_age=COOKIE_SECONDS, secure=True, httponly=True, samesite="Lax")


def load_catalogue(code: str) -> Translations:
    """All messages of one language, from every room's file; empty for English, whose words stand in the source."""
    merged = Translations()
    for file in sorted((TRANSLATIONS / code).glob("*.po")):
        with file.open("rb") as source:
            catalogue = read_po(source, locale=code)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        part = Translations(compiled)
        merged.merge(part)
        merged.plural = part.plural  # merge() forgets the plural rule.
    return merged


class _Catalogues(Domain):  # type: ignore[misc]
    """Flask-Babel's messages, from our text catalogues."""

    def __init__(self) -> None:
        super().__init__()
        self._by_language = {code: load_catalogue(code) for code in LANGUAGES}

    def get_translations(self) -> Translations:
        locale = get_locale()
        return self._by_language["es" if locale is not None and locale.language == "es" else "en"]


def init_app(app: Flask) -> None:
    """Choose the language per request, keep a choice made by `?lang=`, and name it to templates."""
    babel = Babel(app, locale_selector=language)
    babel.domain_instance = _Catalogues()  # Read once, before workers are forked.

    @app.context_processor
    def language_for_templates() -> dict[str, object]:
        locale = get_locale()
        return {"language": locale.language if locale else "en", "language_url": language_url}

    @app.after_request
    def keep_choice(response: Response) -> Response:
        choice = request.args.get("lang")
        if choice in LANGUAGES and choice != request.cookies.get(COOKIE) and not g.get("forget_language"):
            remember_language(response, choice)
        return response


def language_url(choice: str) -> str:
    """The address of the present page in another language; the front page where a link can't repeat the request."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return f"/?lang={choice}"
    arguments = request.args.to_dict(flat=False) if request.method == "GET" else {}
    arguments["lang"] = [choice]
    return f"{request.path}?{urlencode(arguments, doseq=True)}"
