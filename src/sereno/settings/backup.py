"""When backups are made, where they lie, how long they are kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from sereno.core.errors import SettingsError
from sereno.settings.section import Section

LEAST_SIGNS = 16


class BackupSection(Section):
    """Every night's backup, which is then restored into a throwaway server to prove it."""

    at: str = Field("03:15", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day, in UTC.")
    keep_daily: int = Field(7, ge=1, le=366, description="How many days' last backups are kept …")
    keep_weekly: int = Field(4, ge=0, le=520, description="… and how many weeks'.")
    folder: str = Field(
        "",
        pattern="^(/.*)?$",
        description="Folder for the files, owned by the user that Sereno runs as; empty: data/backups in its home. "
        "With Compose it is empty or belongs to the user 10001; without it they lie in the volume backups.",
    )
    passphrase_file: str = Field(
        "",
        description="Path, seen from this file, of a file with a passphrase of 16 signs or more: backups are encrypted "
        "with it. Keep a copy elsewhere, since without it they are lost. With Compose it lies in the clone.",
    )


def read_passphrase(file: Path) -> str:
    """The passphrase in a file, without the white space around it.

    Raises SettingsError when the file can't be read or the passphrase is short.
    """
    try:
        passphrase = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the passphrase in {file} cannot be read: {error}",
            next_step="correct [backup] passphrase_file in sereno.toml, or the file's owner and mode",
        ) from error
    if len(passphrase) < LEAST_SIGNS:
        raise SettingsError(
            f"the passphrase in {file} has {len(passphrase)} signs; {LEAST_SIGNS} are the least",
            next_step=f"openssl rand -base64 24 > {file} makes a good one; keep a copy of it elsewhere",
        )
    return passphrase
