"""A consistent dump of the database, by the client's own program, and a count of what it holds."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, NamedTuple

import pymysql

from sereno.core.errors import SerenoError, Unavailable

CHUNK = 1 << 17
LOCK_SECONDS = 10
"""How long writers may be made to wait at most for statements that already run, before the dump is given up."""

_PROGRAMS = ("mariadb-dump", "mysqldump")
_TRAILER = b"-- Dump completed"
_MADE_AT = ("created_at", "at", "began_at", "starts_at", "failed_at", "asked_at", "made_at", "heard_at")
"""Columns that say when a row was made, the surest first; else a table's first column of that kind."""


class Counted(NamedTuple):
    """A table's rows, the newest one's time, and one number over the text of all."""

    rows: int
    newest: datetime | None
    fingerprint: int


@dataclass(frozen=True, slots=True)
class Dumped:
    """What a dump holds: tables, the server's version, the schema's revision, the size unpacked in bytes."""

    tables: dict[str, Counted]
    server: str
    revision: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Login:
    """How a server is reached: by `socket` when set, else by `host` and `port`."""

    user: str
    password: str
    schema: str
    host: str = "127.0.0.1"
    port: int = 3306
    socket: str = ""

    def options(self) -> str:
        """The text of an options file for the server's own programs."""
        where = f"socket = {self.socket}" if self.socket else f"host = {self.host}\nport = {self.port}\nprotocol = tcp"
        # The clients of MariaDB 11.4 and later refuse a certificate that the server has made for itself. In Compose
        # that is what MySQL has, on a network that nobody else is on.
        password = f'password = "{self.password}"\n' if self.password else ""
        return f"[client]\nuser = {self.user}\n{password}{where}\nloose-skip-ssl-verify-server-cert\n"

    def connect(self, *, seconds: int = 600) -> pymysql.connections.Connection[Any]:
        """A connection with autocommit; a statement may take `seconds`. Raises Unavailable when there is no answer."""
        place: dict[str, Any] = {"unix_socket": self.socket} if self.socket else {"host": self.host, "port": self.port}
        try:
            return pymysql.connect(
                user=self.user,
                password=self.password,
                database=self.schema,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=3,
                read_timeout=seconds,
                write_timeout=seconds,
                init_command="SET time_zone='+00:00'",
                **place,
            )
        except pymysql.Error as error:
            raise Unavailable(
                f"the database does not answer: {error}", next_step="look at ./sereno status and ./sereno logs mysql"
            ) from error


def dump(login: Login, target: Path, work: Path) -> Dumped:
    """Write the compressed dump to `target`, and count in the same snapshot what it holds.

    The dump's program and the counting connection each open a snapshot while a global read lock keeps writers waiting
    for the moment between the two, so that both see the same rows. `work` is a private folder for the options file.
    Raises Unavailable when the database does not answer or is too busy, SerenoError when the dump fails.
    """
    options = work / "client.cnf"
    options.touch(mode=0o600)
    options.write_text(login.options(), encoding="utf-8")
    try:
        with _still(login) as release, _snapshot(login) as counting:
            process = _start(options, login.schema)
            try:
                said = _Narration(process)
                said.wait_for_snapshot()
                release()
                size = _compress(process, target)
                said.finish(process, size)
            except BaseException:
                process.kill()
                process.wait()
                raise
            return Dumped(count(counting), _scalar(counting, "SELECT VERSION()"), revision(counting), size)
    except pymysql.Error as error:
        raise Unavailable(
            f"the database broke off the backup: {error}", next_step="look at ./sereno logs mysql, then try again"
        ) from error
    finally:
        options.unlink(missing_ok=True)


