"""Generator URLs lead where the reader can go, and nowhere dangerous."""

import pytest

from sereno.respond.alerts.links import reachable_generator


@pytest.mark.parametrize(
    ("url", "reachable"),
    [
        ("http://localhost:9090/graph?g0.expr=up&g0.tab=1", "/prometheus/graph?g0.expr=up&g0.tab=1"),
        ("http://prometheus:9090/graph", "/prometheus/graph"),
        ("http://127.0.0.1:19090/query?g0.expr=up", "/prometheus/query?g0.expr=up"),
        ("https://own.example:9999/graph?x", "/prometheus/graph?x"),
        ("http://localhost:9090/prometheus/graph?x", "/prometheus/graph?x"),
        ("https://other.example/graph?x", "https://other.example/graph?x"),
        ("http://localhost:9090/admin", "http://localhost:9090/admin"),
        ("javascript:alert(1)", None),
        ("", None),
        ("/graph", None),
    ],
)
def test_links(url: str, reachable: str | None) -> None:
    assert reachable_generator(url, frozenset({"own.example:9999"})) == reachable
