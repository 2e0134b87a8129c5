"""What Nginx tells of a request to a service of the user's own. Pure.

Nginx sends one datagram for each, in syslog's form: `<190>Nov 24 15:44:15 sereno: shop 200 0.012 0.010`, that is the
service, the answer's status, the seconds that Nginx had the request, and those until the service began to answer (`-`
when it never did; several, separated, when Nginx asked more than once).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CODES = ("1xx", "2xx", "3xx", "4xx", "5xx")

_LINE = re.compile(
    r"^<\d+>.*?\bsereno: (?P<service>[a-z0-9-]+) (?P<status>[1-5]\d\d) (?P<seconds>\d+\.\d+) (?P<answer>.+)$"
)
_NUMBER = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `seconds` is None where a time means nothing: a WebSocket lasts as long as somebody listens."""

    service: str
    code: str
    seconds: float | None


def read_request(line: str) -> Request | None:
    """The request that a datagram tells of; None when it is none of ours.

    The time is the service's own until it began to answer, since a long download or a stream that stays open is not
    slow. One that never began to answer took as long as Nginx waited for it.
    """
    found = _LINE.match(line)
    if found is None:
        return None
    code = f"{found['status'][0]}xx"
    own = [float(each) for each in _NUMBER.findall(found["answer"])]
    seconds = sum(own) if own else float(found["seconds"])
    return Request(found["service"], code, None if code == "1xx" else seconds)
