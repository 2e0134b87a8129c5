"""The worker's small server tells what it counts and whether a job hangs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.equipment.desk_server import request
from tests.equipment.monitoring import free_port

from sereno.worker.clock import Job
from sereno.worker.counting import Counting, serve


class Health:
    good = True


@pytest.fixture
def url() -> Iterator[str]:
    port = free_port()
    Health.good = True
    server = serve(f"127.0.0.1:{port}", lambda: Health.good)
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


def test_a_jobs_success_and_interval_are_told_by_task(url: str) -> None:
    job = Job("reconcile-alerts", 60, lambda: None)
    counting = Counting([job])
    counting.failed(job, 0.2)
    assert 'last_success_timestamp_seconds{task="reconcile-alerts"}' not in request("GET", f"{url}/metrics").text
    counting.done(job, 0.1)
    text = request("GET", f"{url}/metrics").text
    assert 'sereno_worker_job_last_success_timestamp_seconds{task="reconcile-alerts"}' in text
    assert 'sereno_worker_job_interval_seconds{task="reconcile-alerts"} 60.0' in text
    assert 'sereno_worker_job_duration_seconds_count{task="reconcile-alerts"} 2.0' in text


def test_a_hanging_job_is_told(url: str) -> None:
    assert request("GET", f"{url}/healthz").status == 200
    Health.good = False
    assert request("GET", f"{url}/healthz").status == 503


def test_there_is_nothing_else(url: str) -> None:
    assert request("GET", f"{url}/").status == 404
    assert request("POST", f"{url}/metrics", body=b"x").status == 501
