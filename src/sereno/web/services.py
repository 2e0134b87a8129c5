"""`/services`: the user's own services and probes; operators add, edit and remove probes here. No script is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _

from sereno.core.errors import Conflict, UsageError
from sereno.guard.model import Role
from sereno.watch.model import State
from sereno.watch.probes import Kind, Probe, Source
from sereno.watch.probes.model import CERTIFICATE_DAYS
from sereno.watch.probes.stored import REASONS, Stored, accepted, fields_of, likely_kind, likely_name
from sereno.web.auth import require
from sereno.web.here import actor, known_identity, now
from sereno.web.i18n import N_, language
from sereno.web.probing import probes, prometheus, told
from sereno.wiring.probes import Probes

blueprint = Blueprint("services", __name__, url_prefix="/services")

INTERVALS = ("5s", "10s", "15s", "30s", "60s", "120s")
STATES = {State.UP: N_("Up"), State.DOWN: N_("Down"), State.UNKNOWN: N_("Unknown")}
BADGES = {State.UP: "ok", State.DOWN: "bad", State.UNKNOWN: "unknown"}
KINDS = {
    Kind.HTTP: N_("http: a page or an API"),
    Kind.TCP: N_("tcp: a port"),
    Kind.ICMP: N_("icmp: a ping"),
    Kind.DNS: N_("dns: a name server"),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of the form that adds and edits, as typed."""

    target: str = ""
    kind: str = ""
    name: str = ""
    title: str = ""
    title_es: str = ""
    group: str = ""
    interval: str = "15s"
    status: str = ""
    contains: str = ""
    certificate_days: str = "21"
    verify: bool = True
    status_page: bool = True

    @classmethod
    def sent(cls) -> _Form:
        typed: dict[str, Any] = {name: request.form.get(name, "").strip() for name in cls.__dataclass_fields__}
        return cls(**typed | {name: bool(typed[name]) for name in ("verify", "status_page")})

    @classmethod
    def of(cls, probe: Probe) -> _Form:
        values = fields_of(probe)
        words = {name: str(values[name]) for name in values if name not in ("status", "verify", "status_page")}
        return cls(**words, status=" ".join(map(str, probe.status)), verify=probe.verify, status_page=probe.public)

    def read(self, taken: frozenset[str]) -> Probe:
        """The probe that is meant; name and kind are made up where nothing was typed. Raises ProbeRefused."""
        wanted = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return accepted(
            wanted
            | {
                "name": self.name or likely_name(self.target, taken),
                "kind": self.kind or str(likely_kind(self.target)),
                "status": tuple(self.status.replace(",", " ").split()),
            }
        )


@blueprint.get("")
@require(Role.VIEWER)
def show_all() -> str:
    """All of them with what was last seen, services first; those of the settings file are marked as such."""
    listed = probes().listed(prometheus())
    return render_template(
        "watch/services.html",
        services=[each for each in listed if each.probe.source is Source.SERVICE],
        probes=[each for each in listed if each.probe.source is not Source.SERVICE],
        may_change=known_identity().role >= Role.OPERATOR,
        states=STATES,
        badges=BADGES,
        reasons={reason: words.in_language(language()) for reason, words in REASONS.items()},
    )


@blueprint.get("/add")
@require(Role.OPERATOR)
def add_form() -> str:
    """The empty form."""
    return _form_page("watch/probe_add.html", _Form(), {})


@blueprint.post("/add")
@require(Role.OPERATOR)
def add() -> Response:
    """Add a probe; Prometheus asks within half a minute."""
    form, own, who, moment = _Form.sent(), probes(), actor(), now()
    try:
        added = own.add(form.read(_taken(own)), actor=who, now=moment)
    except (UsageError, Conflict) as refusal:
        return make_response(_form_page("watch/probe_add.html", form, dict([told(refusal)])), 422)
    flash(_("%(name)s is probed from now on; its first answer comes within half a minute.", name=_called(added)), "ok")
    return _back_to_list()


@blueprint.get("/<int:id>/edit")
@require(Role.OPERATOR)
def edit_form(id: int) -> str:
    """The form with the probe's present values."""
    stored = probes().one(id)
    return _form_page("watch/probe_edit.html", _Form.of(stored.probe), {}, stored)


@blueprint.post("/<int:id>/edit")
@require(Role.OPERATOR)
def edit(id: int) -> Response:
    """Give the probe new values."""
    form, own, who, moment = _Form.sent(), probes(), actor(), now()
    present = own.one(id)
    form = replace(form, name=form.name or present.probe.name)
    try:
        changed = own.change(id, form.read(own.taken), actor=who, now=moment)
    except (UsageError, Conflict) as refusal:
        return make_response(_form_page("watch/probe_edit.html", form, dict([told(refusal)]), present), 422)
    flash(_("%(name)s has been saved.", name=_called(changed)), "ok")
    return _back_to_list()


@blueprint.get("/<int:id>/delete")
@require(Role.OPERATOR)
def delete_form(id: int) -> str:
    """The question before it is asked no more."""
    return render_template("watch/probe_delete.html", name=_called(probes().one(id)))


@blueprint.post("/<int:id>/delete")
@require(Role.OPERATOR)
def delete(id: int) -> Response:
    """Ask it no more."""
    gone = probes().remove(id, actor=actor(), now=now())
    flash(_("%(name)s is probed no more.", name=_called(gone)), "ok")
    return _back_to_list()


def _form_page(template: str, form: _Form, wrong: dict[str, str], stored: Stored | None = None) -> str:
    intervals = INTERVALS if form.interval in INTERVALS else (form.interval, *INTERVALS)
    return render_template(
        template,
        form=form,
        wrong=wrong,
        called=_called(stored) if stored else "",
        kinds=[("", _("By how the target looks")), *((str(kind), _(words)) for kind, words in KINDS.items())],
        intervals=[(each, each) for each in intervals],
        days=[(str(each), str(each) if each else _("never")) for each in CERTIFICATE_DAYS],
    )


def _taken(own: Probes) -> frozenset[str]:
    return own.taken | {each.probe.name for each in own.stored()}


def _called(stored: Stored) -> str:
    title = stored.probe.title
    return title.in_language(language()) or title.en or stored.probe.name


def _back_to_list() -> Response:
    return make_response(redirect("/services", code=303))
