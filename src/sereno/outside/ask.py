"""`python -m sereno.outside.ask PORT PATH`: ends with 0 when a GET on loopback answers 200.

The desk's image has neither curl nor wget, and a health check runs often: sockets alone start in a third of the
time that an HTTP library takes.
"""

from __future__ import annotations

import socket
import sys

TIMEOUT_SECONDS = 4.0


def is_ok(port: int, path: str) -> bool:
    """Whether `http://127.0.0.1:port/path` answers 200 within four seconds."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode("ascii")
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
            connection.sendall(request)
            status = connection.makefile("rb").readline().split()
    except OSError:
        return False
    return len(status) > 1 and status[1] == b"200"


if __name__ == "__main__":
    sys.exit(0 if is_ok(int(sys.argv[1]), sys.argv[2]) else 1)
