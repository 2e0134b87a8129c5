"""Nginx's question before it opens one of the operators' tools: may this reader, and who is it?

Answers 204 (with the signed assertion for Grafana), 401 for a stranger, 403 for too small a role; what a stranger is
told then, Nginx asks as well. It refuses these addresses from outside. A session that was ended or an account that was
disabled is a stranger at the next request.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from sereno.guard.grafana_token import grafana_token
from sereno.guard.model import Role
from sereno.web.auth import public, require
from sereno.web.desk import desk
from sereno.web.errors import problem
from sereno.web.here import known_identity
from sereno.web.own_paths import own_path

ASSERTION = "X-Sereno-Assertion"

blueprint = Blueprint("gate", __name__)


@blueprint.get("/_gate/grafana")
@require(Role.VIEWER)
def grafana() -> Response:
    """Everyone with an account; Grafana's role follows the desk's."""
    own = desk()
    key = own.surroundings.secret("grafana-jwt-private.pem")
    response = Response(status=204)
    response.headers[ASSERTION] = grafana_token(known_identity(), key, now=own.clock())
    return response


@blueprint.get("/_gate/prometheus")
@require(Role.OPERATOR)
def prometheus() -> Response:
    """Operators and administrators."""
    return Response(status=204)


@blueprint.get("/_gate/alertmanager")
@require(Role.OPERATOR)
def alertmanager() -> Response:
    """Operators and administrators."""
    return Response(status=204)


@blueprint.get("/_gate/sign-in")
@public
def sign_in() -> BaseResponse:
    """What a stranger gets instead of a tool: a person is sent to sign in and back again, a program is told to.

    Nginx says what was asked for. A page's own script that got a form instead of its data could make nothing of it.
    """
    wanted = own_path(request.headers.get("X-Original-URI"), otherwise="")
    if not wanted or request.headers.get("X-Original-Method") not in ("GET", "HEAD") or not _asks_for_a_page():
        return problem(401, detail="the session has ended", next_step="sign in at /login, then try again")
    return redirect("/login?" + urlencode({"next": wanted}), code=303)


def _asks_for_a_page() -> bool:
    """Browsers say what they fetch something for; what says nothing (an old browser, curl) is taken for a person."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
