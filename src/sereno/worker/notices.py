"""The worker's part in telling people: takes news, hands due messages to a child, and notes what came of them.

It never waits for the child: a slow channel delays no other job. What could not be noted, because the database was
away, is kept and noted later.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from sereno.core.errors import SerenoError
from sereno.respond.notices.model import Outcome
from sereno.respond.notices.service import Notices, Order
from sereno.wiring.notices import NOTIFIER, written

LOOK_SECONDS = 2

_log = logging.getLogger(__name__)


class Child(Protocol):
    """A process that was given lines and answers in lines."""

    def lines(self) -> list[str]:
        """What it has answered since it was last asked."""
        ...

    def is_alive(self) -> bool:
        """Whether it may still answer."""
        ...

    def ended_well(self) -> bool:
        """Whether it has ended by itself, with 0."""
        ...


class NoticesJob:
    """Looks every 2 s. `start` runs a module with lines as its input; `address_of` reads channels' addresses."""

    def __init__(
        self, notices: Notices, *, start: Callable[[str, list[str]], Child], address_of: Callable[[str], str]
    ) -> None:
        self._notices = notices
        self._start = start
        self._address_of = address_of
        self._child: Child | None = None
        self._open: dict[int, Order] = {}
        self._unnoted: list[Outcome] = []

    def look(self) -> None:
        """One turn. Raises Unavailable while the database is away."""
        self._listen()
        self._note()
        self._notices.take_news()
        if self._child is None:
            self._send()

    def _listen(self) -> None:
        if self._child is None:
            return
        alive = self._child.is_alive()
        for line in self._child.lines():
            self._hear(json.loads(line))
        if not alive:
            # In good order it ends with messages left when their time is up; those it has not begun.
            unbegun = self._child.ended_well()
            for order in self._open.values():
                self._unnoted.append(_outcome(order, words="the process that sent it has ended", unbegun=unbegun))
            self._open, self._child = {}, None

    def _hear(self, answer: Mapping[str, object]) -> None:
        order = self._open.pop(int(str(answer["id"])))
        words = str(answer["words"])
        if not answer["good"]:
            _log.warning("notice %d to %s: %s", order.notice_id, order.channel, words)
        self._unnoted.append(
            _outcome(order, good=bool(answer["good"]), permanent=bool(answer["permanent"]), words=words)
        )

    def _note(self) -> None:
        while self._unnoted:
            self._notices.record(self._unnoted[0])
            del self._unnoted[0]

    def _send(self) -> None:
        lines = []
        for order in self._notices.claim():
            try:
                url = self._address_of(order.channel)
            except SerenoError as error:
                self._unnoted.append(_outcome(order, words=error.message))
                continue
            self._open[order.notice_id] = order
            lines.append(written(order.notice_id, url, order.message))
        if lines:
            self._child = self._start(NOTIFIER, lines)


def _outcome(
    order: Order, *, good: bool = False, permanent: bool = False, words: str = "", unbegun: bool = False
) -> Outcome:
    return Outcome(order.notice_id, order.claimed_at, good=good, permanent=permanent, words=words, unbegun=unbegun)
