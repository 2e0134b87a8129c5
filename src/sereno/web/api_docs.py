"""The API's description for programs, and the same for people: rendered here, with nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_babel import gettext as _

from sereno.web.api import JSON, PREFIX
from sereno.web.auth import public
from sereno.web.openapi import describe

blueprint = Blueprint("api_docs", __name__)

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One member of a body, one parameter, in words."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the page shows it."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[FieldRow]
    body: list[FieldRow]
    answer: list[FieldRow]
    statuses: list[str]


@blueprint.get(f"{PREFIX}/openapi.json")
@public
def description() -> Response:
    """OpenAPI 3.1."""
    return jsonify(_description())


@blueprint.get("/api/docs")
@public
def page() -> str:
    """The same, to read."""
    tree = _description()
    groups: dict[str, list[Entry]] = {}
    for path, methods in tree["paths"].items():
        for method in METHODS:
            if method in methods:
                entry = _entry(tree, method, path, methods[method])
                tag = methods[method]["tags"][0]
                groups.setdefault(str(_(tag)), []).append(entry)
    return render_template("api/docs.html", groups=groups)


def _description() -> dict[str, Any]:
    """Made once per application: views don't change while it runs."""
    extensions = current_app.extensions
    if "sereno.openapi" not in extensions:
        extensions["sereno.openapi"] = describe(current_app)
    return extensions["sereno.openapi"]  # type: ignore[no-any-return]


def _entry(tree: dict[str, Any], method: str, path: str, described: dict[str, Any]) -> Entry:
    success = min(described["responses"])
    summary = described["summary"]
    return Entry(
        method=method.upper(),
        path=path,
        summary=_(summary),
        description=_access(described),
        parameters=[
            FieldRow(each["name"], _kind(tree, each["schema"]), each["required"], _said(each))
            for each in described.get("parameters", ())
        ],
        body=_fields(tree, described.get("requestBody", {})),
        answer=_fields(tree, described["responses"][success]),
        statuses=sorted(described["responses"]),
    )


def _access(described: dict[str, Any]) -> str:
    """Who may, in words."""
    scopes = [scope for way in described["security"] for scope in way.get("bearer", ())]
    words = [_role(described)]
    if scopes:
        words.append(str(_("API tokens need the scope %(scope)s.", scope=scopes[0])))
    elif {"session": []} in described["security"]:
        words.append(str(_("Not for API tokens.")))
    return " ".join(words)


def _role(described: dict[str, Any]) -> str:
    for need, words in (
        ("admin", _("Needs the role administrator.")),
        ("operator", _("Needs the role operator.")),
        ("viewer", _("Needs an account.")),
    ):
        if described.get("description") == f"Needs the role {need}.":
            return str(words)
    return str(_("Needs a bearer token.")) if described["security"] else str(_("For everyone."))


def _fields(tree: dict[str, Any], message: dict[str, Any]) -> list[FieldRow]:
    schema = message.get("content", {}).get(JSON, {}).get("schema")
    if schema is None:
        return []
    schema = _resolved(tree, schema)
    required = schema.get("required", ())
    return [
        FieldRow(name, _kind(tree, each), name in required, _said(each))
        for name, each in schema.get("properties", {}).items()
    ]


def _said(schema: dict[str, Any]) -> str:
    words = schema.get("description", "")
    return str(_(words)) if words else ""


def _resolved(tree: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return dict(tree["components"]["schemas"][reference.rpartition("/")[2]]) if reference else schema


def _kind(tree: dict[str, Any], schema: dict[str, Any]) -> str:
    """A schema in one line: `string`, `viewer | operator | admin`, `array of User`."""
    if "anyOf" in schema:
        return " | ".join(_kind(tree, each) for each in schema["anyOf"])
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    schema = _resolved(tree, schema)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if name:
        return name
    if schema.get("type") == "array":
        return f"array of {_kind(tree, schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
