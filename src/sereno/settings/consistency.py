"""What must hold between services, probes and hosts of the user's own, beyond what each must be by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sereno.core.errors import SettingsError
from sereno.settings.model import Settings

DESKS_PATHS = frozenset(
    {"account", "alertmanager", "alerts", "api", "audit", "backups", "badge", "capacity", "certificates", "desk",
     "errors", "grafana", "healthz", "heartbeats", "history", "incidents",
     "language", "login", "logo", "logout", "maintenance", "metrics",
     "notices", "objectives", "password", "probes", "prometheus", "readyz", "releases", "reviews", "runbooks",
     "services", "static", "status", "theme", "tokens", "users", ".well-known", "_alive", "_gate"}
)  # fmt: skip
"""First parts of the desk's own addresses, now and by its contract: no service can have them on the desk's names."""


def check_own(settings: Settings, reserved_names: Iterable[str] = ()) -> None:
    """Raise SettingsError for the first two settings that contradict each other.

    `reserved_names` are those of the stack's own components, which measurements are labelled with.
    """
    for problem, next_step in _problems(settings, frozenset(reserved_names)):
        raise SettingsError(problem, next_step=next_step)


def _problems(settings: Settings, reserved: frozenset[str]) -> Iterator[tuple[str, str]]:
    yield from _names(settings, reserved)
    yield from _places(settings)


def _names(settings: Settings, reserved: frozenset[str]) -> Iterator[tuple[str, str]]:
    watched = [each.name for each in settings.services] + [each.name for each in settings.probes]
    for name, times in Counter(watched).items():
        if times > 1:
            yield f"{times} services or probes are named {name!r}", "give each a name of its own"
        if name in reserved:
            yield f"{name!r} is the name of a component of Sereno's own", "choose another name for the service or probe"
    for name, times in Counter(each.name for each in settings.hosts).items():
        if times > 1:
            yield f"{times} hosts are named {name!r}", "give each a name of its own"
        if name in reserved:
            yield f"{name!r} is the name of a component of Sereno's own", "choose another name for the host"


def _places(settings: Settings) -> Iterator[tuple[str, str]]:
    taken: dict[tuple[str, str], str] = {}
    for service in settings.services:
        domain = service.domain.lower()
        if domain in settings.site.names:
            yield (
                f"the service {service.name!r} has the domain {domain}, which is the status page's (site)",
                "give it a domain of its own, or a path",
            )
        first = service.location.strip("/").partition("/")[0].lower()
        if not domain and (not first or first in DESKS_PATHS):
            yield (
                f"the service {service.name!r} would be at {service.location}, which is the desk's own",
                "set its path (or its domain) to something else",
            )
        if domain and service.access == "operators":
            yield (
                f"the service {service.name!r} is for operators and has a domain of its own, where nobody can sign in",
                "give it a path of the status page's instead: who is signed in there may come in",
            )
        place = (domain, service.location)
        if place in taken:
            yield (
                f"the services {taken[place]!r} and {service.name!r} are both at {domain}{service.location}",
                "give one of them another domain or path",
            )
        taken[place] = service.name
