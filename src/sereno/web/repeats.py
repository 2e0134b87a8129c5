"""`Idempotency-Key`: a program that heard no answer sends its request again, and it is carried out once.

The key is remembered for 24 hours for its sender, method and address. Sent again with the same body, the request is
given the same answer, marked `Idempotency-Replayed`; with another body it is refused (422), and while the first is
still under way as well (409). What was refused or failed leaves no trace, so its key may be used again. An answer that
holds a secret is not kept: whoever repeats such a request is told that it was carried out (409).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Response, current_app, request

from sereno.core.errors import Conflict, SerenoError
from sereno.database.also import with_each_change
from sereno.guard import repeats
from sereno.guard.repeats import Claim, Kept, OtherRequest, UnderWay, Wanted
from sereno.web.errors import problem
from sereno.web.here import known_identity, now, transact

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200

_log = logging.getLogger(__name__)


def carried_out_once(carry_out: Callable[[], Response], *, holds_secret: bool) -> Response:
    """What `carry_out` answers, or what it answered when the same request came before."""
    key = request.headers.get(HEADER)
    if key is None:
        return carry_out()
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        return problem(400, detail=f"{HEADER} must have 1 to {LONGEST} printable characters")
    wanted = Wanted.of(known_identity(), request.method, request.full_path, key, request.get_data())
    moment = now()
    try:
        found = transact(lambda session: repeats.claim(session, wanted, now=moment))
    except OtherRequest as refusal:
        return problem(422, detail=refusal.message, next_step=refusal.next_step)
    except UnderWay as refusal:
        response = problem(409, detail=refusal.message, next_step=refusal.next_step)
        response.headers["Retry-After"] = "1"
        return response
    return _replayed(found) if isinstance(found, Kept) else _first(carry_out, found, holds_secret=holds_secret)


def _first(carry_out: Callable[[], Response], claimed: Claim, *, holds_secret: bool) -> Response:
    try:
        with with_each_change(lambda session: repeats.mark_done(session, claimed, now=now())):
            response = carry_out()
    except Exception:
        _release(claimed)
        raise
    if response.status_code >= 400:
        _release(claimed)
        return response
    body = None if holds_secret else response.get_data(as_text=True)
    answer = Kept(response.status_code, response.headers.get("Location"), body)
    moment = now()
    try:
        transact(lambda session: repeats.keep(session, claimed, answer, now=moment))
    except SerenoError as error:
        # It is carried out and noted so; only whoever sends it again hears less.
        _log.warning("an answer could not be kept for its repetition: %s", error.message)
    return response


def _release(claimed: Claim) -> None:
    try:
        transact(lambda session: repeats.release(session, claimed))
    except SerenoError as error:
        _log.warning("a key could not be released, it is free again after a minute: %s", error.message)


def _replayed(kept: Kept) -> Response:
    if kept.body is None or kept.status is None:
        raise Conflict(
            "this request was carried out already, and its answer is not kept",
            next_step="look at the list for what it has made; use a new key to make another",
        )
    response = current_app.response_class(kept.body, status=kept.status, mimetype="application/json")
    if kept.location is not None:
        response.headers["Location"] = kept.location
    response.headers[REPLAYED] = "true"
    return response
