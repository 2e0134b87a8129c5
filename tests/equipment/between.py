"""Stands between Alertmanager and the desk, hands on each delivery, and keeps what was answered."""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.equipment.desk_server import request


class Between:
    """`acknowledged` are the fingerprints in deliveries answered 2xx; `statuses` counts answers, 0 for none."""

    def __init__(self, target: str) -> None:
        self.acknowledged: set[str] = set()
        self.statuses: Counter[int] = Counter()
        between, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                # Alertmanager waits ten seconds for an answer, and then goes.
                with suppress(ConnectionError):
                    super().handle()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
                try:
                    status = request("POST", target + self.path, body=body, headers=headers, timeout=20).status
                except (OSError, HTTPException):
                    status = 0
                with lock:
                    between.statuses[status] += 1
                    if 200 <= status < 300:
                        between.acknowledged |= {each["fingerprint"] for each in json.loads(body)["alerts"]}
                self.send_response(status or 502)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
