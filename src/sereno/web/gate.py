"""Nginx's question before it opens one of the operators' tools: may this reader, and who is it?

Answers 204 (with the signed assertion for Grafana), 401 for a stranger, 403 for too small a role. Nginx refuses these
addresses from outside. A session that was ended or an account that was disabled is a stranger at the next request.
"""

from __future__ import annotations

from flask import Blueprint, Response

from sereno.guard.grafana_token import grafana_token
from sereno.guard.model import Role
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import known_identity

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
