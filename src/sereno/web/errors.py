"""The one table that turns errors into answers: a friendly page, or problem+json (RFC 9457) for the API.

Never a traceback, and nothing of the database's own words: those go to the log with the request's identifier.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from sereno.core.errors import Conflict, Forbidden, NotFound, SerenoError, Unavailable, UsageError
from sereno.database.room import NoRoom
from sereno.guard.errors import TooManyAttempts, WrongCredentials
from sereno.web.i18n import N_
from sereno.web.request_id import current_request_id

STATUS_OF: tuple[tuple[type[SerenoError], int], ...] = (
    (WrongCredentials, 401),
    (TooManyAttempts, 429),
    (UsageError, 400),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
)
"""The first matching kind counts; any other error of ours is a 500."""

RETRY_AFTER_SECONDS = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """What an error page says: the matter, and the next step."""

    title: str
    advice: str


WORDS = {
    400: Words(N_("That request was not understood"), N_("Go back, check what was entered, and send it again.")),
    401: Words(N_("Please sign in"), N_("This part is for people with an account.")),
    403: Words(N_("You may not do this"), N_("Ask an administrator for the role that it needs.")),
    404: Words(N_("There is nothing here"), N_("Check the address, or start again from the front page.")),
    405: Words(N_("That does not work this way"), N_("Open the page from its own link instead.")),
    409: Words(
        N_("That does not fit the present state"), N_("Reload the page to see what has changed, then try again.")
    ),
    413: Words(N_("That is too large"), N_("Send less at once.")),
    415: Words(N_("That format is not accepted"), N_("Send JSON with the content type application/json.")),
    422: Words(N_("Some values are not allowed"), N_("Correct the values named below and send again.")),
    429: Words(N_("Too many attempts"), N_("Wait a little, then try again.")),
    500: Words(
        N_("Something went wrong on our side"),
        N_("Try again; if it stays, tell an administrator the request's identifier below."),
    ),
    503: Words(
        N_("The desk cannot answer just now"),
        N_(
            "Its database, or another part that it needs, does not answer. It keeps trying by itself: "
            "wait a few seconds and load the page again. The status page stays up."
        ),
    ),
}


WITHOUT_ROOM = Words(
    N_("The desk cannot store anything just now"),
    N_(
        "Its disk is full, so what you sent was not saved; looking at things still works. "
        "Ask an administrator to make space, then send it again."
    ),
)


def status_of(error: SerenoError) -> int:
    """The HTTP status that says what `error` says."""
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)


def words_for(status: int) -> Words:
    """The words for a status; for one without words of its own, those of its class."""
    return WORDS.get(status) or WORDS[400 if status < 500 else 500]


def error_page(status: int, words: Words | None = None) -> Response:
    """The friendly page for `status` in the reader's language, with its usual words or others."""
    return make_response(render_template("error.html", status=status, words=words or words_for(status)), status)


def problem(status: int, *, detail: str = "", **members: object) -> Response:
    """A problem document: one shape for every error of the API, in English, with the request's identifier."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or words_for(status).title,
        "request_id": current_request_id(),
        **members,
    }
    response = jsonify({name: value for name, value in body.items() if value not in (None, "")})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def answer(status: int, *, detail: str = "", next_step: str = "", words: Words | None = None) -> Response:
    """A problem document under `/api/`, else a page."""
    if request.path.startswith("/api/"):
        response = problem(status, detail=detail, next_step=next_step)
    else:
        response = error_page(status, words)
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def init_app(app: Flask) -> None:
    """Answer every error in words."""

    @app.errorhandler(SerenoError)
    def told(error: SerenoError) -> Response:
        status = status_of(error)
        if status >= 500:
            cause = {"cause": str(error.__cause__)} if error.__cause__ else {}
            _log.error("%s", error.message, exc_info=error if status == 500 else None, extra=cause)
        words = WITHOUT_ROOM if isinstance(error, NoRoom) else None
        response = answer(status, detail=error.message, next_step=error.next_step, words=words)
        if isinstance(error, TooManyAttempts):
            response.headers["Retry-After"] = str(error.wait_seconds)
        return response

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Response:
        words = Words(FORM_TITLE, FORM_ADVICE)
        return answer(400, detail=f"refused as forged: {error.description}", next_step=FORM_ADVICE, words=words)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        response = answer(error.code or 500)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After", "WWW-Authenticate"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        _log.exception("unexpected: %s", error.__class__.__name__, exc_info=error)
        return answer(500)


FORM_TITLE = N_("This form is no longer valid")
FORM_ADVICE = N_("It was open too long, or came from elsewhere. Go back, reload the page, and send it again.")

__all__ = ["WORDS", "Words", "answer", "error_page", "init_app", "problem", "status_of", "words_for"]
