"""`git pull && ./sereno up`: from the last release to this state, and back when the new state is broken."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import ROOT, NativeStack

RELEASE = (Path(__file__).parents[1] / "equipment/last_release").read_text().split()
"""Name and commit of the last release; the commit, since not every copy of a repository has its tags."""


def git(*words: str, folder: Path = ROOT) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def has(commit: str) -> bool:
    return subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has(RELEASE[1]), reason=f"this copy has not the commit of {RELEASE[0]}")


def typed_blocks(document: str) -> list[str]:
    """What a page of the documentation says to type, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / document).read_text(), re.MULTILINE | re.DOTALL)


class Clone(NativeStack):
    """A stack that runs from a clone of its own, whose state can be changed; it pulls from `origin`."""

    def __init__(self, commit: str) -> None:
        super().__init__(prepared=False)
        self.root, self.origin = self.folder / "clone", self.folder / "origin"
        git("clone", "--quiet", "--bare", str(ROOT), str(self.origin))
        self.publish(commit)
        git("symbolic-ref", "HEAD", "refs/heads/published", folder=self.origin)
        git("clone", "--quiet", str(self.origin), str(self.root))

    def publish(self, commit: str) -> None:
        """Have whoever pulls get `commit`."""
        git("update-ref", "refs/heads/published", commit, folder=self.origin)

    def type(self, block: str) -> subprocess.CompletedProcess[str]:
        """Type what a page says, in the clone."""
        return subprocess.run(
            ["bash", "-euc", block], cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def release(self) -> dict[str, Any]:
        return json.loads((self.home / "release.json").read_text())  # type: ignore[no-any-return]

    def starts(self) -> dict[str, str]:
        """Component → since when it runs."""
        return {name: row["since"] for name, row in self.status().items() if row["health"] == "healthy"}

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def stack() -> Iterator[Clone]:
    stack = Clone(RELEASE[1])
    try:
        stack.up()
        yield stack
    finally:
        stack.close()


@contextmanager
def readers(stack: NativeStack) -> Iterator[Counter[int | str]]:
    """Somebody loads `/` again and again; what they were answered."""
    answers: Counter[int | str] = Counter()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            try:
                answers[stack.get("/").status] += 1
            except OSError as error:
                answers[type(error).__name__] += 1
            time.sleep(0.1)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield answers
    finally:
        over.set()
        reader.join()


def test_the_release_becomes_this_state_without_a_gap_and_with_every_row(stack: Clone) -> None:
    stack.must("user", "add", "ana", "--role", "operator")
    before = stack.release()
    copies = [stack.home / f"www/status/{language}.html" for language in ("en", "es")]
    wait_until("the worker has kept the page", lambda: all(copy.exists() for copy in copies), 60)
    stack.publish(git("rev-parse", "HEAD"))
    upgrade, backup, look = typed_blocks("upgrading.md")
    with readers(stack) as answers:
        done = stack.type(upgrade)
    assert done.returncode == 0, done.stderr
    assert set(answers) == {200}, answers
    assert stack.release()["healthy"]["program"] != before["healthy"]["program"]
    assert "ana" in stack.must("user", "list").out
    done = stack.type(backup)
    assert done.returncode == 0, done.stderr
    assert "webapp" in stack.type(look).stdout


def test_both_languages_say_to_type_the_same() -> None:
    assert typed_blocks("upgrading.md") == typed_blocks("upgrading.es.md")


def test_a_state_that_does_not_become_healthy_is_taken_back(stack: Clone) -> None:
    before, starts = stack.release(), stack.starts()
    broken = stack.root / "src/sereno/web/server.py"
    broken.write_text(broken.read_text().replace("\nimport ", "\nraise SystemExit('broken on purpose')\nimport ", 1))
    with readers(stack) as answers:
        done = stack.sereno("up")
    assert done.code == 1
    assert "webapp has ended" in done.err
    assert "broken on purpose" in done.err
    assert "the program was not upgraded: the state before it runs again" in done.err
    assert set(answers) == {200}, answers
    assert stack.release() == before
    assert stack.status()["webapp"]["health"] == "healthy"
    assert stack.starts()["nginx"] == starts["nginx"]
    assert "ana" in stack.must("user", "list").out


def test_a_mended_state_is_taken_and_only_the_desk_is_restarted(stack: Clone) -> None:
    before, starts = stack.release(), stack.starts()
    git("checkout", "--quiet", "--", ".", folder=stack.root)
    (stack.root / "src/sereno/web/server.py").open("a").write("\n# mended\n")
    stack.must("up")
    assert stack.release()["healthy"]["program"] != before["healthy"]["program"]
    again = stack.starts()
    assert {name for name in starts if again[name] != starts[name]} == {"webapp", "worker"}
    # This one, the one before, and the broken one, which is younger than that.
    assert len(list((stack.home / "programs").iterdir())) <= 3
