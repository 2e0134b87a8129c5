"""`./sereno evidence`: pictures of the running stack, taken by a real browser, with an index.

Nothing is prepared or painted. A page that cannot be shown is told in the index with the reason. For pages that need
a login an account is made for the run and deleted at its end; for the alert, Node Exporter is
stopped and started again.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sereno import __version__
from sereno.cli.album import Album
from sereno.cli.console import Narrator
from sereno.cli.doctor import addresses
from sereno.cli.evidence_incident import picture_incident, picture_overview, picture_update
from sereno.cli.here import Here
from sereno.cli.live import Addresses
from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError
from sereno.core.text import Text
from sereno.outside.browser import DESKTOP, PHONE, Camera, camera
from sereno.outside.certificate import read_certificate
from sereno.outside.inspection import Inspector
from sereno.serve.secrets import new_password
from sereno.settings.own import Service

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = "evidencias/capturas"
ACCOUNT = "evidence"
STOPPED = "node-exporter"
ALERT_SECONDS = 90
WITHOUT_A_PAGE = "does not include a web application"
"""What Debian's Alertmanager says in the place of its page."""


@click.command()
@click.option("--into", type=click.Path(path_type=Path), help=f"Where to write, instead of {FOLDER}.")
def evidence(into: Path | None) -> None:
    """Take numbered pictures of the running stack in a real browser, with an index.

    Stops Node Exporter for about a minute, so that its alert can be seen, and starts it again.
    """
    here = Here.from_environment()
    at = addresses(here)
    album = Album(into or here.root / FOLDER)
    narrator = Narrator()
    album.folder.mkdir(parents=True, exist_ok=True)
    for old in album.folder.glob("[0-9][0-9]-*.png"):
        old.unlink()
    with camera() as lens, account(here) as password:
        run = Run(here, at, album, lens, password, narrator)
        run.public_pages()
        run.desk_pages()
        run.tools()
        run.transcripts()
        run.a_stopped_component()
    (album.folder / "README.md").write_text(album.index(facts(here)), encoding="utf-8")
    missing = [caption.en for file, caption, _ in album.entries if not file]
    click.echo(f"{len(album.entries) - len(missing)} pictures in {album.folder}")
    for caption in missing:
        click.echo(f"no picture: {caption}", err=True)


def facts(here: Here) -> list[str]:
    """When, what and where: the index's first lines."""
    state = here.home.state()
    machine = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return [
        f"{utc_now():%Y-%m-%d %H:%M} UTC, Sereno {__version__}",
        f"platform `{state.platform if state else '?'}`, profile `{state.profile if state else '?'}`",
        f"{machine}, Linux {platform.release()}, {os.cpu_count()} CPU",
    ]


@contextmanager
def account(here: Here) -> Iterator[str]:
    """An administrator for this run alone; its password."""
    _user(here, "delete", ACCOUNT, "--yes", check=False)  # One that a killed run has left.
    password = str(json.loads(_user(here, "add", ACCOUNT, "--role", "admin", "--json"))["password"])
    try:
        yield password
    finally:
        _user(here, "delete", ACCOUNT, "--yes")


