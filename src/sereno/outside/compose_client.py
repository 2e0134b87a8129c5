"""Which Compose client is here: `docker-compose` of the first generation, or the second in either of its forms."""

from __future__ import annotations

import re
import subprocess

_CANDIDATES = (("docker-compose",), ("docker", "compose"))
"""The seed's steps type the first, and the two generations make each other's containers anew: so it goes first."""

OLDEST = (1, 29)
"""The first that waits for a one-shot's success (`service_completed_successfully`)."""


def find_client(made_by: str = "") -> tuple[str, ...] | None:
    """The command of a client that is new enough and gets on with the engine; None when there is none.

    `made_by` is the version of Compose that made the containers that are already there: its generation is preferred.
    """
    usable = [(words, version) for words in _CANDIDATES if (version := _version(words)) is not None]
    fitting = [words for words, version in usable if version >= OLDEST and _speaks(words)]
    same = [words for words, version in usable if words in fitting and made_by and version[0] == _numbers(made_by)[0]]
    return next(iter(same or fitting), None)


def _version(words: tuple[str, ...]) -> tuple[int, ...] | None:
    said = _ask([*words, "version", "--short"])
    return _numbers(said) if said and re.match(r"v?\d", said) else None


def _speaks(words: tuple[str, ...]) -> bool:
    """Whether it and the engine understand each other: the first generation is too old for the newest engines."""
    looking = [*words, "--file", "/dev/stdin", "ps", "--quiet"]
    return words[0] == "docker" or _ask(looking, "services: {a: {image: a}}") is not None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", text)[:3]) or (0,)


def _ask(argv: list[str], given: str = "") -> str | None:
    """What a command says on its standard output; None when it is missing or fails."""
    try:
        done = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
