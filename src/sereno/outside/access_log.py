"""Nginx's word of each request to a service of the user's own: datagrams on a Unix socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LONGEST_DATAGRAM = 2048


class AccessLog:
    """The socket that Nginx sends to.

    A Unix socket, since Nginx finds it again after the worker was away or made anew, and needs no name or port for it.
    Nginx does not wait: what finds the queue full, or nobody there, is lost.
    """

    def __init__(self, file: Path) -> None:
        """Listen at `file`, in place of whoever listened there before. Raises OSError when that cannot be."""
        self._is_open = True
        file.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(str(file))
            # In Compose Nginx is another user; natively the folder is closed to others.
            file.chmod(0o666)
        except OSError:
            self._socket.close()
            raise

    def lines(self) -> Iterator[str]:
        """Each datagram as it comes, until `close`."""
        while True:
            try:
                datagram = self._socket.recv(LONGEST_DATAGRAM)
            except OSError:
                return
            if not self._is_open:
                return
            yield datagram.decode("utf-8", errors="replace")

    def close(self) -> None:
        """Stop listening; whoever reads `lines` comes to its end."""
        self._is_open = False
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
