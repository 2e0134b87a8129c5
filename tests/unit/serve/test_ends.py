from datetime import datetime
from pathlib import Path

from sereno.serve.native.ends import last_ends, read_last_ends

LOG = """\
2026-11-24 15:30:40,002 INFO success: nginx entered RUNNING state, process has stayed up for > than 5 seconds
2026-11-24 15:31:00,100 WARN exited: webapp (terminated by SIGKILL; not expected)
2026-11-24 15:32:00,200 INFO exited: nginx (exit status 0; expected)
2026-11-24 15:33:00,300 WARN exited: mysql (exit status 1; not expected)
2026-11-24 15:34:00,400 WARN exited: mysql (terminated by SIGSEGV (core dumped); not expected)
2026-11-24 15:35:00,500 INFO stopped: prometheus (exit status 0)
2026-13-45 99:35:00,500 WARN exited: worker (exit status 1; not expected)
"""


def test_the_last_unexpected_end_of_each_is_told_in_this_machines_time() -> None:
    ends = last_ends(LOG)
    assert {name: end.how for name, end in ends.items()} == {
        "webapp": "terminated by SIGKILL",
        "mysql": "terminated by SIGSEGV (core dumped)",
    }
    assert ends["webapp"].at == datetime(2026, 11, 24, 15, 31).astimezone()


def test_without_a_log_nothing_has_ended(tmp_path: Path) -> None:
    assert read_last_ends(tmp_path / "absent.log") == {}
