"""What a backup is and what it must hold. Values and pure functions only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sereno.core.clock import parse_rfc3339, rfc3339
from sereno.core.errors import SerenoError
from sereno.core.units import format_bytes

FORMAT = 1
"""The number of the form that a backup has; a program refuses a later one than it knows."""

PREFIX, PLAIN, SEALED = "sereno-", ".tar", ".tar.age"
_NAME = re.compile(r"sereno-(\d{8}T\d{6}Z)\.tar(\.age)?")
_STAMP = "%Y%m%dT%H%M%SZ"

LEAST_FREE_BYTES = 64_000_000
"""What a backup leaves of the disk in any case: databases refuse writes on a full one."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a table held at the moment of the dump.

    `newest` is the latest time in the column that says when a row was made, None where there is no such column or no
    row. `fingerprint` is one number over the text of every row, whatever their order.
    """

    rows: int
    newest: datetime | None
    fingerprint: int


@dataclass(frozen=True, slots=True)
class Member:
    """One part of the file: its size in bytes and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: the first part of the file."""

    made_at: datetime
    program: str
    """The version of Sereno."""
    platform: str
    server: str
    """The version that the database server says of itself."""
    revision: str
    """The schema's revision; empty before the first migration."""
    dump_bytes: int
    """The dump's size in bytes, unpacked."""
    tables: Mapping[str, Table]
    members: Mapping[str, Member]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables.values())

    def to_json(self) -> str:
        """The text that lies in the file."""
        tree = asdict(self)
        tree["made_at"] = rfc3339(self.made_at)
        for table in tree["tables"].values():
            table["newest"] = None if table["newest"] is None else rfc3339(table["newest"])
        return json.dumps(tree, indent=2, sort_keys=True) + "\n"


def read_manifest(text: str) -> Manifest:
    """The manifest that `text` is. Raises SerenoError when it is none, or of a later form than this program knows."""
    try:
        tree: dict[str, Any] = json.loads(text)
        if int(tree["format"]) > FORMAT:
            raise SerenoError(
                f"this backup has the form {tree['format']}, and this program knows {FORMAT}",
                next_step=f"bring the program to version {tree.get('program', 'that made it')} or later (git pull)",
            )
        tables = {name: _table(each) for name, each in tree.pop("tables").items()}
        members = {name: Member(**each) for name, each in tree.pop("members").items()}
        return Manifest(**{**tree, "made_at": parse_rfc3339(tree["made_at"])}, tables=tables, members=members)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SerenoError(
            f"the backup's manifest is damaged: {error}", next_step="take another backup: ./sereno backup list"
        ) from error


def _table(tree: Mapping[str, Any]) -> Table:
    newest = tree["newest"]
    return Table(int(tree["rows"]), None if newest is None else parse_rfc3339(newest), int(tree["fingerprint"]))


def differences(expected: Mapping[str, Table], found: Mapping[str, Table]) -> list[str]:
    """In words, where a restored database differs from its manifest; empty when nowhere."""
    words = [f"the table {name} is missing" for name in sorted(expected.keys() - found.keys())]
    words += [f"the table {name} is not in the manifest" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        wanted, has = expected[name], found[name]
        if wanted.rows != has.rows:
            words.append(f"{name} has {has.rows} rows instead of {wanted.rows}")
        elif wanted.newest != has.newest:
            words.append(f"the newest row of {name} is of {has.newest} instead of {wanted.newest}")
        elif wanted.fingerprint != has.fingerprint:
            words.append(f"{name} has the right number of rows, but not the same content")
    return words


# -- files ---------------------------------------------------------------------------------------------------------


def file_name(made_at: datetime, *, sealed: bool) -> str:
    """The name of a backup made at a moment (UTC, to the second)."""
    return f"{PREFIX}{made_at.astimezone(UTC):{_STAMP}}{SEALED if sealed else PLAIN}"


def time_in(name: str) -> datetime | None:
    """When the backup with this file name was made; None when it is no backup's name."""
    match = _NAME.fullmatch(name)
    return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC) if match else None


