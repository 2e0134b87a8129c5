"""Probes by program: `/api/v1/probes`. Everyone with an account reads; operators add, change and remove."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from sereno.guard.model import Role
from sereno.watch.model import State
from sereno.watch.probes import Kind, Source
from sereno.watch.probes.seen import NOTHING, Seen
from sereno.watch.probes.stored import REASONS, Stored, accepted, fields_of, likely_kind, likely_name
from sereno.web.api import PREFIX, Answer, ApiModel, operation
from sereno.web.auth import require
from sereno.web.here import actor, now
from sereno.web.i18n import N_
from sereno.web.probing import probes, prometheus
from sereno.web.targets_api import TAG
from sereno.wiring.probes import Listed

blueprint = Blueprint("probes_api", __name__, url_prefix=f"{PREFIX}/probes")

_NAME = N_("Letters a-z, digits, hyphens; left out: made from the host.")
_TARGET = N_("https://example.org/health, host:port, a host to ping, or NAME@SERVER for dns.")
_STATUS = N_("http: the answers that are good; empty: 200-299. Redirects are not followed.")


class ProbeOut(ApiModel):
    """A probe, and what was last seen of it. `id` is null for one of the settings file, which is changed there."""

    id: int | None
    source: Source
    name: str
    title: str
    title_es: str
    kind: Kind
    target: str
    status: list[int]
    contains: str
    certificate_days: int
    verify: bool
    interval: str
    group: str
    status_page: bool
    state: State
    asked_at: datetime | None
    seconds: float | None
    http_status: int | None
    certificate_ends_at: datetime | None
    refused: str | None = Field(
        description=N_("Why it rests: its name has come to mean a place that may not be asked.")
    )
    created_at: datetime | None
    created_by: str | None

    @classmethod
    def of(cls, listed: Listed) -> ProbeOut:
        """The probe as the API tells it."""
        stored, seen = listed.stored, listed.seen
        return cls.model_validate(
            {
                "id": stored.id if stored else None,
                "source": listed.probe.source,
                **fields_of(listed.probe),
                **{name: getattr(seen, name) for name in Seen.__dataclass_fields__},
                "refused": REASONS[stored.refused].en if stored and stored.refused else None,
                "created_at": stored.created_at if stored else None,
                "created_by": stored.created_by if stored else None,
            }
        )


class ProbeList(ApiModel):
    """Services and probes of the settings file, then what was added at the desk, by name."""

    probes: list[ProbeOut]


class NewProbe(ApiModel):
    """Something to ask again and again from now on."""

    target: str = Field(max_length=500, description=_TARGET)
    kind: Kind | None = Field(None, description=N_("Left out: as the target looks."))
    name: str | None = Field(None, max_length=40, description=_NAME)
    title: str = Field("", max_length=80)
    title_es: str = Field("", max_length=80)
    status: list[int] = Field([], max_length=20, description=_STATUS)
    contains: str = Field("", max_length=200, description=N_("http: words that the answer must contain."))
    certificate_days: Literal[0, 7, 14, 21, 30, 60] = 21
    verify: bool = Field(True, description=N_("https: whether the certificate must be one that browsers trust."))
    interval: str = Field("15s", max_length=10, description=N_("5s to 2m."))
    group: str = Field("", max_length=40, description=N_("Heading on the public page."))
    status_page: bool = Field(True, description=N_("Whether the public page shows it."))


class ProbePatch(ApiModel):
    """What to change; members left out stay as they are."""

    target: str | None = Field(None, max_length=500, description=_TARGET)
    kind: Kind | None = None
    name: str | None = Field(None, max_length=40)
    title: str | None = Field(None, max_length=80)
    title_es: str | None = Field(None, max_length=80)
    status: list[int] | None = Field(None, max_length=20, description=_STATUS)
    contains: str | None = Field(None, max_length=200)
    certificate_days: Literal[0, 7, 14, 21, 30, 60] | None = None
    verify: bool | None = None
    interval: str | None = Field(None, max_length=10)
    group: str | None = Field(None, max_length=40)
    status_page: bool | None = None


@blueprint.get("")
@require(Role.VIEWER)
@operation(TAG, N_("List all services and probes"), answers=ProbeList)
def show_all() -> ProbeList:
    """All of them."""
    return ProbeList(probes=[ProbeOut.of(each) for each in probes().listed(prometheus())])


@blueprint.post("")
@require(Role.OPERATOR, scope="probes:write")
@operation(TAG, N_("Add a probe"), body=NewProbe, answers=ProbeOut, status=201, problems=(409,))
def add(body: NewProbe) -> Answer:
    """Add a probe; Prometheus asks within half a minute."""
    own = probes()
    wanted = body.model_dump(exclude_none=True)
    wanted.setdefault("kind", str(likely_kind(body.target)))
    wanted.setdefault("name", likely_name(body.target, own.taken | {each.probe.name for each in own.stored()}))
    added = own.add(accepted(_plain(wanted)), actor=actor(), now=now())
    return Answer(_answer(added), {"Location": f"{PREFIX}/probes/{added.id}"})


@blueprint.get("/<int:id>")
@require(Role.VIEWER)
@operation(TAG, N_("Show one probe"), answers=ProbeOut, problems=(404,))
def show(id: int) -> ProbeOut:
    """One that was added at the desk, with what was last seen of it."""
    own = probes()
    stored = own.one(id)
    listed = next((each for each in own.listed(prometheus()) if each.stored and each.stored.id == id), None)
    return ProbeOut.of(listed) if listed else _answer(stored)


@blueprint.patch("/<int:id>")
@require(Role.OPERATOR, scope="probes:write")
@operation(TAG, N_("Change a probe"), body=ProbePatch, answers=ProbeOut, problems=(404, 409))
def change(id: int, body: ProbePatch) -> ProbeOut:
    """Change what the body names."""
    own = probes()
    wanted = fields_of(own.one(id).probe) | body.model_dump(exclude_none=True)
    return _answer(own.change(id, accepted(_plain(wanted)), actor=actor(), now=now()))


@blueprint.delete("/<int:id>")
@require(Role.OPERATOR, scope="probes:write")
@operation(TAG, N_("Remove a probe"), status=204, problems=(404,))
def delete(id: int) -> None:
    """Ask it no more."""
    probes().remove(id, actor=actor(), now=now())


def _plain(fields: dict[str, object]) -> dict[str, object]:
    """Lists as the settings' own rules want them."""
    status = fields.get("status")
    return fields | {"status": tuple(status) if isinstance(status, list) else ()}


def _answer(stored: Stored) -> ProbeOut:
    return ProbeOut.of(Listed(stored.probe, stored, NOTHING))
