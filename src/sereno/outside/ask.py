"""`python -m sereno.outside.ask PORT PATH`: ends with 0 when a GET on loopback answers 200, else says what it answers.

The desk's image has neither curl nor wget, and a health check runs often: sockets alone start in a third of the
time that an HTTP library takes.
"""

from __future__ import annotations

import socket
import sys

TIMEOUT_SECONDS = 4.0
LARGEST_ANSWER = 64 * 1024


def ask(port: int, path: str) -> tuple[bool, str]:
    """Whether `http://127.0.0.1:port/path` answers 200 within four seconds, and the text of its answer."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode("ascii")
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
            connection.sendall(request)
            head, _, body = connection.makefile("rb").read(LARGEST_ANSWER).partition(b"\r\n\r\n")
    except OSError as error:
        return False, str(error)
    status = head.split(maxsplit=2)
    return len(status) > 1 and status[1] == b"200", body.decode(errors="replace")


if __name__ == "__main__":
    good, text = ask(int(sys.argv[1]), sys.argv[2])
    if not good:
        print(text)
    sys.exit(0 if good else 1)
