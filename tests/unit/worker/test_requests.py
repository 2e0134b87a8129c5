from __future__ import annotations

import socket
from pathlib import Path

from sereno.outside.access_log import AccessLog
from sereno.worker.counting import OWN
from sereno.worker.requests import ServiceCounting, count_services


def line(text: str) -> str:
    return f"<190>Nov 24 15:44:15 sereno: {text}"


def counted(name: str, **labels: str) -> float | None:
    return OWN.get_sample_value(name, labels)


def test_each_known_service_is_counted_from_zero_on() -> None:
    counting = ServiceCounting(["early"])
    assert counted("sereno_service_requests_total", service="early", code="5xx") == 0
    counting.count([line("early 200 0.2 0.2"), line("early 503 2.0 2.0"), line("early 101 99.0 0.1")])
    codes = {
        code: counted("sereno_service_requests_total", service="early", code=code) for code in ("1xx", "2xx", "5xx")
    }
    assert codes == {"1xx": 1, "2xx": 1, "5xx": 1}
    assert counted("sereno_service_request_seconds_count", service="early") == 2
    assert counted("sereno_service_request_seconds_bucket", service="early", le="0.25") == 1


def test_nobody_makes_series_by_sending_names() -> None:
    ServiceCounting(["known"]).count([line("unknown 200 0.1 0.1"), "nonsense", line("known 200 0.1 0.1")])
    assert counted("sereno_service_requests_total", service="unknown", code="2xx") is None
    assert counted("sereno_service_requests_total", service="known", code="2xx") == 1


def test_what_comes_to_the_socket_is_read_until_it_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "access.sock"
    file.write_text("left over")
    log = AccessLog(file)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nginx:
        nginx.connect(str(file))
        nginx.send(b"one")
        nginx.send(b"two \xff")
    lines = log.lines()
    assert [next(lines), next(lines)] == ["one", "two \ufffd"]
    assert file.stat().st_mode & 0o777 == 0o666
    log.close()
    assert list(lines) == []


def test_without_services_or_a_place_nothing_is_listened_to(tmp_path: Path) -> None:
    assert count_services([], str(tmp_path / "a")) is None
    assert count_services(["shop"], "") is None
    assert count_services(["shop"], str(tmp_path / "missing/folder/a")) is None
    assert list(tmp_path.iterdir()) == []