def is_sealed(name: str) -> bool:
    """Whether a backup with this name is encrypted."""
    return name.endswith(SEALED)


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome of restoring a backup into a throwaway server; `words` says what was wrong."""

    at: datetime
    seconds: float
    good: bool
    words: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """One finished file, as `list` and the page show it."""

    name: str
    made_at: datetime
    seconds: float
    bytes: int
    sha256: str
    tables: int
    rows: int
    newest: datetime | None
    program: str
    server: str
    revision: str
    proof: Proof | None = None

    @property
    def sealed(self) -> bool:
        """Whether it is encrypted."""
        return is_sealed(self.name)


def record_of(backup: Backup) -> dict[str, Any]:
    """The backup as plain values for JSON: the file beside it, the API and `--json` have the same."""
    return {**_plain(asdict(backup)), "sealed": backup.sealed}


def backup_from(record: Mapping[str, Any]) -> Backup:
    """The opposite of `record_of`. Raises KeyError, TypeError or ValueError when it is no such record."""
    fields = {name: value for name, value in record.items() if name != "sealed"}
    proof = fields.pop("proof")
    fields["made_at"] = parse_rfc3339(fields["made_at"])
    fields["newest"] = None if fields["newest"] is None else parse_rfc3339(fields["newest"])
    return Backup(**fields, proof=None if proof is None else Proof(**{**proof, "at": parse_rfc3339(proof["at"])}))


def _plain(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        name: rfc3339(value) if isinstance(value, datetime) else _plain(value) if isinstance(value, dict) else value
        for name, value in tree.items()
    }


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the last attempt to make a backup went; `words` says why not."""

    at: datetime
    good: bool
    words: str = ""


# -- rules ---------------------------------------------------------------------------------------------------------


YOUNG = timedelta(days=1)
"""As long a backup is kept in any case: whoever makes one before a change may make another soon after."""


def superfluous(backups: Iterable[Backup], *, now: datetime, daily: int, weekly: int) -> list[Backup]:
    """Those that need not be kept, oldest first.

    Kept are the last of each of the latest `daily` days that have one, the last of each of the latest `weekly` ISO
    weeks that have one, the last one that is proven to restore, and what is younger than a day. Days that have a
    backup are counted: a machine that was off for a month loses nothing when it comes back.
    """
    newest_first = sorted(backups, key=lambda each: each.made_at, reverse=True)
    kept = {each.name for each in newest_first if now - each.made_at < YOUNG}
    kept |= {each.name for each in _last_of_each(newest_first, lambda at: (at.year, at.month, at.day), daily)}
    kept |= {each.name for each in _last_of_each(newest_first, lambda at: tuple(at.isocalendar()[:2]), weekly)}
    proven = next((each for each in newest_first if each.proof is not None and each.proof.good), None)
    if proven is not None:
        kept.add(proven.name)
    return [each for each in reversed(newest_first) if each.name not in kept]


def _last_of_each(newest_first: list[Backup], period: Any, count: int) -> list[Backup]:
    last: dict[tuple[int, ...], Backup] = {}
    for each in newest_first:
        last.setdefault(period(each.made_at.astimezone(UTC)), each)
    return list(last.values())[:count]


def bytes_needed(last: int | None, database: int, others: int) -> int:
    """How much must be free before a backup begins, in bytes.

    Twice the last file (its parts lie beside it until it is whole), or, the first time, twice the size of what goes
    into it as the database tells it; and what is left free in any case.
    """
    return 2 * (database + others if last is None else max(last, others)) + LEAST_FREE_BYTES


def refuse_small_disk(free: int, needed: int, folder: str) -> None:
    """Raises SerenoError when fewer than `needed` bytes are free."""
    if free < needed:
        raise SerenoError(
            f"{format_bytes(free)} are free where {folder} lies, and {format_bytes(needed)} are needed",
            next_step="make space, lower [backup] keep_daily and keep_weekly, or set [backup] folder to a larger disk",
        )


def is_due(now: datetime, *, at: str, last_attempt: Attempt | None, since: datetime) -> bool:
    """Whether the night's backup should be made now; `at` is its time of day in UTC (`03:15`).

    It is due once the hour has come and nothing has been made since, also when the machine was off at that hour. The
    hour that was past when Sereno was set up (`since`) does not count. A failed one is tried again after an hour.
    """
    latest = _latest_hour(now, at)
    if latest <= since:
        return False
    if last_attempt is None or last_attempt.at < latest:
        return True
    return not last_attempt.good and (now - last_attempt.at).total_seconds() >= RETRY_SECONDS


RETRY_SECONDS = 3600


def _latest_hour(now: datetime, at: str) -> datetime:
    hour, minute = (int(part) for part in at.split(":"))
    today = now.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything that the folder of backups tells: what `/metrics`, the page and the clock go by."""

    since: datetime
    """When backups were first expected: Sereno's first start here."""
    backups: tuple[Backup, ...] = field(default=())
    """Newest first."""
    last_attempt: Attempt | None = None
    running_since: datetime | None = None

    @property
    def last(self) -> Backup | None:
        """The newest file."""
        return self.backups[0] if self.backups else None

    @property
    def last_proof(self) -> Proof | None:
        """The latest proof of any file."""
        proofs = [each.proof for each in self.backups if each.proof is not None]
        return max(proofs, key=lambda proof: proof.at, default=None)

    @property
    def last_good_proof(self) -> Proof | None:
        """The latest proof that succeeded."""
        proofs = [each.proof for each in self.backups if each.proof is not None and each.proof.good]
        return max(proofs, key=lambda proof: proof.at, default=None)
