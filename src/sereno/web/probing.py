"""What the doors to probes share: the probes themselves, who has seen them, and the words of refusals."""

from __future__ import annotations

from flask_babel import gettext as _

from sereno.core.errors import SerenoError
from sereno.watch.ports import Prometheus
from sereno.watch.probes.stored import REASONS, NameTaken, ProbeRefused, TargetRefused
from sereno.web.desk import desk
from sereno.web.i18n import N_, language
from sereno.wiring import open_prometheus
from sereno.wiring.probes import Probes, open_probes

_FIELD_WORDS = {
    "name": N_("Use up to 40 of the letters a-z, digits and hyphens, beginning with a letter."),
    "target": N_(
        "This does not fit its kind: http wants https://…, tcp host:port, icmp a host, dns NAME@SERVER; "
        "status and words are for http alone."
    ),
    "status": N_("Write statuses from 100 to 599 with spaces between them."),
    "interval": N_("Write 5s to 2m."),
    "certificate_days": N_("Choose one of the list."),
    "contains": N_("At most 200 signs."),
    "title": N_("At most 80 signs."),
    "title_es": N_("At most 80 signs."),
    "group": N_("At most 40 signs."),
}


def probes() -> Probes:
    """The desk's probes."""
    own = desk()
    return open_probes(own.surroundings, own.database)


def prometheus() -> Prometheus:
    """Who knows what was last seen; made when it is first needed, which is after forking."""
    own = desk()
    given: Prometheus = own.neighbours.setdefault("prometheus", None) or open_prometheus(own.surroundings)
    own.neighbours["prometheus"] = given
    return given


def told(refusal: SerenoError) -> tuple[str, str]:
    """The field of the form at which a refusal stands (empty: the form as a whole), and its words for the reader."""
    if isinstance(refusal, TargetRefused):
        reason = REASONS[refusal.reason].in_language(language())
        return "target", str(_("This may not be probed from here: %(reason)s.", reason=reason))
    if isinstance(refusal, NameTaken):
        return "name", str(_("Something else has this name; choose another one."))
    field = refusal.field if isinstance(refusal, ProbeRefused) else ""
    return field, str(_(_FIELD_WORDS[field])) if field in _FIELD_WORDS else refusal.message
