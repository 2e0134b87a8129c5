"""Why the database does not start; most lines are what MariaDB 10.11 said when it was provoked."""

from __future__ import annotations

import pytest

from sereno.serve.database_findings import RESTORE, why_it_does_not_start

STARTS = "2026-11-24 16:32:52 0 [Note] Starting MariaDB 10.11.19-MariaDB-0+deb12u1 ... starting as process 17445"
CASES = {
    "another program has its port": "[ERROR] Can't start server: Bind on TCP/IP port. Got error: 98",
    "its files belong to another user": "[ERROR] InnoDB: The data file './ibdata1' must be writable",
    "its files are damaged": "[ERROR] InnoDB: Invalid log header checksum",
    "damaged (a broken disk": "[ERROR] InnoDB: File ./ib_logfile0 was not found",
    "damaged (a broken disk, or a copy": "[ERROR] InnoDB: Inconsistent tablespace ID in ./ibdata1",
    "its own tables are missing": "[ERROR] Could not open mysql.plugin table: \"Table 'mysql.plugin' doesn't exist\"",
    "another database server runs": "[ERROR] mariadbd: Can't lock aria control file '/x/aria_log_control'",
    "the disk is full": "[ERROR] mariadbd: Error writing file './ibtmp1' (Errcode: 28 \"No space left on device\")",
    "written by another version or kind": "sereno: this volume holds a database of MySQL, which MariaDB cannot read",
    "written by another version": "[ERROR] InnoDB: Upgrade after a crash is not supported. The redo log "
    "was created with MariaDB 11.8.9.",
    "too little memory": "[ERROR] InnoDB: Cannot allocate memory for the buffer pool",
}


@pytest.mark.parametrize(("words", "line"), CASES.items())
def test_a_log_is_told_in_words_with_what_to_do(words: str, line: str) -> None:
    found = why_it_does_not_start([STARTS, f"2026-11-24 16:32:52 0 {line}", "2026-11-24 16:32:53 0 [ERROR] Aborting"])
    assert found is not None
    assert words in found.words
    assert line.removeprefix("[ERROR] ")[:40] in found.words
    assert found.fix


def test_nothing_that_is_advised_deletes_data() -> None:
    for line in CASES.values():
        found = why_it_does_not_start([STARTS, line])
        assert found is not None
        assert "rm " not in found.fix and "erase" not in found.fix


def test_a_full_disk_is_told_before_the_damage_that_it_looks_like() -> None:
    lines = [
        STARTS,
        "[ERROR] InnoDB: Data structure corruption",
        "[ERROR] InnoDB: Error number 28 means 'No space left'",
    ]
    found = why_it_does_not_start(lines)
    assert found is not None and found.words.startswith("the disk is full")


def test_only_the_last_start_counts() -> None:
    bad = [STARTS, "[ERROR] InnoDB: Invalid log header checksum", "[ERROR] Aborting"]
    well = [STARTS, "[Note] /usr/sbin/mariadbd: ready for connections."]
    assert why_it_does_not_start([*bad, *well]) is None
    assert why_it_does_not_start([*well, *bad]) is not None
    assert why_it_does_not_start([]) is None


def test_what_is_not_known_is_quoted() -> None:
    found = why_it_does_not_start([STARTS, "2026-11-24 0 [ERROR] [MY-010119] [Server] something quite new"])
    assert found is not None
    assert found.words == "it said: something quite new"
    assert RESTORE in found.fix
