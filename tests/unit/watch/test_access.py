from __future__ import annotations

import pytest

from sereno.watch.access import Request, read_request

HEAD = "<190>Nov 24 15:44:15 sereno: "


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("shop 200 0.120 0.110", Request("shop", "2xx", 0.11)),
        # A download that took its reader a minute began at once.
        ("my-wiki 206 60.001 0.003", Request("my-wiki", "2xx", 0.003)),
        ("shop 304 0.002 0.001", Request("shop", "3xx", 0.001)),
        ("shop 499 3.000 -", Request("shop", "4xx", 3.0)),
        ("shop 502 0.000 -", Request("shop", "5xx", 0.0)),
        ("shop 504 30.001 -", Request("shop", "5xx", 30.001)),
        # Two addresses of one name were asked, the second one answered.
        ("shop 200 0.500 -, 0.250", Request("shop", "2xx", 0.25)),
        ("shop 200 0.500 0.250 : 0.125", Request("shop", "2xx", 0.375)),
        # A WebSocket.
        ("shop 101 3600.000 0.002", Request("shop", "1xx", None)),
    ],
)
def test_a_line_tells_of_a_request(line: str, request_: Request) -> None:
    assert read_request(HEAD + line) == request_


@pytest.mark.parametrize(
    "line", ["", "shop 200 0.1 0.1", HEAD, HEAD + "shop 999 0.1 -", HEAD + "a b 200 0.1 -", HEAD + "shop 200 soon -"]
)
def test_anything_else_is_none(line: str) -> None:
    assert read_request(line) is None
