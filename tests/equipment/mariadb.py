"""A real MariaDB (or MySQL) in a temporary folder, on a free loopback port, that a test may kill and start again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
from tests.equipment.monitoring import free_port, wait_until

PASSWORD = "only-for-tests"
NAME = "sereno"


def is_missing() -> bool:
    """Whether this machine has no MariaDB server."""
    return shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None


@dataclass
class MariaDb:
    """One server; `create` makes its data folder, `start` runs it, `kill` is the power failure."""

    # Not in pytest's folder: every start of pytest closes that to other users, and the server does not run as root.
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sereno-mariadb-")))
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for SQLAlchemy, as the desk's own user."""
        return f"mysql+pymysql://sereno:{PASSWORD}@127.0.0.1:{self.port}/{NAME}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def create(self) -> MariaDb:
        """Make the data folder, start, and give the desk its schema and a user that may touch nothing else."""
        user = "mysql" if os.geteuid() == 0 else ""
        self.folder.chmod(0o755)
        if user:
            shutil.chown(self.folder, user)
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
                *([f"--user={user}"] if user else []),
            ],
            check=True,
            capture_output=True,
        )
        self.start()
        self.run(
            "DELETE FROM mysql.global_priv WHERE User=''",
            f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            f"CREATE USER sereno@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON {NAME}.* TO sereno@'127.0.0.1'",
            "FLUSH PRIVILEGES",
        )
        return self

    def start(self, *options: str) -> None:
        """Run the server, as durable as in production, and wait until it answers."""
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "mariadbd",
                    "--no-defaults",
                    *user,
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.folder / 'server.sock'}",
                    f"--pid-file={self.folder / 'server.pid'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                    "--innodb-flush-log-at-trx-commit=1",
                    "--sync-binlog=1",
                    "--log-bin=binlog",
                    "--innodb-buffer-pool-size=32M",
                    "--performance-schema=OFF",
                    *options,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until("MariaDB answers", self.answers, 30)

    def answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError((self.folder / "server.log").read_text()[-2000:])
        pymysql.connect(unix_socket=str(self.folder / "server.sock"), user="root").close()
        return True

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as root and answer the rows of the last one."""
        connection = pymysql.connect(unix_socket=str(self.folder / "server.sock"), user="root", autocommit=True)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a query with a `%s` for each value finds, as root."""
        connection = pymysql.connect(unix_socket=str(self.folder / "server.sock"), user="root", autocommit=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def empty(self) -> None:
        """Give the desk an empty schema again."""
        self.run(f"DROP DATABASE {NAME}", f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")

    def kill(self) -> None:
        """End it as a power failure would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """End it in good order, if it runs."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
