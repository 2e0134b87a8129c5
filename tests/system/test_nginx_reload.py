"""A reload takes over the new configuration and certificate without a pause or a lost request."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.nginx import SCRIPT, Asked, Echo, Given, Nginx, answer_of, is_missing, served_certificate

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]

LOAD_SECONDS = 4.0
READERS = 6


@pytest.fixture
def desk() -> Iterator[Echo]:
    def behaviour(asked: Asked) -> Given | None:
        if asked.path.startswith("/slow"):
            time.sleep(1.5)
        return None

    server = Echo(behaviour)
    yield server
    server.close()


@pytest.fixture
def nginx(desk: Echo) -> Iterator[Nginx]:
    server = Nginx(ports={"webapp": desk.port}).start()
    yield server
    server.close()


def test_no_request_is_lost_while_the_configuration_is_taken_over(nginx: Nginx) -> None:
    stop = threading.Event()

    def read(number: int) -> tuple[int, list[str]]:
        """Ask for a page again and again, each time on a connection of its own."""
        answered, troubles = 0, []
        while not stop.is_set():
            try:
                answer = nginx.ask("POST", f"/echo/{number}", b"x" * 1000)
                assert answer.status == 200, answer.status
                answered += 1
            except Exception as error:
                troubles.append(repr(error))
        return answered, troubles

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, number) for number in range(READERS)]
        deadline = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < deadline:
            before = nginx.workers()
            nginx.reload()
            wait_until("new processes serve", lambda old=before: nginx.workers() - old, 10)
            stop.wait(0.3)
        stop.set()
        results = [reader.result(30) for reader in readers]
    assert [trouble for _, troubles in results for trouble in troubles] == []
    assert all(answered > 0 for answered, _ in results)


def test_what_has_begun_is_finished_by_the_old_processes(nginx: Nginx) -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(nginx.get, "/slow")
        wait_until("the desk is at it", lambda: nginx.get("/echo").status == 200)
        before = nginx.workers()
        nginx.reload()
        wait_until("new processes serve", lambda: nginx.workers() - before, 10)
        assert slow.result(10).status == 200


def test_a_kept_connection_is_told_to_close_rather_than_cut_off(nginx: Nginx) -> None:
    with ThreadPoolExecutor(1) as pool:
        connection = nginx.connection()
        connection.request("GET", "/echo")
        assert answer_of(connection.getresponse()).headers["Connection"] == "keep-alive"

        def ask_slowly() -> str:
            connection.request("GET", "/slow")
            return answer_of(connection.getresponse()).headers["Connection"]

        slow = pool.submit(ask_slowly)
        time.sleep(0.3)  # The request must be under way; it takes five times as long.
        nginx.reload()
        assert slow.result(10) == "close"
        connection.close()


def test_a_new_certificate_is_served_after_a_reload(nginx: Nginx) -> None:
    before = served_certificate(nginx)
    subprocess.run(
        ["bash", str(SCRIPT), "--force", "--into", str(nginx.folder / "tls/served")], check=True, capture_output=True
    )
    nginx.render()
    assert served_certificate(nginx) == before
    nginx.reload()
    wait_until("the new certificate is served", lambda: served_certificate(nginx) != before, 10)


def test_a_broken_configuration_is_refused_and_the_old_one_goes_on(nginx: Nginx) -> None:
    whole = nginx.configuration.read_text()
    nginx.configuration.write_text(whole.replace("http {", "http {\n    nonsense on;", 1))
    assert 'unknown directive "nonsense"' in nginx.check()
    before = nginx.workers()
    nginx.reload()
    wait_until("it is told", lambda: "nonsense" in nginx.log(), 10)
    assert nginx.get("/echo").status == 200
    assert nginx.workers() == before


def test_it_ends_when_it_is_asked_to_and_finishes_what_it_has_begun(nginx: Nginx) -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(nginx.get, "/slow")
        time.sleep(0.3)  # As above.
        assert nginx.process is not None
        nginx.process.send_signal(signal.SIGQUIT)
        assert slow.result(10).status == 200
        assert nginx.process.wait(10) == 0
