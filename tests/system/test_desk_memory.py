"""The desk's memory: what a check of a password takes for a moment is given back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from tests.equipment import mariadb
from tests.equipment.desk_server import FIRST_PASSWORD, DeskServer, request
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import wait_until

from sereno.serve.allocator import ALLOCATOR

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
]

HASH_MB = 19
"""What argon2 takes for one password."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[DeskServer]:
    database = MariaDb().create()
    server = DeskServer(tmp_path / "desk", database, extra={**ALLOCATOR, "SERENO_WEB_WORKERS": "1"})
    try:
        yield server.start()
    finally:
        server.close()
        database.close()


def sign_in(desk: DeskServer) -> bool:
    """Sign in; False when it is too early, or the lock-out asks to wait: it counts attempts under way like failures."""
    body = f'{{"name": "admin", "password": "{FIRST_PASSWORD}"}}'.encode()
    headers = {"Content-Type": "application/json", "X-Forwarded-Proto": "https"}
    answer = request("POST", f"{desk.url}/api/v1/session", body=body, headers=headers, timeout=60)
    # 401: the schema is there, the first administrator is not yet.
    assert answer.status in (201, 401, 429), answer
    return answer.status == 201


def serving_process(desk: DeskServer) -> int:
    """The one process that answers; the one that boots the database beside it has ended."""

    def only_one() -> int | None:
        children = psutil.Process(desk.processes["webapp"].pid).children()
        return children[0].pid if len(children) == 1 else None

    return int(wait_until("only the process that serves is left", only_one))


def own_mb(pid: int) -> float:
    """The memory of a process that no file stands behind."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous:\s+(\d+)", rollup, re.MULTILINE)[1]) / 1024  # type: ignore[index]


def test_signing_in_on_several_threads_keeps_no_passwords_memory(desk: DeskServer) -> None:
    pid = serving_process(desk)
    before = own_mb(pid)
    wait_until("the first administrator is there", lambda: sign_in(desk))
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: wait_until("signed in", lambda: sign_in(desk)), range(24)))
    assert own_mb(pid) - before < HASH_MB
