"""Metadata and the kinds of column that every table uses, right on MySQL 8.4, MariaDB 10.11+ and SQLite.

Rules: InnoDB, utf8mb4, an explicit collation (the servers' defaults differ), times in UTC with microseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, mapped_column

TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_unicode_ci",
}
"""Pass as `__table_args__` (last item); the collation is one that both servers have."""

BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key; SQLite only auto-increments its own INTEGER."""

LONG_TEXT = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
"""Text beyond 64 KB: the servers' own TEXT ends there."""

LARGEST_NUMBER = 2**63 - 1
"""No key is larger."""

_MICROSECONDS = mysql.DATETIME(fsp=6)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds; a naive one is refused rather than guessed at."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(_MICROSECONDS)
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def exact_string(length: int) -> String:
    """A string compared byte by byte (fingerprints, tokens, user names already folded)."""
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


key = Annotated[int, mapped_column(BIG_KEY, primary_key=True, autoincrement=True)]
moment = Annotated[datetime, mapped_column(UtcDateTime())]
maybe_moment = Annotated[datetime | None, mapped_column(UtcDateTime())]


class Base(DeclarativeBase):
    """The declarative base of every room's tables; names of constraints are fixed for migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 -- SQLAlchemy reads it from the class.


__all__ = ["BIG_KEY", "TABLE_OPTIONS", "Base", "UtcDateTime", "exact_string", "key", "maybe_moment", "moment"]
