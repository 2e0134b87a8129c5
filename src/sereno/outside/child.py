"""A short-lived helper process of our own program, for work whose imports a long-lived one should not carry."""

from __future__ import annotations

import subprocess
import sys


def start_module(module: str) -> subprocess.Popen[bytes]:
    """Run `python -m module` with this process's environment, log and interpreter; it ends when the caller does."""
    command = ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", module]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)
