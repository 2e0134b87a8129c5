"""A value that is costly to make and good for a few seconds, made by one thread at a time however many ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Made(Generic[_Value]):
    """What one call of `make` gave: a value, or the error that it raised."""

    at: float
    value: _Value | None
    error: Exception | None

    def unwrap(self) -> _Value:
        if self.error is not None:
            raise self.error
        return cast(_Value, self.value)


class Cached(Generic[_Value]):
    """Calls `make` at most once per `seconds`.

    While one caller makes a new value, the others are given the last one if it is not older than `patience_seconds`,
    and wait for the new one otherwise. What `make` raises is raised to everyone who waited, and is remembered as long
    as a value would be.
    """

    def __init__(
        self,
        make: Callable[[], _Value],
        *,
        seconds: float,
        patience_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._seconds = seconds
        self._patience = patience_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._last: _Made[_Value] | None = None

    def get(self) -> _Value:
        """The value, at most `seconds` old, or `patience_seconds` while a new one is being made."""
        last = self._last
        if last is None or self._age(last) >= self._seconds:
            last = self._renewed(last)
        return last.unwrap()

    def _age(self, made: _Made[_Value]) -> float:
        return self._clock() - made.at

    def _renewed(self, seen: _Made[_Value] | None) -> _Made[_Value]:
        usable = seen if seen is not None and seen.error is None and self._age(seen) < self._patience else None
        if not self._lock.acquire(blocking=usable is None):
            return cast(_Made[_Value], usable)  # Not waiting for the lock is only possible with a usable value.
        try:
            if self._last is not None and self._last is not seen:
                return self._last  # Somebody made it while we waited.
            self._last = self._call()
            return self._last
        finally:
            self._lock.release()

    def _call(self) -> _Made[_Value]:
        try:
            value = self._make()
        except Exception as error:
            return _Made(self._clock(), None, error)
        return _Made(self._clock(), value, None)
