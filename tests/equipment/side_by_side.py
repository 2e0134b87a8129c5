"""Runs the tests in parts at the same time, since most of them wait most of the time.

    python -m tests.equipment.side_by_side

1. Each part is a pytest of its own, with its own servers, folders and ports; every test is in exactly one part.
2. While they run, a line each minute says how far they are; what a part prints comes whole when it has ended.
3. It ends with 0 when each part has, else with 1, after all have ended; interrupted, it has each part clean up and
   tell what it has.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PARTS = {
    "compose": "compose and not vm",
    "machine": "machine and not (compose or vm)",
    "whole": "whole and not (compose or machine or vm)",
    "rest": "not (compose or machine or whole or vm)",
}
"""Part → the markers of its tests."""

TOLD_EVERY_SECONDS = 60
Say = Callable[[str], None]


@dataclass
class Part:
    """One pytest under way, or ended after `seconds`."""

    name: str
    process: subprocess.Popen[bytes]
    printed: Path
    seconds: float = 0

    @property
    def text(self) -> str:
        return self.printed.read_text(errors="replace")

    def how_far(self) -> str:
        """The last percentage that pytest has told."""
        told = re.findall(r"\[ *(\d+%)\]", self.text)
        return f"{self.name} {told[-1] if told else 'begun'}"

    def result(self) -> str:
        """Pytest's last line, without its frame."""
        lines = self.text.strip().splitlines()
        return f"{self.name}, {self.seconds:.0f} s: {lines[-1].strip('= ') if lines else 'nothing printed'}"


def command(name: str, markers: str, *, colour: bool) -> list[str]:
    """Pytest for one part. What failed last is remembered for each part by itself."""
    own = ["-o", f"cache_dir=.pytest_cache/{name}", f"--color={'yes' if colour else 'no'}"]
    return [sys.executable, "-m", "pytest", "-m", markers, *own]


def run(commands: Mapping[str, Sequence[str]], say: Say) -> int:
    """Run all of them and tell of each; 0 when every one has ended with 0, else 1."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sereno-tests-")))
        parts = [
            _start(name, words, stack.enter_context((folder / name).open("wb"))) for name, words in commands.items()
        ]
        try:
            _wait(parts, began, say)
        except BaseException:
            # Pytest takes an interrupt as the word to tear down what its tests have started.
            left = [part for part in parts if part.process.poll() is None]
            for part in left:
                part.process.send_signal(signal.SIGINT)
            for part in left:
                part.process.wait()
                say(f"\n===== {part.name}, interrupted =====\n{part.text}")
            raise
        say("\n" + "\n".join(part.result() for part in parts))
        return 1 if any(part.process.returncode for part in parts) else 0


def _start(name: str, words: Sequence[str], output: IO[bytes]) -> Part:
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    return Part(name, process, Path(output.name))


def _wait(parts: Sequence[Part], began: float, say: Say) -> None:
    under_way = list(parts)
    told_at = began
    while under_way:
        time.sleep(0.2)
        now = time.monotonic()
        for part in [each for each in under_way if each.process.poll() is not None]:
            under_way.remove(part)
            part.seconds = now - began
            ended = f"{part.name}, ended with {part.process.returncode} after {part.seconds:.0f} s"
            say(f"\n===== {ended} =====\n{part.text}")
        if under_way and now - told_at >= TOLD_EVERY_SECONDS:
            told_at = now
            say(f"[{now - began:4.0f} s] " + ", ".join(part.how_far() for part in under_way))


def main() -> int:
    """All parts of this project's tests but the virtual machine's."""
    colour = sys.stdout.isatty()
    # Ended from outside, as by a time limit, it cleans up as after Ctrl-C; also where a shell has had Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    commands = {name: command(name, markers, colour=colour) for name, markers in PARTS.items()}
    print(f"running {', '.join(commands)} side by side; each part's output comes when it has ended", flush=True)
    return run(commands, lambda text: print(text, flush=True))


if __name__ == "__main__":
    sys.exit(main())
