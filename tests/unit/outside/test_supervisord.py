"""Supervisor's logs on a full disk: lines are lost, Supervisor is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOGS_WITHOUT_ROOM = """
import resource, sys
from supervisor.loggers import RotatingFileHandler, getLogger
from sereno.outside.supervisord import outlive_full_disks

outlive_full_disks()
logger = getLogger()
handler = RotatingFileHandler(sys.argv[1], "ab", 4000, 1)
handler.setFormat("%(message)s")
logger.addHandler(handler)
logger.info("before\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (7, resource.RLIM_INFINITY))
for number in range(5000):
    logger.info("without room\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
logger.info("with room again\\n")
logger.close()
"""


def test_lines_without_room_are_lost_and_the_log_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    done = subprocess.run(
        [sys.executable, "-c", LOGS_WITHOUT_ROOM, str(log)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = log.read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "with room again"
    assert len(lines) < 5000
