"""A clean clone in an ordinary user's hands, and the stack that is brought up from it as the seed says."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError

from sereno.serve.catalogue.desk import IMAGE

REPOSITORY = Path(__file__).parents[2]
KEPT = "sereno-equipment/desk:last"
"""The desk's image of the last stack: what is built anew of the same takes its layers from it."""
STUDENT = 23451
"""The user id of whom the clone belongs to: nobody's on the test machine, nobody's in the containers."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; redirects are answers too."""

    status: int
    headers: dict[str, str]
    body: str


class Stack:
    """One clone and the Compose project `docker` in it, driven by one of the two Compose clients.

    `cold`: the desk's image is built as on a machine that has never built it, which takes half a minute.
    """

    def __init__(self, engine: Engine, client: list[str], *, cold: bool = False) -> None:
        self.engine = engine
        self.client = client
        self.clone = Path(tempfile.mkdtemp(prefix="sereno-clone-"))
        self.clone.chmod(0o755)
        copy_tracked(self.clone)
        for path in (self.clone, *self.clone.rglob("*")):
            os.lchown(path, STUDENT, STUDENT)
        # The engine's images outlive a test run, and hand-typed Compose builds only what is missing.
        engine.docker("image", "rm", "--force", IMAGE, *([KEPT] if cold else []), check=False)

    @property
    def folder(self) -> Path:
        """Where the seed's step 5 is typed."""
        return self.clone / "docker"

    def close(self) -> None:
        """Remove the containers, volumes and networks, and the clone."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "5", check=False)
        self.engine.docker("image", "rm", KEPT, check=False)
        self.engine.docker("image", "tag", IMAGE, KEPT, check=False)
        shutil.rmtree(self.clone, ignore_errors=True)

    # -- what is typed -------------------------------------------------------------------------------------------

    def as_student(self, *words: str, folder: Path) -> str:
        """A command of the clone's owner, who is neither root nor in the group docker; its output."""
        done = subprocess.run(
            words, cwd=folder, user=STUDENT, group=STUDENT, extra_groups=[], env={"PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def compose(self, *words: str, check: bool = True, timeout: float = 600) -> str:
        """`sudo docker-compose WORDS` in the folder docker; what it says."""
        done = self.engine.run([*self.client, *words], cwd=self.folder, check=check, timeout=timeout)
        return done.stdout + done.stderr

    def up(self, *words: str) -> str:
        """`up -d`; when it fails, the error holds what the containers said."""
        try:
            return self.compose("up", "-d", *words)
        except EquipmentError as error:
            logs = self.compose("logs", "--no-color", "--tail=15", check=False)
            raise EquipmentError(f"{error}\n{self.docker('ps', '--all')}\n{logs}") from error

    def docker(self, *words: str, check: bool = True) -> str:
        return self.engine.docker(*words, check=check)

    # -- what is there -------------------------------------------------------------------------------------------

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service → what `docker inspect` tells of its container."""
        ids = self.docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=docker").split()
        told = json.loads(self.docker("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in told}

    def lives(self) -> dict[str, tuple[str, str]]:
        """Service → the container's id and when it was started; the one-shot, which runs each time, is left out."""
        there = self.containers()
        return {name: (each["Id"], each["State"]["StartedAt"]) for name, each in there.items() if name != "prepare"}

    def is_healthy(self, service: str) -> bool:
        state = self.containers()[service]["State"]
        return bool(state["Running"]) and state.get("Health", {"Status": "healthy"})["Status"] == "healthy"

    def id(self, service: str) -> str:
        return str(self.containers()[service]["Id"])

    def inside(self, service: str, *words: str, check: bool = True, user: str = "") -> str:
        """The output of a command in a service's container."""
        as_user = ["--user", user] if user else []
        return self.docker("exec", *as_user, self.id(service), *words, check=check)

    def get(self, url: str, **headers: str) -> Answer:
        """GET where the published ports are; certificates are not checked, redirects not followed."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirects)
        request = urllib.request.Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})
        with self.engine.network():
            try:
                with opener.open(request, timeout=10) as answer:
                    return Answer(answer.status, dict(answer.headers), answer.read().decode())
            except urllib.error.HTTPError as error:
                return Answer(error.code, dict(error.headers), error.read().decode())
            except OSError as error:
                return Answer(0, {}, str(error))

    def ask(self, method: str, path: str, body: object, **headers: str) -> Answer:
        """A request with a body of JSON through Nginx. Its cookies come back as a browser would send them."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        with self.engine.network():
            connection = http.client.HTTPSConnection("127.0.0.1", 8443, timeout=20, context=context)
            connection.request(method, path, json.dumps(body), sent | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            cookies = [text.partition(";")[0] for name, text in answer.getheaders() if name.lower() == "set-cookie"]
            told = dict(answer.getheaders()) | ({"Set-Cookie": "; ".join(cookies)} if cookies else {})
            text = answer.read().decode()
            connection.close()
        return Answer(answer.status, told, text)

    def sign_in(self) -> str:
        """The cookies of the first administrator, whose password is changed on the way, as it must be."""
        first = self.inside("webapp", "cat", "/run/sereno/secrets/desk/first-admin-password").strip()
        begun = self.ask("POST", "/api/v1/session", {"name": "admin", "password": first})
        assert begun.status == 201, begun.body
        changed = self.ask(
            "POST",
            "/api/v1/session/password",
            {"present": first, "new": "seven lamps in the rain"},
            Cookie=begun.headers["Set-Cookie"],
            X_CSRF_Token=json.loads(begun.body)["csrf_token"],
        )
        assert changed.status == 204, changed.body
        return changed.headers["Set-Cookie"]

    def served_certificate(self) -> str:
        """The certificate that Nginx shows, as base64 of its DER."""
        with self.engine.network():
            pem = ssl.get_server_certificate(("127.0.0.1", 8443))
        return _der(pem)

    def targets(self) -> dict[str, bool]:
        """Instance → whether Prometheus's last question to it was answered."""
        query = urllib.parse.urlencode({"query": "up"})
        answer = self.get(f"http://127.0.0.1:9090/api/v1/query?{query}")
        if answer.status != 200:
            return {}
        found = json.loads(answer.body)["data"]["result"]
        return {series["metric"]["instance"]: series["value"][1] == "1" for series in found}

    def sockets(self) -> set[tuple[str, int]]:
        """Address and port of everything that listens on the host's side (TCP)."""
        listed = self.engine.run(["ss", "--listening", "--tcp", "--numeric", "--no-header"]).stdout
        pairs = (line.split()[3].rpartition(":") for line in listed.splitlines())
        return {(address.strip("[]").replace("*", "0.0.0.0"), int(port)) for address, _, port in pairs}


@dataclass
class CommandLine:
    """`./sereno` in the clone, on the engine's network, with a home of its own."""

    stack: Stack
    home: Path

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `./sereno WORDS` to its end; `more` are further environment variables."""
        engine = self.stack.engine
        kept = {name: value for name, value in engine.env.items() if not name.startswith("SERENO_")}
        places = {
            "SERENO_ROOT": str(self.stack.clone),
            "SERENO_HOME": str(self.home),
            "PYTHONPATH": str(self.stack.clone / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [*engine.prefix(), sys.executable, "-m", "sereno.cli", *words],
            cwd=self.stack.clone, env=kept | places | more, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip

    def must(self, *words: str, **more: str) -> str:
        """As `run`, but the exit code has to be 0; what is printed."""
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self) -> dict[str, dict[str, Any]]:
        """Component → its row of `./sereno status --json`."""
        return {row["name"]: row for row in json.loads(self.run("status", "--json").stdout)}


def eventually(question: Callable[[], bool], seconds: float = 60) -> bool:
    """Asks until the answer is yes or the time is up."""
    deadline = time.monotonic() + seconds
    asked = time.monotonic()
    while not question():
        if time.monotonic() > deadline:
            return False
        # What is costly to ask is asked less often: other tests run at the same time.
        time.sleep(min(max(time.monotonic() - asked, 0.25), 2))
        asked = time.monotonic()
    return True


def certificate_in(file: Path) -> str:
    """The first certificate of a PEM file, as base64 of its DER."""
    return _der(file.read_text())


def _der(pem: str) -> str:
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem.strip() + "\n")).decode()


def copy_tracked(target: Path) -> None:
    """What a clone of this working tree would hold: the tracked files, and nothing that lies beside them.

    With SERENO_TEST_COMMIT set, that commit's files instead: for working trees that someone is writing in.
    """
    git = ["git", "-c", "safe.directory=*", "-C", str(REPOSITORY)]
    commit = os.environ.get("SERENO_TEST_COMMIT")
    if commit:
        archive = subprocess.run([*git, "archive", commit], capture_output=True, check=True).stdout
        subprocess.run(["tar", "--extract", "--directory", str(target)], input=archive, check=True)
        return
    listed = subprocess.run([*git, "ls-files", "-z"], capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        source = REPOSITORY / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
