"""The table of probes that are added at the desk."""

from __future__ import annotations

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sereno.database.base import TABLE_OPTIONS, Base, exact_string, key, maybe_moment, moment


class ProbeRow(Base):
    """A stored probe. `address` is where its host was last found, empty while it is not; `refused`: why it rests."""

    __tablename__ = "probe"
    __table_args__ = (UniqueConstraint("name"), TABLE_OPTIONS)

    id: Mapped[key]
    name: Mapped[str] = mapped_column(exact_string(40))
    kind: Mapped[str] = mapped_column(exact_string(8))
    target: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(String(80))
    title_es: Mapped[str] = mapped_column(String(80))
    status: Mapped[list[int]] = mapped_column(JSON)
    contains: Mapped[str] = mapped_column(String(200))
    certificate_days: Mapped[int]
    verify: Mapped[bool]
    interval_seconds: Mapped[int]
    # "group" is a word of SQL's own.
    heading: Mapped[str] = mapped_column(String(40))
    public: Mapped[bool]
    address: Mapped[str] = mapped_column(exact_string(45))
    refused: Mapped[str] = mapped_column(exact_string(16))
    looked_up_at: Mapped[maybe_moment]
    created_at: Mapped[moment]
    created_by: Mapped[str] = mapped_column(String(100))
    updated_at: Mapped[moment]
