"""What each component of a native stack takes in memory, idle and after sign-ins and a walk through every page.

`own` is memory that no file stands behind, by shares (PSS). `files` are pages of programs and libraries, counted once
among this stack's processes, as on a machine where nothing else maps them; the kernel takes those back when it must.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from tests.equipment.stack import NativeStack

from bench.common import print_table
from sereno.outside.supervisor import Supervisor
from sereno.serve.catalogue import BY_NAME

REST_SECONDS = 75
PASSWORD = "walking-through-every-page"  # noqa: S105 -- of an account that ends with the bench.
READERS = 12
PAGES = (
    "/", "/status.json", "/desk", "/alerts", "/users", "/users/add", "/audit", "/account", "/runbooks",
    "/runbooks/HighCpuUsage", "/api/docs", "/api/v1/openapi.json", "/api/v1/users", "/api/v1/alerts", "/metrics",
)  # fmt: skip


class Reader:
    """Someone with a browser, straight at the desk as Nginx would ask it."""

    def __init__(self, port: int, language: str) -> None:
        self._base, self._language = f"http://127.0.0.1:{port}", language
        self._cookies: dict[str, str] = {}

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "127.0.0.1",
            "Accept-Language": self._language,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self._base + path, data=data, headers=headers)  # noqa: S310 -- http, above.
        try:
            answer = urllib.request.build_opener(_Stay).open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.read().decode()

    def see(self, path: str) -> str:
        """A page that has to be there."""
        status, text = self.ask(path)
        _as_expected(status, 200, path)
        return text

    def send(self, path: str, **fields: str) -> None:
        """Fill in the form of a page, and be led on."""
        token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', self.see(path))[0]
        _as_expected(self.ask(path, {"csrf_token": token, **fields})[0], 303, path)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _as_expected(status: int, expected: int, path: str) -> None:
    if status != expected:
        raise RuntimeError(f"{path} answered {status}")


def walk(stack: NativeStack) -> None:
    """The first password is changed; then readers in both languages sign in, two at once, and see every page."""
    port, first = stack.ports["webapp"], stack.secret("first-admin-password")
    owner = Reader(port, "en")
    owner.send("/login", name="admin", password=first, next="")
    owner.send("/password", present=first, new=PASSWORD, repeated=PASSWORD)

    def read(number: int) -> None:
        reader = Reader(port, "es" if number % 2 else "en")
        reader.send("/login", name="admin", password=PASSWORD, next="")
        for page in PAGES:
            reader.see(page)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(read, range(READERS)))


def families(stack: NativeStack) -> dict[str, list[int]]:
    """Component → the pids of its process and all its children; what keeps them running is `supervisor`."""
    supervisor = psutil.Process(psutil.Process(stack.pid("nginx")).ppid())
    found = defaultdict(list, {"supervisor": [supervisor.pid]})
    info = Supervisor(stack.home / "run/supervisor.sock").info()
    pids = {int(str(row["pid"])): name for name, row in info.items() if name in BY_NAME}
    for child in supervisor.children():
        name = pids.get(child.pid, "supervisor")
        found[name] += [child.pid, *(each.pid for each in child.children(recursive=True))]
    return dict(found)


def memory(groups: dict[str, list[int]]) -> dict[str, tuple[float, float]]:
    """Component → MB of its own and MB of files."""
    own: Counter[str] = Counter()
    mapped: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for name, pids in groups.items():
        for pid in pids:
            for file, offset, sizes in mappings(pid):
                anonymous = sizes["Anonymous"] if file.startswith("/") else sizes["Rss"]
                own[name] += round(sizes["Pss"] * anonymous / sizes["Rss"]) if sizes["Rss"] else 0
                mapped[file, offset].append((name, sizes["Rss"] - anonymous))
    files: Counter[str] = Counter()
    for uses in mapped.values():
        together = sum(size for _, size in uses)
        for name, size in uses:
            files[name] += round(max(each for _, each in uses) * size / together) if together else 0
    return {name: (own[name] / 1024, files[name] / 1024) for name in groups}


def mappings(pid: int) -> list[tuple[str, str, dict[str, int]]]:
    """File (or what else it is), offset and sizes in kB of each mapping of a process."""
    found: list[tuple[str, str, dict[str, int]]] = []
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if head := re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) \S+ \d+ *(.*)", line):
            found.append((head[2], head[1], {}))
        elif size := re.match(r"(Rss|Pss|Anonymous): +(\d+) kB", line):
            found[-1][2][size[1]] = int(size[2])
    return found


def main() -> None:
    """Print the table; the profile may be given as the argument."""
    stack = NativeStack(settings={"SERENO_LIMITS__PROFILE": sys.argv[1] if len(sys.argv) > 1 else "standard"})
    try:
        stack.up()
        time.sleep(REST_SECONDS)
        idle = memory(families(stack))
        walk(stack)
        walked = memory(families(stack))
    finally:
        stack.close()
    rows = [
        (name, *(f"{number:.0f}" for number in (*idle[name], sum(idle[name]), *walked[name], sum(walked[name]))))
        for name in sorted(idle, key=lambda each: -sum(idle[each]))
    ]
    sums = [[sum(each[part] for each in when.values()) for part in (0, 1)] for when in (idle, walked)]
    rows.append(("sum", *(f"{number:.0f}" for own, files in sums for number in (own, files, own + files))))
    print_table(("MB", "own, idle", "files", "sum", "own, walked", "files", "sum"), rows)


if __name__ == "__main__":
    main()