def _user(here: Here, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        [str(here.root / "sereno"), "user", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    if check and done.returncode != 0:
        raise SerenoError(f"./sereno user {arguments[0]} failed", log_tail=done.stderr.strip())
    return done.stdout


class Run:
    """One walk through the running system, in the order of the index."""

    def __init__(
        self, here: Here, at: Addresses, album: Album, lens: Camera, password: str, narrator: Narrator
    ) -> None:
        self._here = here
        self._at = at
        self._album = album
        self._lens = lens
        self._password = password
        self._new_password = new_password()
        self._narrator = narrator

    def public_pages(self) -> None:
        """What everyone sees: wide, narrow, dark, in Spanish."""
        self._narrator.step("the public pages")
        for name, caption, screen in (
            ("status-page", Text("Status page", "Página de estado"), DESKTOP),
            ("status-page-phone", Text("Status page on a phone", "Página de estado en un teléfono"), PHONE),
            ("status-page-dark", Text("Dark", "Oscura"), replace(DESKTOP, scheme="dark")),
            ("status-page-spanish", Text("In Spanish", "En español"), replace(DESKTOP, language="es")),
            ("login", Text("Sign-in", "Inicio de sesión"), DESKTOP),
        ):
            with self._lens.reader(screen) as page:
                page.goto(f"{self._at.https}/{'login' if name == 'login' else ''}")
                self._album.add(page, name, caption)

        for service in self._here.settings.services:
            if not service.domain and service.access == "public":
                self._own_service(service)

    def _own_service(self, service: Service) -> None:
        """A service of this machine's user, as its readers reach it."""
        caption = Text(f"Served: {service.titled.en}", f"Servido: {service.titled.es}")
        with self._lens.reader(DESKTOP) as page:
            answer = page.goto(f"{self._at.https}{service.location}")
            if answer is None or answer.status >= 400:
                self._album.miss(caption, f"it answers {answer.status if answer else 'nothing'}")
            else:
                self._album.add(page, f"service-{service.name}", caption, whole_page=False)

    def desk_pages(self) -> None:
        """The desk: the first password has to be changed, then its pages."""
        self._narrator.step("the desk")
        with self._lens.reader(DESKTOP) as page:
            self._sign_in(page, self._password)
            page.goto(f"{self._at.https}/password")
            self._album.add(
                page,
                "password",
                Text("A password that was made up has to be changed", "Una contraseña generada debe cambiarse"),
            )
            page.fill("#present", self._password)
            page.fill("#new", self._new_password)
            page.fill("#repeated", self._new_password)
            page.click("main button[type=submit]")
            for path, caption in (
                ("desk", Text("The desk", "La mesa de guardia")),
                ("users", Text("Users", "Usuarios")),
                ("alerts", Text("Alerts", "Alertas")),
                ("services", Text("Services and probes", "Servicios y sondas")),
                ("backups", Text("Backups", "Copias de seguridad")),
                ("certificates", Text("Certificates", "Certificados")),
                ("audit", Text("Audit trail", "Registro de auditoría")),
                ("api/docs", Text("The API, for people", "La API, para personas")),
            ):
                page.goto(f"{self._at.https}/{path}")
                self._album.add(page, path.replace("/", "-"), caption, whole_page=path != "api/docs")

    def tools(self) -> None:
        """Prometheus, Alertmanager and Grafana, as their own addresses and the desk's login show them."""
        self._narrator.step("Prometheus, Alertmanager, Grafana")
        targets = Text("Prometheus: every target is up", "Prometheus: todos los objetivos activos")
        rules = Text("Prometheus: alert rules", "Prometheus: reglas de alerta")
        self._show("prometheus-targets", targets, self._at.prometheus, ("/targets", "/classic/targets"))
        self._show("prometheus-alerts", rules, self._at.prometheus, ("/alerts", "/classic/alerts"))
        self._show("alertmanager", Text("Alertmanager", "Alertmanager"), self._at.alertmanager, ("/",))
        dashboards = sorted((self._here.root / "grafana/dashboards").glob("*.json"))
        with self._lens.reader(replace(DESKTOP, height=1400)) as page:
            self._sign_in(page, self._new_password)
            for file in dashboards:
                board = json.loads(file.read_text(encoding="utf-8"))
                caption = Text(f"Grafana: {board['title']}", f"Grafana: {board['title']}")
                if self._at.grafana is None:
                    self._album.miss(caption, "Grafana is not installed here")
                    continue
                answer = page.goto(f"{self._at.https}/grafana/d/{board['uid']}?kiosk", wait_until="networkidle")
                if answer is None or answer.status != 200:
                    self._album.miss(caption, f"it answers {answer.status if answer else 'nothing'}")
                    continue
                self._album.add(page, f"grafana-{file.stem}", caption, whole_page=False)

    def transcripts(self) -> None:
        """What no page shows: the redirect and the certificate, as a client sees them."""
        self._narrator.step("the redirect and the certificate")
        redirect = Inspector().ask("GET", f"http://localhost:{self._at.http_port}/")
        headers = "\n".join(f"{name}: {value}" for name, value in redirect.headers.items())
        self._transcript(
            "redirect",
            Text("HTTP leads to HTTPS", "HTTP lleva a HTTPS"),
            f"GET http://localhost:{self._at.http_port}/\n\n{redirect.status}\n{headers}",
        )
        served = Inspector().served_certificate("localhost", self._at.https_port)
        kept = read_certificate(self._here.certificate.read_bytes())
        self._transcript(
            "certificate",
            Text("The certificate", "El certificado"),
            f"names      {', '.join(kept.names)}\nfrom       {kept.not_before:%Y-%m-%d %H:%M} UTC\n"
            f"until      {kept.not_after:%Y-%m-%d %H:%M} UTC\nSHA-256    {kept.fingerprint}\n"
            f"served     {served} on port {self._at.https_port}",
        )

    def a_stopped_component(self) -> None:
        """Stop Node Exporter; see it on the page, in Prometheus and at the desk; start it again."""
        self._narrator.step(f"stopping {STOPPED} until its alert fires (up to {ALERT_SECONDS} s)")
        runs = self._here.chosen_platform()
        runs.stop(STOPPED)
        try:
            self._wait_for("InstanceDown fires", self._fires)
            with self._lens.reader(DESKTOP) as page:
                page.goto(f"{self._at.https}/")
                self._album.add(page, "node-exporter-down", Text("Node Exporter stopped", "Node Exporter detenido"))
                self._sign_in(page, self._new_password)
                page.goto(f"{self._at.https}/alerts")
                self._album.add(page, "alert-firing", Text("Its alert at the desk", "Su alerta en la mesa de guardia"))
                picture_incident(page, self._at.https, STOPPED, self._album)
            with self._lens.reader(DESKTOP) as page:
                page.goto(f"{self._at.https}/")
                picture_update(page, self._at.https, self._album)
            caption = Text("Its alert in Prometheus", "Su alerta en Prometheus")
            self._show("prometheus-firing", caption, self._at.prometheus, ("/alerts", "/classic/alerts"))
        finally:
            runs.start(STOPPED)
        self._wait_for("InstanceDown ends", lambda: not self._fires())
        with self._lens.reader(DESKTOP) as page:
            # The page reads anew after a few seconds.
            page.wait_for_timeout(6000)
            page.goto(f"{self._at.https}/")
            self._album.add(page, "all-is-calm", Text("Started again", "Arrancado de nuevo"))
            self._sign_in(page, self._new_password)
            picture_overview(page, self._at.https, self._album)

    def _show(self, name: str, caption: Text, base: str, paths: tuple[str, ...]) -> None:
        """The first of the paths that answers 200 (versions of a tool differ)."""
        with self._lens.reader(DESKTOP) as page:
            for path in paths:
                answer = page.goto(base + path, wait_until="networkidle")
                if answer is not None and answer.status == 200 and WITHOUT_A_PAGE not in page.inner_text("body"):
                    self._album.add(page, name, caption)
                    return
        self._album.miss(caption, "this build comes without a page")

    def _transcript(self, name: str, caption: Text, text: str) -> None:
        with self._lens.reader(replace(DESKTOP, width=720, height=240)) as page:
            page.set_content("<pre></pre>")
            page.locator("pre").evaluate("(element, text) => { element.textContent = text }", text)
            self._album.add(page, name, caption)

    def _sign_in(self, page: Page, password: str) -> None:
        page.goto(f"{self._at.https}/login")
        page.fill("#name", ACCOUNT)
        page.fill("#password", password)
        page.click("main button[type=submit]")
        # A click does not wait for what it began, and going elsewhere would break that off.
        page.wait_for_url(lambda url: not url.endswith("/login"))

    def _fires(self) -> bool:
        alerts = Inspector().ask("GET", f"{self._at.prometheus}/api/v1/alerts").json["data"]["alerts"]
        return any(
            alert["state"] == "firing"
            and alert["labels"]["alertname"] == "InstanceDown"
            and alert["labels"].get("instance") == STOPPED
            for alert in alerts
        )

    @staticmethod
    def _wait_for(what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + ALERT_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise SerenoError(f"waited {ALERT_SECONDS} s in vain until {what}", next_step="./sereno doctor --live")
            time.sleep(1)
