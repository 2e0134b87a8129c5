"""A short-lived helper process of our own program, for work whose imports a long-lived one should not carry."""

from __future__ import annotations

import os
import subprocess
import sys


def start_module(module: str) -> subprocess.Popen[bytes]:
    """Run `python -m module` with this process's environment, log and interpreter; it ends when the caller does."""
    return subprocess.Popen(_command(module), stdin=subprocess.DEVNULL)


class Answering:
    """A helper process that is given lines and answers in lines. Both lie in memory: nobody waits for a full pipe, no
    secret comes upon a disk, and what it has answered can still be read when it was killed.
    """

    def __init__(self, module: str, lines: list[str]) -> None:
        given = _memory_file("".join(f"{line}\n" for line in lines))
        self._answers = _memory_file("")
        self._process = subprocess.Popen(_command(module), stdin=given, stdout=self._answers)
        os.close(given)
        self._read = 0

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it may still answer."""
        return self._process.poll() is None

    def ended_well(self) -> bool:
        """Whether it has ended by itself, with 0."""
        return self._process.poll() == 0

    def lines(self) -> list[str]:
        """The whole lines that it has answered since it was last asked."""
        found = os.pread(self._answers, os.fstat(self._answers).st_size - self._read, self._read)
        whole = found[: found.rfind(b"\n") + 1]
        self._read += len(whole)
        return whole.decode().splitlines()

    def __del__(self) -> None:
        os.close(self._answers)


def _command(module: str) -> list[str]:
    return ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", module]


def _memory_file(text: str) -> int:
    descriptor = os.memfd_create("sereno")
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
