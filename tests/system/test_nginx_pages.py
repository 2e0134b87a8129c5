"""What readers see: the shared copy of the status page, the last good one, static files, pages for errors, limits."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.nginx import Asked, Echo, Given, Nginx, answer_of, is_missing

from sereno.web.status import CACHED_FOR_A_SECOND

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]


@dataclass
class Desk:
    """A stand-in that numbers its pages, and fails or hangs when it is told to."""

    count: int = 0
    status: int = 200
    hang: threading.Event = field(default_factory=threading.Event)
    set_cookie: str = ""

    def __post_init__(self) -> None:
        self.hang.set()

    def __call__(self, asked: Asked) -> Given | None:
        if asked.path.partition("?")[0] not in ("/", "/status.json"):
            return None
        self.hang.wait(20)
        self.count += 1
        said = {"number": self.count, "headers": asked.headers, "path": asked.path}
        shared = "sereno_session=" not in asked.headers.get("cookie", "")
        return Given(
            status=self.status,
            body=json.dumps(said).encode(),
            headers={
                "Content-Type": "text/html; charset=utf-8",
                "Cache-Control": CACHED_FOR_A_SECOND if shared else "no-store",
                "Vary": "Cookie",
                **({"Set-Cookie": self.set_cookie} if self.set_cookie else {}),
            },
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def echo(desk: Desk) -> Iterator[Echo]:
    server = Echo(desk)
    yield server
    desk.hang.set()
    server.close()


@pytest.fixture
def nginx(echo: Echo) -> Iterator[Nginx]:
    server = Nginx(ports={"webapp": echo.port}).start()
    yield server
    server.close()


def last_good(nginx: Nginx) -> None:
    nginx.write("status/en.html", "<p>as of 12:00 UTC; the desk does not answer")
    nginx.write("status/es.html", "<p>a las 12:00 UTC; la mesa no responde")


def test_strangers_share_a_copy_for_a_second(nginx: Nginx, desk: Desk) -> None:
    began = time.monotonic()
    numbers = {nginx.get("/").json["number"] for _ in range(5)}
    if time.monotonic() - began < 0.9:
        assert numbers == {1}
    wait_until("a new page is asked for", lambda: nginx.get("/").json["number"] > 1, 5)


def test_a_browser_asks_each_time(nginx: Nginx) -> None:
    for _ in range(2):
        assert nginx.get("/").headers["Cache-Control"] == "no-cache"


def test_each_language_has_a_copy_of_its_own(nginx: Nginx) -> None:
    cases = {
        "": "en",
        "es": "es",
        "es-CO,es;q=0.9,en;q=0.8": "es",
        "en-US,en;q=0.9,es;q=0.5": "en",
        "fr,es;q=0.5": "es",
        "de": "en",
    }
    for wish, language in cases.items():
        page = nginx.get("/", **({"Accept_Language": wish} if wish else {})).json
        assert page["headers"]["accept-language"] == language, wish
    assert nginx.get("/", Cookie="lang=es", Accept_Language="en").json["headers"]["accept-language"] == "es"
    assert nginx.get("/?lang=en", Cookie="lang=es").json["headers"]["accept-language"] == "en"
    assert nginx.get("/?lang=xx", Cookie="lang=es").json["headers"]["accept-language"] == "es"


def test_nothing_of_a_stranger_gets_into_the_copy(nginx: Nginx) -> None:
    page = nginx.get("/", Cookie="theme=dark; lang=es; sereno_form=abc", X_Live="1")
    assert "cookie" not in page.json["headers"]


@pytest.mark.parametrize("session", ["abc", "0", " 0", '"x"', "a; lang=es"])
def test_the_page_of_who_is_signed_in_is_never_kept_nor_are_they_given_a_kept_one(
    nginx: Nginx, desk: Desk, session: str
) -> None:
    stranger = nginx.get("/").json["number"]
    own = nginx.get("/", Cookie=f"lang=en; sereno_session={session}")
    assert own.json["number"] > stranger
    assert f"sereno_session={session}" in own.json["headers"]["cookie"]
    assert own.headers["Cache-Control"] == "no-store"
    assert nginx.get("/").json["number"] in (stranger, own.json["number"] + 1)
    wait_until("strangers get a new page", lambda: nginx.get("/").json["number"] > own.json["number"], 5)
    assert "cookie" not in nginx.get("/").json["headers"]


def test_a_token_makes_a_page_ones_own_as_a_session_does(nginx: Nginx) -> None:
    stranger = nginx.get("/").json["number"]
    assert nginx.get("/", Authorization="Bearer abc").json["number"] > stranger


def test_a_choice_of_language_is_not_kept_for_others(nginx: Nginx, desk: Desk) -> None:
    desk.set_cookie = "lang=es; Path=/"
    chosen = nginx.get("/?lang=es")
    assert chosen.headers["Set-Cookie"] == "lang=es; Path=/"
    desk.set_cookie = ""
    assert "Set-Cookie" not in nginx.get("/").headers


def test_an_answer_that_sets_a_cookie_is_kept_for_nobody(nginx: Nginx, desk: Desk) -> None:
    desk.set_cookie = "sereno_form=abc; Path=/"
    assert [nginx.get("/").json["number"] for _ in range(3)] == [1, 2, 3]


def test_many_who_come_at_once_are_one_question_to_the_desk(nginx: Nginx, desk: Desk) -> None:
    with ThreadPoolExecutor(20) as pool:
        numbers = list(pool.map(lambda _: nginx.get("/").json["number"], range(60)))
    assert len(numbers) == 60
    assert desk.count <= 10, "one for each second at most, and a few that came before there was a copy"


def test_the_same_state_for_programs_is_shared_as_well(nginx: Nginx, desk: Desk) -> None:
    assert nginx.get("/status.json").json["number"] == nginx.get("/status.json").json["number"] == 1
    assert nginx.get("/status.json").json["path"] == "/status.json"


@pytest.mark.parametrize("trouble", [500, 502, 503, 504])
def test_while_the_desk_is_in_trouble_everyone_gets_the_last_good_page(nginx: Nginx, desk: Desk, trouble: int) -> None:
    last_good(nginx)
    desk.status = trouble
    page = nginx.get("/")
    assert (page.status, page.text) == (200, "<p>as of 12:00 UTC; the desk does not answer")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "la mesa" in nginx.get("/", Accept_Language="es").text
    assert "la mesa" in nginx.get("/?lang=es").text
    assert "does not answer" in nginx.get("/", Cookie="sereno_session=abc").text


def test_when_the_desk_is_gone_the_last_good_page_comes_after_its_copy_has_aged(nginx: Nginx, echo: Echo) -> None:
    last_good(nginx)
    assert nginx.get("/").json["number"] == 1
    echo.close()
    wait_until("the last good page", lambda: "does not answer" in nginx.get("/").text, 6)
    assert nginx.get("/status.json").status == 503
    assert nginx.get("/status.json").json["title"] == "Service Unavailable"


def test_a_desk_that_hangs_does_not_hide_behind_an_old_copy(nginx: Nginx, desk: Desk) -> None:
    last_good(nginx)
    nginx.get("/")
    desk.hang.clear()

    def until_it_is_told() -> list[float]:
        """How long each answer took, up to the first that says that the desk does not answer."""
        seconds = []
        while True:
            began = time.monotonic()
            page = nginx.get("/").text
            seconds.append(time.monotonic() - began)
            if "does not answer" in page:
                return seconds
            time.sleep(0.1)

    with ThreadPoolExecutor(3) as pool:
        for seconds in pool.map(lambda _: until_it_is_told(), range(3)):
            assert max(seconds[:-1], default=0) < 4, "an old copy was given after a wait"
            assert seconds[-1] < 9


def test_without_a_copy_the_page_says_that_the_desk_does_not_answer(nginx: Nginx, desk: Desk) -> None:
    desk.status = 503
    plain = nginx.get("/", Accept_Language="es")
    assert plain.status == 503
    assert "Vuelve a cargar" in plain.text
    nginx.write("errors/503.es.html", "<h1>La mesa no responde")
    page = nginx.get("/", Accept_Language="es")
    assert (page.status, page.text) == (503, "<h1>La mesa no responde")


def test_errors_of_nginx_own_are_told_in_the_readers_language(nginx: Nginx, echo: Echo) -> None:
    for status in (403, 404, 413, 429, 503):
        nginx.write(f"errors/{status}.en.html", f"<h1>{status} in English")
        nginx.write(f"errors/{status}.es.html", f"<h1>{status} en español")
    assert nginx.get("/metrics").text == "<h1>403 in English"
    spanish = nginx.get("/metrics", Cookie="lang=es")
    assert (spanish.status, spanish.text) == (403, "<h1>403 en español")
    assert nginx.get("/_gate/grafana", Accept_Language="es").text == "<h1>404 en español"
    assert nginx.ask("POST", "/login", b"x" * 1_100_000, Accept_Language="es").text == "<h1>413 en español"
    assert nginx.get("/errors/403.en.html").status == 404
    echo.close()
    gone = nginx.get("/alerts", Accept_Language="es-MX")
    assert (gone.status, gone.text) == (503, "<h1>503 en español")
    assert gone.headers["Retry-After"] == "10"
    assert gone.headers["Cache-Control"] == "no-store"


def test_the_api_is_told_of_trouble_as_a_problem(nginx: Nginx, echo: Echo) -> None:
    echo.close()
    for path in ("/api/v1/users", "/api/v1/session", "/api/v1/alertmanager"):
        answer = nginx.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert answer.json["request_id"] == answer.headers["X-Request-ID"]
        assert answer.headers["Retry-After"] == "10"


def test_static_files_are_served_without_the_desk_and_kept_for_ever(nginx: Nginx, echo: Echo) -> None:
    nginx.write("static/sereno.1b2c3d4e5f.css", "body { color: navy }")
    echo.close()
    answer = nginx.get("/static/sereno.1b2c3d4e5f.css")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    kept = nginx.get("/static/sereno.1b2c3d4e5f.css", If_None_Match=answer.headers["ETag"])
    assert kept.status == 304
    assert "immutable" not in nginx.get("/static/gone.css").headers["Cache-Control"]


def test_a_static_file_that_nginx_has_not_is_asked_of_the_desk(nginx: Nginx) -> None:
    assert nginx.get("/static/new.css").json["path"] == "/static/new.css"


def test_folders_are_not_listed_nor_left(nginx: Nginx) -> None:
    (nginx.folder / "secrets/plain").write_text("secret")
    for path in ("/static/", "/static/../secrets/plain", "/static/..%2f..%2fsecrets/plain", "/static../secrets/plain"):
        assert "secret" not in nginx.get(path).text.replace("secrets", "")


def test_guessing_at_the_door_is_slowed_but_looking_is_free(nginx: Nginx) -> None:
    assert {nginx.get("/login").status for _ in range(30)} == {200}
    connection = nginx.connection()
    tried = [status_of(connection, "POST", "/login") for _ in range(40)]
    assert tried[:21] == [200] * 21
    assert 429 in tried[21:]
    # A place comes free each second; alone, this door would have let all ten in.
    others = [status_of(connection, "POST", "/api/v1/session") for _ in range(10)]
    assert 429 in others, "both doors count together"
    connection.close()


def test_who_comes_too_often_is_told_when_to_come_again(nginx: Nginx) -> None:
    connection = nginx.connection()
    try:
        for _ in range(60):
            connection.request("POST", "/api/v1/session")
            refused = answer_of(connection.getresponse())
            if refused.status == 429:
                break
        assert refused.json["title"] == "Too Many Requests"
        assert refused.headers["Retry-After"] == "2"
    finally:
        connection.close()
    assert nginx.get("/login").status == 200


def test_the_api_is_limited_per_client_and_deliveries_are_not(nginx: Nginx) -> None:
    def ask(method: str, path: str) -> list[int]:
        connection = nginx.connection()
        try:
            return [status_of(connection, method, path) for _ in range(120)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        statuses = [status for each in pool.map(lambda _: ask("GET", "/api/v1/users"), range(4)) for status in each]
        deliveries = {
            status for each in pool.map(lambda _: ask("POST", "/api/v1/alertmanager"), range(4)) for status in each
        }
    assert statuses.count(200) >= 101
    assert 429 in statuses
    assert deliveries == {200}


def status_of(connection: http.client.HTTPSConnection, method: str, path: str) -> int:
    connection.request(method, path)
    response = connection.getresponse()
    response.read()
    return response.status
