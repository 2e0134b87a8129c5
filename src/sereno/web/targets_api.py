"""`/api/v1/targets`: what Prometheus is told to probe, beside what stands in its file (HTTP service discovery)."""

from __future__ import annotations

from flask import Blueprint
from pydantic import RootModel

from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import bearer
from sereno.web.desk import desk
from sereno.web.i18n import N_
from sereno.wiring.probes import open_probes

blueprint = Blueprint("targets_api", __name__, url_prefix=PREFIX)

TAG = N_("Probes")


class TargetGroup(ApiModel):
    """What is to be asked, and the labels of its measurements."""

    targets: list[str]
    labels: dict[str, str]


class TargetGroups(RootModel[list[TargetGroup]]):
    """Every stored probe, as Prometheus's HTTP service discovery wants it."""


@blueprint.get("/targets")
@bearer("alertmanager-token")
@operation(TAG, N_("Tell Prometheus what to probe (HTTP service discovery)"), answers=TargetGroups)
def targets() -> TargetGroups:
    """Target groups. Without a database 503: Prometheus then keeps what it was told last."""
    own = desk()
    return TargetGroups.model_validate(open_probes(own.surroundings, own.database).targets())
