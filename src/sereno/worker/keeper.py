"""Makes one backup and has it proven: `python -m sereno.worker.keeper [log|words|json]`; it ends then.

The worker starts it each night, `./sereno backup now` on demand. It gives way to everything else on the machine. The
outcome lies in the folder of backups; the exit code is 1 when something failed.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from sereno.core.errors import SerenoError
from sereno.wiring import Surroundings
from sereno.wiring.keep import open_keeper
from sereno.worker.prover import Teller, begin


def main(arguments: list[str]) -> int:
    """Make, then become the prover; the exit code when it does not come to that."""
    how = arguments[0] if arguments else "log"
    teller = Teller(how)
    begin()
    try:
        keeper = open_keeper(Surroundings.from_environment(os.environ))
        made = keeper.make(teller.step)
    except SerenoError as error:
        teller.fail(error)
        return 1
    os.environ["SERENO_BACKUPS"] = str(keeper.folder)
    return _become_prover(made.name, how)


def _become_prover(name: str, how: str) -> NoReturn:
    """In this process's place, and without what it has loaded: the throwaway server needs the memory."""
    os.execv(sys.executable, [sys.executable, "-m", "sereno.worker.prover", name, how])  # noqa: S606


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
