"""The tests' parts: each test is in one, a failure of one is the whole's, and all have their say."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression
from tests.equipment.side_by_side import PARTS, run

ROOT = Path(__file__).parents[3]
MARKERS = ("compose", "machine", "whole", "system", "browser", "vm")


@pytest.mark.parametrize("held", [each for n in range(3) for each in itertools.combinations(MARKERS, n)])
def test_every_test_but_the_virtual_machines_is_in_exactly_one_part(held: tuple[str, ...]) -> None:
    parts = [name for name, markers in PARTS.items() if Expression.compile(markers).evaluate(lambda m, **_: m in held)]
    assert len(parts) == (0 if "vm" in held else 1)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_all_have_their_say_and_one_failure_is_the_wholes() -> None:
    said: list[str] = []
    commands = {"good": python("print('= 3 passed =')"), "bad": python("print('= 1 failed ='); raise SystemExit(1)")}
    assert run(commands, said.append) == 1
    text = "\n".join(said)
    assert "good, ended with 0" in text and "bad, ended with 1" in text
    good, bad = said[-1].split("\n")[-2:]
    assert good.startswith("good, ") and good.endswith("s: 3 passed")
    assert bad.startswith("bad, ") and bad.endswith("s: 1 failed")


def test_when_all_are_well_it_is() -> None:
    assert run({"one": python("pass"), "two": python("pass")}, lambda _: None) == 0


def test_ended_from_outside_it_has_each_part_clean_up(tmp_path: Path) -> None:
    part = f"""
import pathlib, time
print("3 passed so far", flush=True)
folder = pathlib.Path({str(tmp_path)!r})
try:
    (folder / "begun").touch()
    time.sleep(60)
finally:
    (folder / "cleaned").touch()
"""
    script = (
        "import signal, sys; from tests.equipment import side_by_side as s\n"
        "s.command = lambda name, markers, colour: [sys.executable, '-c', PART]\n"
        f"s.PARTS = {{'one': ''}}; PART = {part!r}\n"
        "s.main()\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    told, _ = running.communicate(timeout=30)
    assert running.returncode != 0
    assert "one, interrupted" in told and "3 passed so far" in told
    assert (tmp_path / "cleaned").exists()
