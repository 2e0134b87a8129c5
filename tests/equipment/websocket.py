"""As much of a WebSocket as a test needs: open one, read a message, send one."""

from __future__ import annotations

import base64
import os
import socket
import struct


class WebSocket:
    """A client's end, over a connection that is made already. Raises AssertionError when it is not let in."""

    def __init__(self, connection: socket.socket, host: str, path: str) -> None:
        self._connection = connection
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            part = connection.recv(1)
            assert part, head.decode()
            head += part
        assert head.startswith(b"HTTP/1.1 101 "), head.decode()

    def receive(self) -> str:
        """The next message of text (short ones, in one frame each)."""
        first, length = self._exactly(2)
        assert first == 0x81, hex(first)
        if length == 126:
            (length,) = struct.unpack(">H", self._exactly(2))
        return self._exactly(length).decode()

    def send(self, text: str) -> None:
        """Send a short message."""
        content, mask = text.encode(), os.urandom(4)
        assert len(content) < 126
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(content))
        self._connection.sendall(bytes((0x81, 0x80 | len(content))) + mask + masked)

    def close(self) -> None:
        self._connection.close()

    def _exactly(self, count: int) -> bytes:
        read = b""
        while len(read) < count:
            part = self._connection.recv(count - len(read))
            assert part, "it was closed"
            read += part
        return read
