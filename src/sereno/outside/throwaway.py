"""A database server of one's own, on a socket only: for proofs, and for building a restored database beside the old."""

from __future__ import annotations

import gzip
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql

from sereno.core.errors import SerenoError
from sereno.outside.dump import CHUNK, Counted, Login, count, pipe, revision

SCHEMA = "sereno"
_START_SECONDS = 60
_STOP_SECONDS = 120
_SMALL = (
    *("--innodb-buffer-pool-size=6M", "--innodb-log-buffer-size=2M", "--performance-schema=OFF", "--skip-log-bin"),
    *("--key-buffer-size=64K", "--aria-pagecache-buffer-size=256K", "--max-connections=10", "--table-open-cache=64"),
    *("--query-cache-type=0", "--query-cache-size=0", "--sort-buffer-size=256K", "--tmp-table-size=1M"),
    *("--max-heap-table-size=1M", "--skip-name-resolve"),
)
"""Small already while the empty database is made: by default that takes 134 MB, and so 72."""

_RUNNING = (
    *("--thread-cache-size=0", "--skip-networking", "--default-time-zone=+00:00", "--local-infile=OFF"),
    *("--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--max-allowed-packet=64M"),
    "--sql-mode=TRADITIONAL,NO_ENGINE_SUBSTITUTION",
)
_LOG_FILE = "--innodb-log-file-size={}M"
_CARELESS = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")
"""A server that is thrown away need not survive a power cut; one whose data stays must."""


class OwnServer:
    """A MariaDB server that runs on the data folder `data` while the block of `running` lasts.

    `user` is whom it runs as when we are root. `log_mb` is the size of its redo log: a database that stays keeps the
    one that the real server has, so that it need not make it anew.
    """

    def __init__(self, data: Path, *, user: str = "", keep: bool = False, log_mb: int = 8) -> None:
        self._data = data
        self._user = user
        self._keep = keep
        self._log_mb = log_mb
        self._run: Path | None = None

    @property
    def login(self) -> Login:
        """How it is reached; for the length of `running`."""
        return Login("root", "", SCHEMA, socket=str(self._socket))

    @property
    def _socket(self) -> Path:
        if self._run is None:
            raise ValueError("the server does not run")
        return self._run / "s"

    @contextmanager
    def running(self) -> Iterator[OwnServer]:
        """Make an empty database and run the server. Raises SerenoError with its log's last lines."""
        # A socket's path has 107 bytes at most, and a home's may be long.
        self._run = Path(tempfile.mkdtemp(prefix="sereno-own-"))
        try:
            if self._user:
                account = pwd.getpwnam(self._user)
                os.chown(self._run, account.pw_uid, account.pw_gid)
            self._make_tables()
            process = self._start()
            try:
                self._wait(process)
                self._run_sql(f"CREATE DATABASE {SCHEMA} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
                yield self
            finally:
                self._stop(process)
        finally:
            shutil.rmtree(self._run, ignore_errors=True)

    def load(self, dump: Path) -> None:
        """Load a compressed dump. Raises SerenoError with what the client said."""
        load(self.login, dump)

    def tables(self) -> dict[str, Counted]:
        """What the loaded tables hold."""
        connection = self.login.connect()
        try:
            return count(connection)
        finally:
            connection.close()

    def revision(self) -> str:
        """The loaded schema's revision."""
        connection = self.login.connect()
        try:
            return revision(connection)
        finally:
            connection.close()

    # -- steps -----------------------------------------------------------------------------------------------------

    def _make_tables(self) -> None:
        done = subprocess.run(
            [
                *self._as_user(),
                *("env", f"TMPDIR={self._run}", _program("mariadb-install-db"), "--no-defaults"),
                *(f"--datadir={self._data}", "--auth-root-authentication-method=normal", "--skip-test-db"),
                *(_LOG_FILE.format(self._log_mb), *_SMALL),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise _failure("the empty database could not be made", done.stdout)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [
                    # It ends with us, however we end.
                    *("/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *self._as_user()),
                    *(_program("mariadbd"), "--no-defaults", f"--datadir={self._data}", f"--socket={self._socket}"),
                    *(f"--pid-file={self._run}/pid", f"--tmpdir={self._data}", _LOG_FILE.format(self._log_mb)),
                    *(() if self._keep else _CARELESS),
                    *_SMALL,
                    *_RUNNING,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def _log(self) -> Path:
        return self._data.with_name(f"{self._data.name}.log")

    def _as_user(self) -> list[str]:
        if not self._user:
            return []
        account = pwd.getpwnam(self._user)
        who = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
        return ["/usr/bin/setpriv", *who, "--pdeathsig", "KILL", "--"]

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with suppress(pymysql.Error):
                pymysql.connect(unix_socket=str(self._socket), user="root", connect_timeout=3).close()
                return
            if process.poll() is not None or time.monotonic() > deadline:
                raise _failure("the server for the restored database does not start", self._said())
            time.sleep(0.1)

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def _run_sql(self, statement: str) -> None:
        connection = pymysql.connect(unix_socket=str(self._socket), user="root", connect_timeout=3, autocommit=True)
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """A server whose data stays is ended in good order; a throwaway one at once."""
        if not self._keep:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise _failure("the server for the restored database does not end", self._said()) from error
        finally:
            self._log.unlink(missing_ok=True)


def load(login: Login, dump: Path) -> None:
    """Load a compressed dump by the client's own program. Raises SerenoError with what it said."""
    with tempfile.TemporaryDirectory(prefix="sereno-load-") as folder:
        options = Path(folder, "client.cnf")
        options.touch(mode=0o600)
        options.write_text(login.options(), encoding="utf-8")
        process = subprocess.Popen(
            [_program("mariadb"), f"--defaults-file={options}", "--default-character-set=utf8mb4", login.schema],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        entry = pipe(process.stdin)
        try:
            # A client that ends early tells why itself.
            with suppress(BrokenPipeError), gzip.open(dump) as text:
                shutil.copyfileobj(text, entry, CHUNK)
            with suppress(BrokenPipeError):
                entry.close()
            said = pipe(process.stderr).read().decode(errors="replace")
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() != 0:
            raise _failure("the dump could not be loaded", said)


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise SerenoError(f"{name} is not installed", next_step="./sereno up installs what is missing")
    return found


def _failure(message: str, said: Any) -> SerenoError:
    lines = str(said).splitlines()
    errors = [line for line in lines if "ERROR" in line.upper()]
    return SerenoError(
        message,
        next_step="read the lines above; a full disk is the usual cause",
        log_tail="\n".join((errors or lines)[-10:]),
    )
