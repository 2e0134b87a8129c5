"""Gunicorn's threaded worker, made to lose no request when it stops.

Gunicorn 27 answers what it has accepted, but leaves its listening socket open meanwhile: the kernel goes on completing
connections that nobody will take, and resets them at the end. Here a stopping worker takes everything that waits and
closes the door at once, so whoever comes later is refused immediately and can try again.
"""

from __future__ import annotations

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """A `gthread` worker whose stop is prompt for newcomers and patient with those inside."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """See Gunicorn; called with False after the stop signal, before waiting for what is under way."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._take_all(listener)
                listener.close()

    def _take_all(self, listener: Any) -> None:
        while select.select([listener], [], [], 0)[0]:
            before = self.nr_conns
            self.accept(listener)
            if self.nr_conns == before:
                return  # Another worker took it first.
