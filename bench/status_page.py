"""The status page through Nginx and TLS, shared for a second, beside a static file of the same size in the same run."""

from __future__ import annotations

import os

from tests.equipment.nginx import Nginx

from bench.common import desk_with_everything, interleaved, print_table, settle, wrk

GOAL = 0.6


def main() -> None:
    """Print the table, and whether the goal is met."""
    with desk_with_everything() as desk:
        desk.start()
        nginx = Nginx(ports={"webapp": desk.port})
        try:
            settle(desk)
            page = desk.get("/").body
            nginx.write("static/page.0123456789.html", page.decode())
            nginx.start()
            url = f"https://127.0.0.1:{nginx.ports['nginx']}"
            loads = interleaved(
                {
                    "status page": lambda: wrk(url + "/"),
                    "static file of its size": lambda: wrk(url + "/static/page.0123456789.html"),
                    "status.json": lambda: wrk(url + "/status.json"),
                }
            )
        finally:
            nginx.close()
        direct = wrk(desk.url + "/")
    whole = loads["static file of its size"].per_second
    print(f"{os.cpu_count()} cores; {CONNECTIONS_TEXT}; the page has {len(page)} bytes\n")
    rows = [
        (name, f"{load.per_second:.0f}/s", f"{load.p99_ms:.0f} ms", str(load.failed), f"{load.per_second / whole:.2f}")
        for name, load in loads.items()
    ]
    rows.append(
        (
            "status page from Gunicorn itself",
            f"{direct.per_second:.0f}/s",
            f"{direct.p99_ms:.0f} ms",
            str(direct.failed),
            "",
        )
    )
    print_table(("", "requests", "p99", "failed", "of the static file"), rows)
    share = loads["status page"].per_second / whole
    print(f"\ngoal: at least {GOAL} of the static file; measured {share:.2f}")


CONNECTIONS_TEXT = "TLS 1.3, 16 kept connections"

if __name__ == "__main__":
    main()
