from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from sereno.core.errors import SerenoError
from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.native import pulse
from sereno.serve.native.death_book import DeathBook
from sereno.serve.native.home import Home
from sereno.serve.native.pulse import Pulse
from sereno.serve.place import Place
from sereno.settings import Settings

PLACE = Place(
    platform="native",
    profile="small",
    settings=Settings(),
    home=PurePosixPath("/home"),
    hosts=dict.fromkeys(default_ports(), "127.0.0.1"),
    ports=default_ports(),
)


class Answers:
    """Health as the test has it."""

    def __init__(self, wrong: str | None = None, ready: tuple[int, str] = (200, "{}")) -> None:
        self.wrong = wrong
        self.ready = ready

    def http(self, url: str) -> str | None:
        return self.wrong

    def read(self, url: str) -> tuple[int, str]:
        assert url.endswith("/readyz")
        return self.ready


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(pulse, "HEALTH_SECONDS", 0)
    monkeypatch.setattr(pulse, "READY_SECONDS", 0)
    (tmp_path / "log").mkdir()
    (tmp_path / "log/prometheus.log").write_text("opening storage failed\n")
    return Home(tmp_path)


def asker(home: Home, health: Any) -> Pulse:
    return Pulse(home, "", processes=None, health=health, deaths=DeathBook(home, ""))  # type: ignore[arg-type]


def test_what_dies_again_and_again_is_not_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "HEALTH_SECONDS", 3600)
    book = DeathBook(home, "")
    file = home / "log/deaths.jsonl"
    file.write_text('{"at": 1, "component": "prometheus", "event": "exited"}\n')
    book.write_asked("prometheus")
    with file.open("a") as stream:
        stream.write('{"at": 2, "component": "prometheus", "event": "backoff"}\n' * 3 + "half a li")
    with pytest.raises(SerenoError, match="prometheus has ended 3 times") as failure:
        asker(home, Answers("no answer")).wait_until_healthy(BY_NAME["prometheus"], PLACE)
    assert failure.value.log_tail == "opening storage failed"
    assert "./sereno logs prometheus" in failure.value.next_step


def test_what_is_slow_is_told_with_the_reason(home: Home) -> None:
    with pytest.raises(SerenoError, match="prometheus is not healthy after 0 s: no answer"):
        asker(home, Answers("no answer")).wait_until_healthy(BY_NAME["prometheus"], PLACE)


def test_a_refusal_is_told_in_its_own_words_at_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "READY_SECONDS", 3600)
    said = '{"status": "refused", "detail": "the database has schema 0009, newer than this program\'s 0002"}'
    with pytest.raises(SerenoError, match=r"webapp is not ready: .* 0009, newer than this program's 0002") as failure:
        asker(home, Answers(ready=(503, said))).wait_until_ready(BY_NAME["webapp"], PLACE)
    assert "newer version of Sereno" in failure.value.next_step


def test_waiting_for_the_database_has_an_end(home: Home) -> None:
    said = '{"status": "waiting", "detail": "the database does not answer"}'
    with pytest.raises(SerenoError, match="webapp is not ready after 0 s: the database does not answer"):
        asker(home, Answers(ready=(503, said))).wait_until_ready(BY_NAME["webapp"], PLACE)


def test_ready_is_what_answers_200_or_does_not_tell(home: Home) -> None:
    asker(home, Answers()).wait_until_ready(BY_NAME["webapp"], PLACE)
    asker(home, Answers(ready=(503, ""))).wait_until_ready(BY_NAME["prometheus"], PLACE)