def size_of(login: Login) -> int:
    """About how many bytes the schema's tables take, as the server estimates it."""
    connection = login.connect(seconds=30)
    try:
        statement = (
            "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
        return int(_scalar(connection, statement))
    finally:
        connection.close()


def count(connection: pymysql.connections.Connection[Any]) -> dict[str, Counted]:
    """Every table of the connection's schema, counted in its present transaction."""
    return {name: _count_one(connection, name, columns) for name, columns in _columns(connection).items()}


def revision(connection: pymysql.connections.Connection[Any]) -> str:
    """The schema's revision; empty when it has none."""
    with suppress(pymysql.err.ProgrammingError):
        return _scalar(connection, "SELECT version_num FROM alembic_version")
    return ""


# -- counting ------------------------------------------------------------------------------------------------------


def _columns(connection: pymysql.connections.Connection[Any]) -> dict[str, list[tuple[str, str]]]:
    """Table → its columns with their types, in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c "
            "JOIN information_schema.tables t USING (table_schema, table_name) "
            "WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' "
            "ORDER BY c.table_name, c.ordinal_position"
        )
        for table, column, kind in cursor.fetchall():
            found.setdefault(table, []).append((column, kind.lower()))
    return found


def _count_one(connection: pymysql.connections.Connection[Any], table: str, columns: list[tuple[str, str]]) -> Counted:
    times = [name for name, kind in columns if kind in ("datetime", "timestamp")]
    made = next((name for name in _MADE_AT if name in times), times[0] if times else None)
    # Both servers write a value as the same text, so that the number is the same on either.
    text = ", ".join(f"COALESCE({_quoted(name)}, '\\0')" for name, _ in columns)
    newest = f"MAX({_quoted(made)})" if made else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*), {newest}, COALESCE(BIT_XOR(CRC32(CONCAT_WS('\\n', {text}))), 0) "  # noqa: S608
            f"FROM {_quoted(table)}"
        )
        rows, latest, fingerprint = cursor.fetchone() or (0, None, 0)
    return Counted(int(rows), None if latest is None else latest.replace(tzinfo=UTC), int(fingerprint))


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


def _scalar(connection: pymysql.connections.Connection[Any], statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return "" if row is None else str(row[0])


# -- one moment ----------------------------------------------------------------------------------------------------


@contextmanager
def _still(login: Login) -> Iterator[Any]:
    """Writers wait until what is yielded is called, or the block ends."""
    connection = login.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}")
            cursor.execute("FLUSH TABLES WITH READ LOCK")
        yield connection.close
    finally:
        with suppress(pymysql.Error):
            connection.close()


@contextmanager
def _snapshot(login: Login) -> Iterator[pymysql.connections.Connection[Any]]:
    connection = login.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        yield connection
    finally:
        with suppress(pymysql.Error):
            connection.close()


def _start(options: Path, schema: str) -> subprocess.Popen[bytes]:
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise SerenoError(
            f"none of {' and '.join(_PROGRAMS)} is installed", next_step="./sereno up installs what is missing"
        )
    return subprocess.Popen(
        [
            *(program, f"--defaults-file={options}", "--verbose", "--single-transaction", "--quick", "--routines"),
            *("--triggers", "--events", "--no-tablespaces", "--hex-blob", "--default-character-set=utf8mb4"),
            *("--no-autocommit", "--skip-add-locks", schema),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


class _Narration:
    """Reads what the program says of its progress, so that it never waits for us."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._has_snapshot = Event()
        self._lines: list[str] = []
        self._thread = Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        for line in pipe(process.stderr):
            text = line.decode(errors="replace").strip()
            if not text.startswith("--"):
                self._lines.append(text)
            elif text.startswith("-- Retrieving table structure"):
                self._has_snapshot.set()  # The first thing it does in its transaction.
        self._has_snapshot.set()

    def wait_for_snapshot(self) -> None:
        if not self._has_snapshot.wait(LOCK_SECONDS):
            raise Unavailable(f"the dump did not begin within {LOCK_SECONDS} s", next_step="try again later")

    def finish(self, process: subprocess.Popen[bytes], size: int) -> None:
        code = process.wait()
        self._thread.join(5)
        if code != 0 or size == 0:
            raise SerenoError(
                f"the dump failed (exit code {code})",
                next_step="read the lines above; then ./sereno backup now",
                log_tail="\n".join(self._lines[-10:]),
            )


def _compress(process: subprocess.Popen[bytes], target: Path) -> int:
    """The number of bytes of the dump; 0 when its last line is missing."""
    size, end, source = 0, b"", pipe(process.stdout)
    with target.open("xb") as file, gzip.GzipFile("", "wb", 6, file, 0) as compressed:
        while chunk := source.read(CHUNK):
            compressed.write(chunk)
            size += len(chunk)
            end = (end + chunk)[-200:]
    return size if _TRAILER in end else 0


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """The stream that a process was started with; Popen's type says that there may be none."""
    if stream is None:
        raise ValueError("the process was started without this pipe")
    return stream
