from __future__ import annotations

from typing import Any

from sereno.serve.catalogue import BY_NAME
from sereno.serve.native.takeover import take_over

NGINX = BY_NAME["nginx"]


class Program:
    """Stands where processes and Supervisor do: one program with two processes below it."""

    def __init__(self, *, obeys: bool) -> None:
        self.family = [100, 101, 102]
        self.obeys = obeys
        self.signals: list[tuple[str, str]] = []

    def info(self) -> dict[str, dict[str, Any]]:
        return {"nginx": {"pid": 100}}

    def signal(self, name: str, signal: str) -> None:
        self.signals.append((name, signal))
        if self.obeys:
            self.family = [100, 103, 104]

    def descendants(self, pid: int) -> list[int]:
        assert pid == 100
        return self.family


def test_new_processes_show_that_it_has_taken_over() -> None:
    program = Program(obeys=True)
    assert take_over(NGINX, program, program)  # type: ignore[arg-type]
    assert program.signals == [("nginx", "HUP")]


def test_without_any_it_has_refused_in_silence() -> None:
    program = Program(obeys=False)
    assert not take_over(NGINX, program, program, seconds=0.2)  # type: ignore[arg-type]
