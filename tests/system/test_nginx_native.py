"""Nginx as `./sereno up` runs it: changed settings are taken over without a pause, and wrong ones are refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
from tests.equipment.stack import NativeStack


def test_changed_settings_are_taken_over_without_a_pause_or_a_lost_request(stack: NativeStack) -> None:
    before = stack.pid("nginx")
    stop = threading.Event()

    def read() -> tuple[int, list[str]]:
        answered, troubles = 0, []
        while not stop.is_set():
            try:
                assert stack.get("/_alive").status == 200
                answered += 1
            except Exception as error:
                troubles.append(repr(error))
            stop.wait(0.05)
        return answered, troubles

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            done = stack.must("up", SERENO_SITE__DOMAIN="shop.example.org")
            assert "nginx takes over its new configuration" in done.err
            assert "server_name shop.example.org;" in (stack.home / "etc/nginx/nginx.conf").read_text()
            promise = stack.get("/healthz", Host="shop.example.org").headers["Strict-Transport-Security"]
            assert promise == "max-age=63072000"
        finally:
            stack.up()
            stop.set()
        for answered, troubles in (reader.result(30) for reader in readers):
            assert troubles == []
            assert answered > 0
    assert stack.pid("nginx") == before
    assert "Strict-Transport-Security" not in stack.get("/healthz", Host="shop.example.org").headers


def test_nothing_of_nginx_runs_as_root(stack: NativeStack) -> None:
    process = psutil.Process(stack.pid("nginx"))
    for each in (process, *process.children(recursive=True)):
        assert each.uids().effective != 0


def test_a_change_that_nginx_refuses_in_silence_takes_a_restart(stack: NativeStack) -> None:
    """As after an update of Sereno: a shared memory zone that counts by another key can't be taken over."""
    file = stack.home / "etc/nginx/nginx.conf"
    older = file.read_text().replace("limit_req_zone $who_tries zone=login", "limit_req_zone $server_name zone=login")
    stack.must("stop", "nginx")
    file.write_text(older)
    stack.must("start", "nginx")
    try:
        done = stack.must("up", SERENO_SITE__DOMAIN="shop.example.org")
        assert "restarting nginx: its configuration has changed" in done.err
        promise = stack.get("/healthz", Host="shop.example.org").headers["Strict-Transport-Security"]
        assert promise == "max-age=63072000"
    finally:
        stack.up()
