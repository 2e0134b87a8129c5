"""The whole system as `./sereno up --on native` starts it, in a home of its own and on free ports."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.equipment.desk_server import Answer, request
from tests.equipment.monitoring import free_port
from tests.equipment.prepared import prepare

ROOT = Path(__file__).parents[2]
COMPONENTS = (
    *(
        "mysql",
        "webapp",
        "worker",
        "nginx",
        "nginx-http",
        "nginx-status",
        "prometheus",
        "node-exporter",
        "alertmanager",
    ),
    *("alertmanager", "grafana", "mysqld-exporter", "nginx-exporter", "blackbox-exporter", "process-exporter"),
)


@dataclass
class Finished:
    """A command's exit code, result and narration."""

    code: int
    out: str
    err: str


class NativeStack:
    """One home with a running system. Everything it starts ends with `close`.

    `prepared`: the home has its virtual environment already, which is the same for all.
    """

    def __init__(self, *, settings: dict[str, str] | None = None, prepared: bool = True) -> None:
        # Not pytest's tmp_path: as root its folders are closed to the user that the servers run as.
        self.folder = Path(tempfile.mkdtemp(prefix="sereno-test-"))
        self.folder.chmod(0o755)
        self.home = self.folder / "home"
        if prepared:
            prepare(self.home)
        self.root = ROOT
        self.ports = {name: free_port() for name in COMPONENTS}
        own = {"nginx", "nginx-http", "mysql"}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SERENO_", "PYTHON"))},
            "SERENO_HOME": str(self.home),
            "SERENO_PORTS": json.dumps({name: port for name, port in self.ports.items() if name not in own}),
            "SERENO_SITE__HTTPS_PORT": str(self.ports["nginx"]),
            "SERENO_SITE__HTTP_PORT": str(self.ports["nginx-http"]),
            "SERENO_DATABASE__PORT": str(self.ports["mysql"]),
            **(settings or {}),
        }

    def sereno(self, *arguments: str, seconds: float = 240, **more: str) -> Finished:
        """Run `./sereno ARGUMENTS` to its end; `more` are further environment variables."""
        done = subprocess.run(
            [str(self.root / "sereno"), *arguments],
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, **more: Any) -> Finished:
        """As `sereno`, but the exit code has to be 0."""
        done = self.sereno(*arguments, **more)
        assert done.code == 0, f"./sereno {' '.join(arguments)} ended with {done.code}\n{done.out}\n{done.err}"
        return done

    def up(self) -> Finished:
        return self.must("up", "--on", "native")

    def status(self) -> dict[str, dict[str, Any]]:
        """Component → its row of `./sereno status --json`."""
        done = self.sereno("status", "--json")
        return {row["name"]: row for row in json.loads(done.out)}

    @property
    def url(self) -> str:
        """The address of Nginx over TLS."""
        return f"https://localhost:{self.ports['nginx']}"

    def get(self, path: str, **headers: str) -> Answer:
        """GET of a path through Nginx; redirects are answers, not followed."""
        return self.ask("GET", self.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def ask(self, method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """One request without following redirects, accepting this machine's own certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirects)
        asked = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
        try:
            with opener.open(asked, timeout=20) as response:
                return Answer(response.status, response.read(), dict(response.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), dict(error.headers))

    def prometheus(self, path: str, **fields: str) -> Any:
        """The `data` of an answer of Prometheus's API."""
        query = f"?{urllib.parse.urlencode(fields)}" if fields else ""
        return request("GET", f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/{path}{query}").json["data"]

    def firing(self) -> set[tuple[str, str]]:
        """Name and instance of each alert that fires now."""
        alerts = self.prometheus("alerts")["alerts"]
        return {(a["labels"]["alertname"], a["labels"].get("instance", "")) for a in alerts if a["state"] == "firing"}

    def pid(self, component: str) -> int:
        """The pid that Supervisor knows of a component."""
        from sereno.outside.supervisor import Supervisor

        return int(Supervisor(self.home / "run/supervisor.sock").info()[component]["pid"])

    def secret(self, name: str) -> str:
        return (self.home / "secrets" / name).read_text().strip()

    def close(self) -> None:
        if (self.home / "state.json").exists():
            self.sereno("down")
        shutil.rmtree(self.folder, ignore_errors=True)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None
