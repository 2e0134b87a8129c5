"""Why the database does not start, from what it said last. Pure. Nothing here, and nothing else, deletes its data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sereno.serve.findings import Finding, Verdict

RESTORE = "./sereno backup list; then ./sereno backup restore FILE, which keeps the damaged data beside the restored"

_BEGINS = re.compile(r"starting as process|\(mysqld [\d.\-]+\) starting|sereno: making a new")
_LIVES = re.compile(r"ready for connections")


@dataclass(frozen=True, slots=True)
class _Cause:
    """What the log says when this is the matter (MariaDB 10.11 and 11.8, MySQL 8.4 and 9), why, and what to do."""

    said: re.Pattern[str]
    words: str
    fix: str


def _cause(said: str, words: str, fix: str) -> _Cause:
    return _Cause(re.compile(said, re.IGNORECASE), words, fix)


CAUSES = (
    _cause(
        r"no space left|disk is full|errcode: 28|error number 28|os error: 28|\(28\)",
        "the disk is full",
        "make space (df -h; du -xh --max-depth=2 / | sort -h | tail); it starts by itself then",
    ),
    _cause(
        r"address already in use|can't start server: bind on",
        "another program has its port",
        "./sereno doctor names that program; stop it, or set [database] port, then ./sereno up",
    ),
    _cause(
        r"can't lock aria control file|unable to lock \S*ibdata1|another (mysqld|mariadbd)|pid file .* already exists",
        "another database server runs on the same data",
        "pgrep -a 'mariadbd|mysqld' shows it; end it with kill, then ./sereno start mysql",
    ),
    _cause(
        r"this volume holds a database of|(downgrade|upgrade) (from|after a crash|is not supported)|"
        r"unsupported redo log format|invalid flags 0x|created with (mysql|mariadb) [\d.]+|newer version|"
        r"data dictionary version",
        "its data was written by another version or kind of server",
        "install the version that has written it (as it was before the upgrade), or restore a backup into this one: "
        + RESTORE,
    ),
    _cause(
        r"must be (writable|readable)|permission denied|errcode: 13|os error: 13|error number 13|"
        r"can't (create|open|read) .*\(errno: 13",
        "its files belong to another user, or their modes are wrong",
        "./sereno up gives them back to the user that it runs as",
    ),
    _cause(
        r"out of memory|cannot allocate memory|errcode: 12|can't allocate .*buffer pool",
        "the machine has too little memory left for it",
        "free -m; end what is not needed, or add swap: ./sereno doctor says how much",
    ),
    _cause(
        r"corrupt|invalid log header checksum|ib_logfile0 was not found|missing redo|inconsistent tablespace|"
        r"checksum mismatch|#ib_redo\S* .*(not found|missing)|cannot find (the )?(redo|checkpoint)|"
        r"log sequence number .* is in the future",
        "its files are damaged (a broken disk, or a copy taken while it ran)",
        RESTORE,
    ),
    _cause(
        r"table '?mysql\.\S+ doesn't exist|can't open the mysql\.|could not find a valid tablespace file for mysql",
        "its own tables are missing",
        RESTORE,
    ),
)
"""The plainest first: a full disk is followed by words of damage."""


def why_it_does_not_start(lines: Sequence[str]) -> Finding | None:
    """What the last lines of the database's log say about its last start; None when that went well or is not there."""
    last = _last_start(lines)
    errors = [line for line in last if "ERROR" in line.upper() or "FATAL" in line.upper() or "sereno: " in line]
    if not errors:
        return None
    text = "\n".join(errors)
    for cause in CAUSES:
        found = cause.said.search(text)
        if found:
            line = next(each for each in errors if cause.said.search(each))
            return Finding("database", Verdict.WRONG, f"{cause.words}: {_short(line)}", cause.fix)
    return Finding(
        "database",
        Verdict.WRONG,
        f"it said: {_short(errors[0])}",
        f"./sereno logs mysql shows the rest; if the data is damaged: {RESTORE}",
    )


def _last_start(lines: Sequence[str]) -> Sequence[str]:
    """The lines since it was last started; none when it has lived since."""
    begins = max((number for number, line in enumerate(lines) if _BEGINS.search(line)), default=0)
    last = lines[begins:]
    return [] if any(_LIVES.search(line) for line in last) else last


def _short(line: str) -> str:
    """A line of the log without its time and number."""
    return re.sub(r"^.*?\[ERROR\]\s*(\[[\w-]+\]\s*)*", "", line).strip()[:200]
