"""The real Nginx with the configuration that Sereno renders for this machine, in a temporary folder, on free ports.

What stands behind it is given by the test: the real desk, or an `Echo` that answers what it was asked.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

from tests.equipment.desk_server import Answer
from tests.equipment.monitoring import free_port, wait_until

from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.native.files import DATA_FOLDERS
from sereno.serve.place import Place
from sereno.serve.render import render_component
from sereno.settings import Settings
from sereno.settings.own import Service

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docker/nginx/ssl/generate-ssl.sh"
PROGRAM = "/usr/sbin/nginx"
ORDINARY_USER = "nobody"


def is_missing() -> bool:
    """Whether this machine has no Nginx."""
    return not Path(PROGRAM).exists()


def installed_version() -> tuple[int, ...]:
    """The version of this machine's Nginx."""
    said = subprocess.run([PROGRAM, "-v"], capture_output=True, text=True, check=True).stderr
    return tuple(int(part) for part in said.strip().rpartition("/")[2].split(" ")[0].split("."))


@dataclass
class Nginx:
    """One server. `render` writes its configuration, `start` runs it as an ordinary user."""

    settings: Settings = field(default_factory=Settings)
    ports: dict[str, int] = field(default_factory=dict)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sereno nginx ")))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        # Where nobody listens: what a test does not give stays absent.
        self.ports = {name: free_port() for name in default_ports()} | self.ports
        site = self.settings.site.model_copy(
            update={"http_port": self.ports["nginx-http"], "https_port": self.ports["nginx"]}
        )
        self.settings = self.settings.model_copy(update={"site": site})
        self.folder.chmod(0o755)
        for name in (
            *(f"data/{each}" for each in DATA_FOLDERS),
            "run/memory",
            "log",
            "secrets",
            "etc/nginx/conf.d/locations",
        ):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("www/static", "www/errors", "www/status"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["bash", str(SCRIPT), "--into", str(self.folder / "tls/served"), "desk.test"],
            check=True,
            capture_output=True,
        )
        self.render()

    @property
    def place(self) -> Place:
        """This machine, with everything on loopback."""
        return Place(
            platform="native",
            profile="small",
            settings=self.settings,
            home=PurePosixPath(self.folder),
            hosts=dict.fromkeys(self.ports, "127.0.0.1"),
            ports=self.ports,
            versions={"nginx": installed_version()},
        )

    @property
    def configuration(self) -> Path:
        return self.folder / "etc/nginx/nginx.conf"

    def render(self, **changes: Any) -> None:
        """Write the configuration; `changes` are fields of the place."""
        self.configuration.write_text(
            render_component(BY_NAME["nginx"], replace(self.place, **changes))["nginx.conf"], encoding="utf-8"
        )
        self._hand_over()

    def check(self) -> str:
        """What `nginx -t` says against the configuration; empty when it says nothing."""
        done = subprocess.run(
            [*self.command, "-t", "-q"],
            # It opens /dev/stdout by name, which an ordinary user may not do with a pipe of root's.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **self._as_ordinary_user(),
        )
        return done.stderr or ("" if done.returncode == 0 else f"ends with {done.returncode}")

    @property
    def command(self) -> list[str]:
        return [PROGRAM, "-c", str(self.configuration), "-e", "stderr"]

    def start(self) -> Nginx:
        """Run it, and wait until it listens."""
        logs = (self.folder / "log/nginx.log", self.folder / "log/access.log")
        for file in logs:
            file.touch()
        self._hand_over()
        with logs[0].open("ab") as log, logs[1].open("ab") as access:
            self.process = subprocess.Popen(
                self.command, stdout=access, stderr=log, cwd="/", **self._as_ordinary_user()
            )
        wait_until("Nginx listens", self._listens, 10)
        return self

    def reload(self) -> None:
        """Have it read its configuration anew, without a pause."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def workers(self) -> set[int]:
        """The pids of the processes that serve."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "log/nginx.log").read_text()

    def access_log(self) -> list[dict[str, Any]]:
        """Its lines so far."""
        return [json.loads(line) for line in (self.folder / "log/access.log").read_text().splitlines()]

    def write(self, name: str, text: str) -> None:
        """Put a file into the folder that it serves."""
        (self.folder / "www" / name).write_text(text, encoding="utf-8")

    def connection(self) -> http.client.HTTPSConnection:
        """A connection over TLS; the certificate is not looked at."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.ports["nginx"], timeout=20, context=context)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; underscores in the headers' names stand for dashes."""
        connection = self.connection()
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            return answer_of(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def _listens(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(self.log())
        with socket.create_connection(("127.0.0.1", self.ports["nginx"]), 1):
            return True

    def _hand_over(self) -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam(ORDINARY_USER)
            for folder, _, files in os.walk(self.folder):
                for name in (".", *files):
                    os.chown(Path(folder, name), account.pw_uid, account.pw_gid)

    @staticmethod
    def _as_ordinary_user() -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        account = pwd.getpwnam(ORDINARY_USER)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def served_certificate(nginx: Nginx) -> bytes:
    """The certificate that is served now (DER)."""
    connection = nginx.connection()
    try:
        connection.connect()
        served = connection.sock.getpeercert(binary_form=True)
    finally:
        connection.close()
    assert served is not None
    return served


def answer_of(response: http.client.HTTPResponse) -> Answer:
    """Status, body and headers; a header that came twice shows both values."""
    headers: dict[str, str] = {}
    for name, text in response.getheaders():
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return Answer(response.status, response.read(), headers)


@dataclass
class Asked:
    """A request as it came to an `Echo`."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Given:
    """What an `Echo` answers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Behaviour = Callable[[Asked], "Given | None"]


class Echo:
    """A server that answers each request with that request as JSON, unless its `behaviour` knows better."""

    def __init__(self, behaviour: Behaviour = lambda asked: None) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.connections: set[socket.socket] = set()
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                echo.connections.add(self.connection)

            def finish(self) -> None:
                echo.connections.discard(self.connection)
                super().finish()

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): text for name, text in self.headers.items()}
                asked = Asked(self.command, self.path, headers, self.rfile.read(length))
                echo.asked.append(asked)
                given = echo.behaviour(asked) or Given(
                    body=json.dumps(
                        {"method": asked.method, "path": asked.path, "headers": headers, "body": asked.body.decode()}
                    ).encode(),
                    headers={"Content-Type": "application/json"},
                )
                self.send_response(given.status)
                for name, text in given.headers.items():
                    self.send_header(name, text)
                self.send_header("Content-Length", str(len(given.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(given.body)

            do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = answer  # noqa: N815 -- http.server's names.

            def log_message(self, *arguments: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *arguments: Any) -> None:
                return  # A reader that goes away in the middle is no news here.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop listening, as a server that has died."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)


def every_kind_of_service() -> tuple[Service, ...]:
    """As many services as settings may have, with the longest names, of every kind there is."""
    kinds: list[dict[str, object]] = [
        {"upstream": "127.0.0.1:3001", "websocket": True, "metrics_path": "/metrics"},
        {"upstream": "localhost:3001", "path": "/a/b.c/{number}", "keep_path": True},
        {"upstream": "[::1]:3001", "access": "operators", "websocket": True},
        {"upstream": "unix:/run/a-service.sock", "metrics_path": "/metrics", "body_limit": "0"},
        {"upstream": "a-container:80", "domain": "shop{number}.example.org", "websocket": True, "timeout": "2m"},
        {"upstream": "other.example.org:80", "domain": "Shop.example.org", "path": "/below/{number}"},
    ]
    return tuple(
        Service.model_validate(
            {"name": f"{'a-long-name' * 3}-{number:02}", "title": "The 'best' \\ $shop"}
            | {
                key: value.format(number=number) if isinstance(value, str) else value
                for key, value in kinds[number % len(kinds)].items()
            }
        )
        for number in range(50)
    )
