"""Those whom notices reach in tests: a small SMTP server and an HTTP server, both real, on loopback."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mailbox:
    """An SMTP server (RFC 5321, no extensions) that keeps what it is given; `refusal` is said to every recipient."""

    def __init__(self, *, refusal: str = "", port: int = 0) -> None:
        self.mails: list[Message] = []
        self.recipients: list[str] = []
        self.refusal = refusal
        box = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 mailbox")
                while line := self.rfile.readline().decode(errors="replace").strip():
                    verb = line[:4].upper()
                    if verb == "DATA":
                        self.say("354 go on")
                        self.take()
                    elif verb == "RCPT":
                        box.recipients.append(line)
                        self.say(box.refusal or "250 OK")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 OK")

            def take(self) -> None:
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b"..") else line)
                box.mails.append(message_from_bytes(b"".join(lines)))
                self.say("250 OK")

            def say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", port), Conversation)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Call:
    """One request that was received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent and answers with `status`, after `delay_seconds`."""

    status: int = 200
    delay_seconds: float = 0.0
    port: int = 0
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.calls.append(Call(self.command, self.path, dict(self.headers), body))
                time.sleep(receiver.delay_seconds)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815 -- the standard library's names.

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
