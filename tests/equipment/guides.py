"""The guides in docs/: their blocks of code, and a room in which they are typed as they stand."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.equipment.compose import copy_tracked
from tests.equipment.prepared import prepare

DOCS = Path(__file__).parents[2] / "docs"
_END = "<the block has ended with "


@dataclass(frozen=True)
class Block:
    """A block of code: its language, and its text."""

    language: str
    text: str


def blocks(name: str) -> list[Block]:
    """The blocks of the guide `name`, in their order."""
    text = (DOCS / name).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(language, code) for language, code in found]


class Room:
    """A clone on a machine of its own as far as networks go, so that every port is where guides say. Needs root.

    One shell types everything. What it has started ends with it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sereno-guide-"))
        self.folder.chmod(0o755)
        self.clone = self.folder / "sereno"
        (self.folder / "user").mkdir()
        self.clone.mkdir()
        copy_tracked(self.clone)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("SERENO_", "PYTHON"))}
        environment = kept | {"HOME": str(self.folder / "user"), "SERENO_HOME": str(self.folder / "home")}
        # There is no network by which the launcher could fetch Python's packages.
        prepare(self.folder / "home")
        self._shell = subprocess.Popen(
            ["unshare", "--net", "--mount", "bash", "--noprofile", "--norc"],
            cwd=self.clone,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        # The desk's processes count in files there, which are named by their ports.
        self.type("ip link set lo up && mount -t tmpfs tmpfs /dev/shm")

    def type(self, text: str) -> str:
        """Type `text`, which has to end well; what is printed."""
        assert self._shell.stdin is not None and self._shell.stdout is not None
        self._shell.stdin.write(f"(set -eo pipefail\n{text}\n) </dev/null\nended=$?; echo; echo '{_END}'$ended\n")
        self._shell.stdin.flush()
        said: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(_END):
                assert line.strip() == f"{_END}0", f"{text}\n{''.join(said)}\n{line}"
                return "".join(said)
            said.append(line)
        raise AssertionError(f"the shell has gone: {text}\n{''.join(said)}")

    def follow(self, guide: list[Block]) -> None:
        """Type every block for a shell; after one, a block of plain text says what has to be among what is printed."""
        said = ""
        for block in guide:
            if block.language == "bash":
                said = self.type(block.text)
            elif block.language == "text":
                missing = [line for line in block.text.splitlines() if line.strip() not in said]
                assert not missing, f"not printed: {missing}\n{said}"

    def close(self) -> None:
        if (self.folder / "home/state.json").exists() and self._shell.poll() is None:
            self.type("./sereno down")
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
