"""What the folder of backups tells. Light: the worker looks every few seconds, and makes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sereno.core.clock import parse_rfc3339, rfc3339
from sereno.core.errors import SerenoError
from sereno.keep.backups.model import Attempt, Backup, Condition, backup_from, record_of
from sereno.keep.backups.ports import Shelf


def backups_on(shelf: Shelf) -> list[Backup]:
    """Every backup that has a record, newest first. Raises SerenoError when a record is damaged."""
    try:
        backups = [backup_from(record) for record in shelf.records()]
    except (KeyError, TypeError, ValueError) as error:
        raise SerenoError(
            f"a record in {shelf.folder} is damaged: {error!r}",
            next_step=f"move the .json files that are not whole out of {shelf.folder}; the backups stay usable",
        ) from error
    return sorted(backups, key=lambda each: each.made_at, reverse=True)


def condition_of(shelf: Shelf) -> Condition:
    """Everything that it tells. Raises SerenoError when it can't be read."""
    return Condition(
        since=shelf.since(),
        backups=tuple(backups_on(shelf)),
        last_attempt=_attempt(shelf.last_attempt()),
        running_since=shelf.busy_since(),
    )


def told_record(condition: Condition, *, folder: str, at: str) -> dict[str, Any]:
    """What the worker tells the desk: plain values for JSON."""
    attempt = condition.last_attempt
    return {
        "folder": folder,
        "at": at,
        "since": rfc3339(condition.since),
        "backups": [record_of(each) for each in condition.backups],
        "last_attempt": None if attempt is None else attempt_record(attempt),
        "running_since": None if condition.running_since is None else rfc3339(condition.running_since),
    }


def condition_from(record: Mapping[str, Any]) -> Condition:
    """The opposite of `told_record`."""
    running = record["running_since"]
    return Condition(
        since=parse_rfc3339(record["since"]),
        backups=tuple(backup_from(each) for each in record["backups"]),
        last_attempt=_attempt(record["last_attempt"]),
        running_since=None if running is None else parse_rfc3339(running),
    )


def attempt_record(attempt: Attempt) -> dict[str, Any]:
    """The attempt as plain values for JSON."""
    return {"at": rfc3339(attempt.at), "good": attempt.good, "words": attempt.words}


def _attempt(record: Mapping[str, Any] | None) -> Attempt | None:
    return None if record is None else Attempt(parse_rfc3339(record["at"]), record["good"], record["words"])


def outcome(condition: Condition, since: datetime) -> str:
    """Why what was begun at `since` did not go well, in words; empty when it did: made, and proven."""
    attempt, last = condition.last_attempt, condition.last
    begun = since - timedelta(seconds=1)  # A file's name has whole seconds.
    if attempt is None or attempt.at < begun:
        return "it was broken off"
    if not attempt.good:
        return attempt.words
    if last is None or last.made_at < begun or last.proof is None:
        return "it was broken off before its proof"
    return "" if last.proof.good else last.proof.words
