"""Gunicorn's configuration and the application: `gunicorn -c python:sereno.web.server sereno.web.server:app`.

Environment, beside what `sereno.wiring` reads:

SERENO_BIND               host:port to listen on (127.0.0.1:5000)
SERENO_WEB_WORKERS        processes (1 in the profile small, else 2: each further one takes some 35 MB)
SERENO_WEB_THREADS        threads in each (8)
PROMETHEUS_MULTIPROC_DIR  folder for the processes' metrics, in memory; emptied at start (a temporary one)

The application is built once, before Gunicorn forks, so that the processes share its memory; the database is first
connected afterwards, in each process by itself.
"""

from __future__ import annotations

import gc
import os
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sereno.outside.child import start_module
from sereno.outside.logs import logging_settings

if TYPE_CHECKING:
    from flask import Flask

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

bind = os.environ.get("SERENO_BIND", "127.0.0.1:5000")
workers = int(os.environ.get("SERENO_WEB_WORKERS") or (1 if os.environ.get("SERENO_PROFILE") == "small" else 2))
threads = int(os.environ.get("SERENO_WEB_THREADS", "8"))
worker_class = "sereno.web.gunicorn_worker.DrainingWorker"
preload_app = True
graceful_timeout = 10
timeout = 60
"""A process whose main loop has not moved for a minute is replaced; requests run in threads and do not block it."""
limit_request_line = 8190
"""As much as Nginx lets through, so that it is Nginx that refuses a longer address."""
keepalive = 75
"""Longer than Nginx keeps an idle connection to us (60 s), so that it is Nginx that closes, never in mid-request."""
accesslog = None
"""Nginx writes the access log."""
logconfig_dict = logging_settings("webapp")
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- Gunicorn's heartbeat file.
proc_name = "sereno-webapp"

_boot: list[subprocess.Popen[bytes]] = []


def __getattr__(name: str) -> Flask:
    """`app`, built when Gunicorn asks for it; other processes may read this configuration without building one."""
    if name != "app":
        raise AttributeError(name)
    _empty_metrics_folder()
    # Imported here, since prometheus_client looks for its folder when it is first imported.
    from sereno.web import create_app
    from sereno.wiring import Surroundings

    application = create_app(Surroundings.from_environment(os.environ))
    globals()["app"] = application
    _warm_up(application)
    # What exists now is shared with every process; the collector would copy it just by looking at it.
    gc.collect()
    gc.freeze()
    return application


def when_ready(_server: Any) -> None:
    """Gunicorn listens: migrate in a process beside, so that a dead database delays nobody."""
    _boot.append(start_module("sereno.web.boot"))


def post_fork(_server: Any, _worker: Any) -> None:
    """Forget connections that the parent may have had: two processes must never share one."""
    from sereno.web.desk import Desk

    own: Desk = globals()["app"].extensions["sereno"]
    own.database.engine.dispose(close=False)


def child_exit(_server: Any, worker: Any) -> None:
    """Take a dead process's gauges out of the sum."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """End the process that may still be waiting for the database, and give the memory of the metrics back."""
    for process in _boot:
        process.terminate()
    shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)


def _warm_up(application: Flask) -> None:
    """Compile every template and load both languages now: once and shared, instead of later in each process."""
    from sereno.core.text import LANGUAGES
    from sereno.web.errors import error_page

    for name in application.jinja_env.list_templates():
        application.jinja_env.get_template(name)
    for language in LANGUAGES:
        with application.test_request_context("/", headers={"Accept-Language": language}):
            error_page(503)


def _empty_metrics_folder() -> None:
    """Numbers of an earlier run would be added to this one's."""
    folder = _own_folder(os.environ.get(METRICS_FOLDER, ""))
    os.environ[METRICS_FOLDER] = str(folder)
    for file in folder.glob("*.db"):
        file.unlink()


def _own_folder(wanted: str) -> Path:
    """The folder `wanted`, made if need be; another one where that is not wholly ours, as /dev/shm is open to all."""
    folder = Path(wanted)
    with suppress(OSError):
        if wanted:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022:
                return folder
    return Path(tempfile.mkdtemp(prefix="sereno-metrics-"))
