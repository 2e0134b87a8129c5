"""Services that nobody here has written, as their users run them: from PyPI, from npm, and a folder of files.

They are installed once, into the user's cache, and again when what is wanted of them changes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.equipment.monitoring import free_port, wait_until

HERE = Path(__file__).parent
WANTED = ("requirements.txt", "package.json")


def is_missing() -> bool:
    """Whether this machine has no npm."""
    return shutil.which("npm") is None


def installed() -> Path:
    """The folder with `python/bin/gunicorn` and `node_modules/.bin/…`."""
    mark = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in WANTED)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sereno-tests"
    folder = cache / f"foreign-{mark}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _run(sys.executable, "-m", "venv", str(folder / "python"))
        # All but one come as wheels, complete with what they need: nothing is chosen or compiled here.
        _run(str(folder / "python/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--only-binary", ":all:", "--no-binary", "flasgger", "-r", str(HERE / "requirements.txt"))  # fmt: skip
        shutil.copy(HERE / "package.json", folder)
        _run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder))
        (folder / "done").touch()
    return folder


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}\n{done.stderr}"


@dataclass
class Foreign:
    """One service as a process of this machine. `argv` may hold `{port}`."""

    argv: Sequence[str]
    folder: Path
    host: str = "127.0.0.1"
    prefix: Sequence[str] = ()
    """Before the command, where it is to run elsewhere (in another network)."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> Foreign:
        """Run it, and wait until it listens."""
        argv = [word.format(port=self.port, host=self.host) for word in self.argv]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *argv], cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        if wait:
            wait_until(f"{argv[0]} listens", self._listens, 30)
        return self

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def _listens(self) -> bool:
        with socket.create_connection((self.host, self.port), 1):
            return True


def httpbin(folder: Path, **more: object) -> Foreign:
    """Python: answers what it was asked, late, in drops, or with any status."""
    gunicorn = str(installed() / "python/bin/gunicorn")
    return _made(
        folder, [gunicorn, "--bind", "{host}:{port}", "--threads", "8", "--no-control-socket", "httpbin:app"], more
    )


def peer_server(folder: Path, **more: object) -> Foreign:
    """Node: greets whoever opens a WebSocket, which then stays open."""
    peerjs = str(installed() / "node_modules/.bin/peerjs")
    return _made(folder, [peerjs, "--host", "{host}", "--port", "{port}", "--path", "/"], more)


def json_server(folder: Path, **more: object) -> Foreign:
    """Node: keeps things in a file of JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "things.json").write_text('{"things": [{"id": 1, "name": "lamp"}]}')
    program = str(installed() / "node_modules/.bin/json-server")
    return _made(folder, [program, "--host", "{host}", "--port", "{port}", "things.json"], more)


def files(folder: Path, **more: object) -> Foreign:
    """A static site: Python's own server for a folder."""
    site = folder / "site"
    site.mkdir(parents=True, exist_ok=True)
    (site / "index.html").write_text("<!doctype html><title>Bakery</title><h1>Fresh bread</h1>\n")
    argv = [sys.executable, "-m", "http.server", "{port}", "--bind", "{host}", "--directory", str(site)]
    return _made(folder, argv, more)


def _made(folder: Path, argv: Sequence[str], more: dict[str, object]) -> Foreign:
    folder.mkdir(parents=True, exist_ok=True)
    return Foreign(argv, folder, **more)  # type: ignore[arg-type]
