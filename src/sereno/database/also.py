"""Something to be written in the same transaction as a change, by someone who does not make the change.

The web's door must note that a request was carried out in the very transaction that carries it out, whichever room's
service opens that transaction: noted before, a crash in between would lose the change; noted after, double it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@dataclass(slots=True)
class _Also:
    work: Callable[[Session], None]
    has_written: bool = False


_present: ContextVar[_Also | None] = ContextVar("also", default=None)


@contextmanager
def with_each_change(work: Callable[[Session], None]) -> Iterator[None]:
    """While the block runs, each transaction that has changed something runs `work` before it commits.

    `work` may run more than once, as what it goes with may; when it raises, the change is undone.
    """
    token = _present.set(_Also(work))
    try:
        yield
    finally:
        _present.reset(token)


def begin() -> None:
    """A transaction begins: it has changed nothing yet."""
    also = _present.get()
    if also is not None:
        also.has_written = False


def finish(session: Session) -> None:
    """A transaction is about to commit."""
    also = _present.get()
    if also is None:
        return
    session.flush()
    if also.has_written:
        also.work(session)


def watch(engine: Engine) -> None:
    """Notice the writing statements of `engine`."""
    if not event.contains(engine, "before_cursor_execute", _notice):
        event.listen(engine, "before_cursor_execute", _notice)


def _notice(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    also = _present.get()
    if also is not None and statement.lstrip()[:7].upper().startswith(_WRITES):
        also.has_written = True
