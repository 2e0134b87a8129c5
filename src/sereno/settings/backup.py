"""When backups are made, where they lie, how long they are kept."""

from __future__ import annotations

from pydantic import Field

from sereno.settings.section import Section


class BackupSection(Section):
    """Every night's backup, which is then restored into a throwaway server to prove it."""

    at: str = Field("03:15", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day, in UTC.")
    keep_daily: int = Field(7, ge=1, le=366, description="How many days' last backups are kept …")
    keep_weekly: int = Field(4, ge=0, le=520, description="… and how many weeks'.")
    folder: str = Field(
        "",
        pattern="^(/.*)?$",
        description="Folder for the files, owned by the user that Sereno runs as; empty: data/backups in its home. "
        "With Compose they lie in the volume backups.",
    )
    passphrase_file: str = Field(
        "",
        description="Path, seen from this file, of a file with a passphrase of 16 signs or more: backups are encrypted "
        "with it. Keep a copy elsewhere, since without it they are lost. With Compose it lies in the clone.",
    )
