"""One flight at a time, however many passengers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sereno.core.cached import Cached


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_made_once_while_it_is_good() -> None:
    clock, made = Clock(), iter(range(10))
    cached = Cached(lambda: next(made), seconds=2, clock=clock)
    assert [cached.get(), cached.get()] == [0, 0]
    clock.now += 2
    assert cached.get() == 1


def test_many_askers_at_once_cause_one_making() -> None:
    started, go, calls = threading.Event(), threading.Event(), []

    def make() -> int:
        calls.append(1)
        started.set()
        assert go.wait(5)
        return len(calls)

    cached = Cached(make, seconds=60)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(cached.get) for _ in range(8)]
        assert started.wait(5)
        go.set()
        assert {each.result(5) for each in asked} == {1}


def test_while_a_new_value_is_made_the_last_one_is_given() -> None:
    clock, go, started = Clock(), threading.Event(), threading.Event()
    slow = False

    def make() -> str:
        if slow:
            started.set()
            assert go.wait(5)
        return "new" if slow else "old"

    cached = Cached(make, seconds=2, patience_seconds=5, clock=clock)
    assert cached.get() == "old"
    slow = True
    clock.now += 3
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cached.get)
        assert started.wait(5)
        assert cached.get() == "old"
        go.set()
        assert first.result(5) == "new"


def test_an_error_reaches_everyone_and_is_forgotten_in_time() -> None:
    clock, fails = Clock(), True

    def make() -> str:
        if fails:
            raise OSError("away")
        return "back"

    cached = Cached(make, seconds=2, clock=clock)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            cached.get()
    fails = False
    clock.now += 2
    assert cached.get() == "back"
