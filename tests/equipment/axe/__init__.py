"""axe-core (Deque) in a page: which rules of accessibility it breaks, and where.

It comes from npm, once, into the user's cache, and again when another version is wanted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from playwright.sync_api import Page

WANTED = Path(__file__).parent / "package.json"
SERIOUS = ("serious", "critical")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def is_missing() -> bool:
    """Whether this machine has no npm, and so no axe-core."""
    return shutil.which("npm") is None


def serious_faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical in the page as it stands: one line per rule and element, or nothing.

    Raises AssertionError when axe-core found nothing to look at, since then nothing would have been tested.
    """
    # Evaluated through the debugger's protocol, the only way past our policy against foreign scripts.
    page.evaluate(_script())
    found = page.evaluate("tags => axe.run(document, { runOnly: { type: 'tag', values: tags } })", STANDARDS)
    assert len(found["passes"]) > 5, f"axe-core looked at nothing on {page.url}"
    return [
        f"{page.url} {fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:200]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


@cache
def _script() -> str:
    mark = hashlib.sha256(WANTED.read_bytes()).hexdigest()[:16]
    cache_folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sereno-tests"
    folder = cache_folder / f"axe-{mark}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(WANTED, folder)
        argv = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        (folder / "done").touch()
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
