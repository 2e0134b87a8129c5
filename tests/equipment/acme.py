"""A real certificate authority for tests: Debian's Pebble, with name servers that lead every name to one address."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.equipment.monitoring import free_port, wait_until

PROGRAMS = ("pebble", "pebble-challtestsrv")


def is_missing() -> bool:
    """Whether this machine has no Pebble."""
    return any(shutil.which(program) is None for program in PROGRAMS)


class Pebble:
    """One authority, which asks for challenges on `http_port` of 127.0.0.1.

    `host` is where it is reached, `listen` where it listens; `prefix` runs its programs in another network.
    """

    def __init__(
        self, http_port: int, *, host: str = "127.0.0.1", listen: str = "127.0.0.1", prefix: Sequence[str] = ()
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sereno-acme-"))
        self.folder.chmod(0o755)
        self.http_port = http_port
        self.host = host
        self.listen = listen
        self.prefix = prefix
        self.port, self.management_port = free_port(), free_port()
        self.dns_port, self.dns_management_port = free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._make_certificate()

    @property
    def directory(self) -> str:
        return f"https://{self.host}:{self.port}/dir"

    @property
    def trusted(self) -> Path:
        """By what the directory itself is trusted."""
        return self.folder / "directory.pem"

    def start(self) -> Pebble:
        """Name server and authority, until the directory answers."""
        self._run(
            "pebble-challtestsrv",
            *("-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", f"{self.listen}:{self.dns_port}"),
            *("-http01", "", "-https01", "", "-tlsalpn01", ""),
            *("-management", f"{self.listen}:{self.dns_management_port}"),
        )
        configuration = {
            "listenAddress": f"{self.listen}:{self.port}",
            "managementListenAddress": f"{self.listen}:{self.management_port}",
            "certificate": str(self.trusted),
            "privateKey": str(self.folder / "directory.key"),
            "httpPort": self.http_port,
            "tlsPort": 1,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": configuration}))
        self._run(
            "pebble",
            *("-config", str(self.folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{self.dns_port}"),
            PEBBLE_VA_NOSLEEP="1",
            PEBBLE_WFE_NONCEREJECT="0",
            # Every order is validated anew, as it would be after weeks.
            PEBBLE_AUTHZREUSE="0",
        )
        wait_until("the authority answers", self._answers, 20)
        return self

    def root(self) -> Path:
        """The certificate by which its certificates are trusted; new at each start."""
        file = self.folder / "root.pem"
        file.write_bytes(self._get(f"https://127.0.0.1:{self.management_port}/roots/0"))
        return file

    def lead_nowhere(self, name: str) -> None:
        """Have the name server fail for a name."""
        self._tell("set-servfail", {"host": name})

    def lead_back(self, name: str) -> None:
        """Undo `lead_nowhere`."""
        self._tell("clear-servfail", {"host": name})

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "pebble.log").read_text()

    def _tell(self, what: str, body: object) -> None:
        url = f"http://127.0.0.1:{self.dns_management_port}/{what}"
        request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=5):
            pass

    def _answers(self) -> bool:
        if any(process.poll() is not None for process in self._processes):
            raise RuntimeError(self.log())
        return b"newOrder" in self._get(f"https://127.0.0.1:{self.port}/dir")

    def _get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=5, context=ssl.create_default_context(cafile=self.trusted)) as answer:
            return bytes(answer.read())

    def _run(self, *command: str, **environment: str) -> None:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [*self.prefix, *command], stdout=log, stderr=log, cwd=self.folder, env={**os.environ, **environment}
                )
            )

    def _make_certificate(self) -> None:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=localhost"),
                *("-addext", f"subjectAltName=DNS:localhost,IP:127.0.0.1,IP:{self.host}"),
                *("-keyout", str(self.folder / "directory.key"), "-out", str(self.trusted)),
            ],
            check=True,
            capture_output=True,
        )
