"""Nginx's question before it opens a tool or a service that is for operators: may this reader, and who is it?

Answers 204 (with the signed assertion for Grafana), 401 for a stranger, 403 for too small a role or a password that
has to be changed first; what the reader is shown then, Nginx asks as well. It refuses these addresses from outside. A
session that was ended or an account that was disabled is a stranger at the next request. The tools are for people: no
API token opens them, since what is written there (a silence, a dashboard) is no part of any scope.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from sereno.guard.grafana_token import grafana_token
from sereno.guard.model import Role
from sereno.web.auth import current_identity, public, require
from sereno.web.desk import desk
from sereno.web.errors import error_page, problem
from sereno.web.here import known_identity
from sereno.web.own_paths import own_path

ASSERTION = "X-Sereno-Assertion"
ASK = "ask an administrator for the role that it needs"

blueprint = Blueprint("gate", __name__)


@blueprint.get("/_gate/grafana")
@require(Role.VIEWER, scope=None)
def grafana() -> Response:
    """Everyone with an account; Grafana's role follows the desk's."""
    own = desk()
    key = own.surroundings.secret("grafana-jwt-private.pem")
    response = Response(status=204)
    response.headers[ASSERTION] = grafana_token(known_identity(), key, now=own.clock())
    return response


@blueprint.get("/_gate/prometheus")
@require(Role.OPERATOR, scope=None)
def prometheus() -> Response:
    """Operators and administrators."""
    return Response(status=204)


@blueprint.get("/_gate/alertmanager")
@require(Role.OPERATOR, scope=None)
def alertmanager() -> Response:
    """Operators and administrators."""
    return Response(status=204)


@blueprint.get("/_gate/service")
@require(Role.OPERATOR, scope=None)
def service() -> Response:
    """A service of the user's own that is for operators: they and administrators."""
    return Response(status=204)


@blueprint.get("/_gate/instead")
@public
def instead() -> BaseResponse:
    """What is shown instead of a tool to who may not see it: a person gets a page or is sent on, a program the reason.

    Nginx says what was asked for. A page's own script that got a form instead of its data could make nothing of it.
    """
    wanted = own_path(request.headers.get("X-Original-URI"), otherwise="")
    identity = current_identity()
    for_a_person = wanted and request.headers.get("X-Original-Method") in ("GET", "HEAD") and _asks_for_a_page()
    if identity is None:
        if for_a_person:
            return redirect("/login?" + urlencode({"next": wanted}), code=303)
        return problem(401, detail="the session has ended", next_step="sign in at /login, then try again")
    if identity.must_change_password:
        if for_a_person:
            return redirect("/password", code=303)
        return problem(403, detail="the password must be changed first", next_step="choose a new one at /password")
    if for_a_person:
        return error_page(403)
    return problem(403, detail=f"{identity.name} is {identity.role.value}; this needs more", next_step=ASK)


def _asks_for_a_page() -> bool:
    """Browsers say what they fetch something for; what says nothing (an old browser, curl) is taken for a person."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
