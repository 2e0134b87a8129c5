"""The API's description (OpenAPI 3.1), made from the views' own declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from sereno import __version__
from sereno.guard.scopes import Scope
from sereno.web.api import JSON, PREFIX, Operation, declared_operation
from sereno.web.auth import SESSION_COOKIE, UNSAFE_METHODS, Access, declared_access
from sereno.web.i18n import N_
from sereno.web.repeats import HEADER as KEY_HEADER
from sereno.web.repeats import LONGEST as LONGEST_KEY

PROBLEM = "application/problem+json"
FORM_TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 -- a header's name.
_VARIABLE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
_FORM_TOKEN = N_("With a session: the csrf_token of its answer. An API token needs none.")
_KEY = N_(
    "Any text of your own. Sent again with the same key and body within 24 hours, the request is carried out once and "
    "answered the same."
)
_REFERENCE = "#/components/schemas/{model}"


class ProblemError(BaseModel):
    """One value that was refused."""

    path: str
    message: str


class Problem(BaseModel):
    """What every error looks like (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    next_step: str | None = Field(None, description="What to do about it, where that is known.")
    request_id: str
    errors: list[ProblemError] | None = Field(None, description="The values that were refused.")


def describe(app: Flask) -> dict[str, Any]:
    """The whole description as a tree ready for JSON."""
    found = list(_operations(app))
    schemas, definitions = _schemas([declared for _rule, _method, _access, declared in found])
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, access, declared in found:
        path = _VARIABLE.sub(r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _described(rule, method, access, declared, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sereno",
            "version": __version__,
            "description": "Times are UTC (RFC 3339). Every error is application/problem+json (RFC 9457). "
            "Send an API token in the header Authorization: Bearer srn_…; each operation names the scope that it "
            f"needs. Or sign in with POST {PREFIX}/session; every request that changes something then sends the "
            f"csrf_token of its answer in the header {FORM_TOKEN_HEADER}.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"An API token (srn_…). Its scopes: {', '.join(Scope)}.",
                },
            },
        },
    }


def _operations(app: Flask) -> Iterator[tuple[Rule, str, Access, Operation]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        declared, access = declared_operation(view), declared_access(view)
        if declared is None or access is None:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, access, declared


def _schemas(declared: list[Operation]) -> tuple[dict[tuple[type[BaseModel], str], Any], dict[str, Any]]:
    """References by model and direction, and the definitions that they point to."""
    wanted: list[tuple[type[BaseModel], Any]] = [(Problem, "serialization")]
    for one in declared:
        wanted += [(model, "validation") for model in (one.body, one.reads, one.query) if model is not None]
        wanted += [(model, "serialization") for model in (one.answers,) if model is not None]
    unique = list(dict.fromkeys(wanted))
    references, tree = models_json_schema(unique, ref_template=_REFERENCE)
    return {(model, mode): schema for (model, mode), schema in references.items()}, tree.get("$defs", {})  # type: ignore[misc]


def _described(rule: Rule, method: str, access: Access, declared: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [declared.tag],
        "summary": declared.summary,
        "security": _security(access, method),
        "responses": _responses(rule, access, method, declared, schemas),
    }
    parameters = [*_path_parameters(rule), *_query_parameters(declared), *_header_parameters(access, method, declared)]
    if parameters:
        described["parameters"] = parameters
    if access.role is not None and access.secret is None:
        described["description"] = f"Needs the role {access.role.value}."
    if declared.body is not None:
        described["requestBody"] = {
            "required": any(field.is_required() for field in declared.body.model_fields.values()),
            "content": {JSON: {"schema": schemas[declared.body, "validation"]}},
        }
    return described


def _needs_form_token(access: Access, method: str) -> bool:
    return method in UNSAFE_METHODS and access.secret is None and access.form_token


def _security(access: Access, method: str) -> list[dict[str, list[str]]]:
    """Any one of these opens the operation; OpenAPI 3.1 lets the scopes of any scheme be named."""
    if access.is_public:
        return []
    scope = access.scope_for(method)
    ways: list[dict[str, list[str]]] = [] if access.secret is not None else [{"session": []}]
    if scope is not None or access.secret is not None:
        ways.append({"bearer": [] if scope is None else [scope.value]})
    return ways


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0} if f"<int:{name}>" in rule.rule else {"type": "string"},
        }
        for name in _VARIABLE.findall(rule.rule)
    ]


def _header_parameters(access: Access, method: str, declared: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if _needs_form_token(access, method):
        found.append(_header(FORM_TOKEN_HEADER, _FORM_TOKEN, {"type": "string"}))
    if declared.once:
        found.append(_header(KEY_HEADER, _KEY, {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}))
    return found


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _query_parameters(declared: Operation) -> list[dict[str, Any]]:
    if declared.query is None:
        return []
    tree = declared.query.model_json_schema(ref_template=_REFERENCE)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in tree.get("required", ()),
            "schema": {key: value for key, value in schema.items() if key != "description"},
            **({"description": schema["description"]} if "description" in schema else {}),
        }
        for name, schema in tree.get("properties", {}).items()
    ]


def _responses(rule: Rule, access: Access, method: str, declared: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(declared.status).phrase}
    if declared.answers is not None:
        success["content"] = {JSON: {"schema": schemas[declared.answers, "serialization"]}}
    problem = {PROBLEM: {"schema": schemas[Problem, "serialization"]}}
    return {
        str(declared.status): success,
        **{
            str(status): {"description": HTTPStatus(status).phrase, "content": problem}
            for status in sorted(_refusals(rule, access, method, declared))
        },
    }


def _refusals(rule: Rule, access: Access, method: str, declared: Operation) -> set[int]:
    """Every status of a refusal that the operation can meet: its own, and those of the doors before it."""
    found = set(declared.problems) | {500, 503}
    if access.secret is None:
        found |= {429}  # Nginx counts; what delivers by a secret or its scope is never turned away.
    if not access.is_public:
        found |= {401}
    if access.role is not None:
        found |= {403}
    if _needs_form_token(access, method):
        found |= {400}
    if declared.body is not None:
        found |= {400, 413, 415, 422}
    if declared.query is not None:
        found |= {422}
    if _VARIABLE.search(rule.rule):
        found |= {404}
    if declared.once:
        found |= {400, 409, 422}
    return found
