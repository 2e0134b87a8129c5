from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.native.takeover import metric, take_over
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


class Program:
    """Stands where processes, Supervisor and health do: one program that obeys a signal or does not."""

    def __init__(self, *, obeys: bool) -> None:
        self.family = [100, 101, 102]
        self.taken_over = 1.5
        self.obeys = obeys
        self.signals: list[tuple[str, str]] = []

    def info(self) -> dict[str, dict[str, Any]]:
        return {"nginx": {"pid": 100}}

    def signal(self, name: str, signal: str) -> None:
        self.signals.append((name, signal))
        if self.obeys:
            self.family = [100, 103, 104]
            self.taken_over = 2.5

    def descendants(self, pid: int) -> list[int]:
        assert pid == 100
        return self.family

    def read(self, url: str) -> tuple[int, str]:
        assert url == "http://127.0.0.1:9090/metrics"
        return 200, f"up 1\nprometheus_config_last_reload_success_timestamp_seconds {self.taken_over}\n"


def obeys(component: str, program: Program) -> bool:
    neighbours: dict[str, Any] = dict.fromkeys(("processes", "supervisor", "health"), program)
    return take_over(BY_NAME[component], PLACE, seconds=0.2, **neighbours)


def test_new_processes_show_that_nginx_has_taken_over() -> None:
    program = Program(obeys=True)
    assert obeys("nginx", program)
    assert program.signals == [("nginx", "HUP")]


def test_a_metric_shows_that_prometheus_has_taken_over() -> None:
    program = Program(obeys=True)
    assert obeys("prometheus", program)
    assert program.signals == [("prometheus", "HUP")]


def test_without_any_change_it_has_refused_in_silence() -> None:
    assert not obeys("nginx", Program(obeys=False))
    assert not obeys("prometheus", Program(obeys=False))


def test_a_metric_is_found_by_its_whole_name() -> None:
    text = "# TYPE a gauge\nab 3\na 1.7e+09\n"
    assert metric(text, "a") == "1.7e+09"
    assert metric(text, "b") is None
