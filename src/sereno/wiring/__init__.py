"""The one place where settings, neighbours and rooms are introduced to each other.

The desk's processes (webapp and worker) learn where they are from the environment that the platform gives them:

SERENO_PLATFORM           native or compose
SERENO_PROFILE            small or standard
SERENO_LAB                1 in the classroom set-up
SERENO_SETTINGS           path of sereno.toml (may not exist)
SERENO_DATABASE_ADDRESS   host:port of the database
SERENO_PROMETHEUS_URL     http://host:port
SERENO_ALERTMANAGER_URL   http://host:port
SERENO_WEBAPP_URL         http://host:port of the webapp, for the worker
SERENO_SECRETS            folder of secrets, one file each
SERENO_WWW                folder that Nginx serves: static/, errors/, status/
SERENO_NGINX_ADDRESS      host:port at which Nginx answers HTTPS
SERENO_BLACKBOX_URL       http://host:port
SERENO_PROBES             folder of blackbox-exporter's file
SERENO_INNER              ports that are nobody's to probe: component:port, with commas

Read by the processes themselves: SERENO_BIND, SERENO_WEB_WORKERS, SERENO_WEB_THREADS and PROMETHEUS_MULTIPROC_DIR by
`web/server.py`; SERENO_BIND (127.0.0.1:5001) and SERENO_ACCESS_SOCKET (where Nginx tells of each request to a service
of the user's own; none without it) by `worker/__main__.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sereno.core.errors import SettingsError
from sereno.settings import Settings, load_settings

# Each process loads what it opens: a short-lived child that renews the certificate has no use for a database.
if TYPE_CHECKING:
    from sqlalchemy import URL

    from sereno.database.session import Database
    from sereno.outside.alertmanager import AlertmanagerClient
    from sereno.outside.prometheus import PrometheusClient
    from sereno.watch import PrometheusReadings

DATABASE_NAME = "sereno"
DATABASE_USER = "sereno"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process of the desk knows about where it runs."""

    settings: Settings
    platform: str
    profile: str
    lab: bool
    database_address: str
    prometheus_url: str
    alertmanager_url: str
    secrets: Path
    www: Path
    webapp_url: str = "http://127.0.0.1:5000"
    blackbox_url: str = "http://127.0.0.1:9115"
    probes: Path = Path("var/etc/blackbox-exporter")
    nginx_address: str = "127.0.0.1:8443"
    inner_ports: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Surroundings:
        """Read the variables that the module's docstring lists; defaults fit loopback with the usual ports."""
        settings_file = environment.get("SERENO_SETTINGS")
        return cls(
            settings=load_settings(Path(settings_file) if settings_file else None, environment),
            platform=environment.get("SERENO_PLATFORM", "native"),
            profile=environment.get("SERENO_PROFILE", "standard"),
            lab=environment.get("SERENO_LAB") == "1",
            database_address=environment.get("SERENO_DATABASE_ADDRESS", "127.0.0.1:3306"),
            prometheus_url=environment.get("SERENO_PROMETHEUS_URL", "http://127.0.0.1:9090"),
            alertmanager_url=environment.get("SERENO_ALERTMANAGER_URL", "http://127.0.0.1:9093"),
            secrets=Path(environment.get("SERENO_SECRETS", "var/secrets")),
            www=Path(environment.get("SERENO_WWW", "var/www")),
            webapp_url=environment.get("SERENO_WEBAPP_URL", "http://127.0.0.1:5000"),
            blackbox_url=environment.get("SERENO_BLACKBOX_URL", "http://127.0.0.1:9115"),
            probes=Path(environment.get("SERENO_PROBES", "var/etc/blackbox-exporter")),
            nginx_address=environment.get("SERENO_NGINX_ADDRESS", "127.0.0.1:8443"),
            inner_ports={
                name: int(port)
                for each in environment.get("SERENO_INNER", "").split(",")
                if each
                for name, _, port in [each.rpartition(":")]
            },
        )

    @property
    def nginx_inside(self) -> str:
        """host:port of Nginx's server for components."""
        return f"{self.nginx_address.rpartition(':')[0]}:{self.inner_ports.get('nginx-status', 8081)}"

    def secret(self, name: str) -> str:
        """The text of the secret `name`. Raises SettingsError when its file can't be read."""
        try:
            return (self.secrets / name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"the secret {name} cannot be read: {error.strerror}",
                next_step="run ./sereno up to make what is missing",
            ) from error

    def database_url(self) -> URL:
        """The user's own database when set, else Sereno's with the password from its file."""
        from sqlalchemy import URL, make_url

        if self.settings.database.url:
            return make_url(self.settings.database.url)
        host, _, port = self.database_address.rpartition(":")
        return URL.create(
            "mysql+pymysql",
            username=DATABASE_USER,
            password=self.secret("mysql-app-password"),
            host=host,
            port=int(port),
            database=DATABASE_NAME,
        )


def open_database(surroundings: Surroundings, *, pool_size: int = 5) -> Database:
    """The desk's database; nothing is connected until it is used.

    Sereno's own lies on the same disk as what Nginx serves, a user's own may lie anywhere.
    """
    from sereno.database.room import refuse_writes_without_room
    from sereno.database.session import Database, make_engine

    engine = make_engine(surroundings.database_url(), pool_size=pool_size)
    if not surroundings.settings.database.url:
        refuse_writes_without_room(engine, surroundings.www)
    return Database(engine)


def open_readings(surroundings: Surroundings) -> PrometheusReadings:
    """What watch reads from this system's Prometheus; nothing is connected until it is used. Build it after forking."""
    from sereno.outside.prometheus import PrometheusClient
    from sereno.watch import PrometheusReadings

    return PrometheusReadings(PrometheusClient(surroundings.prometheus_url), surroundings.settings)


def open_prometheus(surroundings: Surroundings) -> PrometheusClient:
    """This system's Prometheus; nothing is connected until it is used. Build it after forking."""
    from sereno.outside.prometheus import PrometheusClient

    return PrometheusClient(surroundings.prometheus_url)


def open_alertmanager(surroundings: Surroundings) -> AlertmanagerClient:
    """This system's Alertmanager; nothing is connected until it is used. Build it after forking."""
    from sereno.outside.alertmanager import AlertmanagerClient

    return AlertmanagerClient(surroundings.alertmanager_url)
