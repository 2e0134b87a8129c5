"""Reads `sereno.toml` and the environment into `Settings`, or says exactly what is wrong.

Order: defaults, then the file, then `SERENO_SECTION__KEY` from the environment.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sereno.core.errors import SettingsError
from sereno.settings.address import check_address
from sereno.settings.consistency import check_own
from sereno.settings.model import Settings

FILE_NAME = "sereno.toml"
EXAMPLE_NAME = "sereno.example.toml"
_PREFIX = "SERENO_"
_SECRET = frozenset({"url", "heartbeat_url", "fallback_webhook"})


def load_settings(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """Settings from `file` (None or missing: defaults) with the environment's overrides.

    Raises SettingsError naming the key's path, the value, what is allowed and the nearest right spelling.
    """
    tree = _read(file) if file is not None and file.exists() else {}
    for path, value in _overrides(environment):
        section, name = path
        tree.setdefault(section, {})
        if isinstance(tree[section], dict):
            tree[section][name] = value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise SettingsError(
            "\n".join(_explain(detail, tree) for detail in error.errors()),
            next_step=f"every setting with its default and a sentence is in {EXAMPLE_NAME}",
        ) from error
    check_address(settings)
    check_own(settings)
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}", next_step="mend that line and run again") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}", next_step="check its owner and mode") from error


def overridden(environment: Mapping[str, str]) -> list[str]:
    """The names of those environment variables that override a setting."""
    return [name for name in sorted(environment) if name.startswith(_PREFIX) and "__" in name.removeprefix(_PREFIX)]


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Environment entries of the form SERENO_SECTION__KEY; others (such as SERENO_HOME) are not settings."""
    for name, value in sorted(environment.items()):
        section, separator, key = name.removeprefix(_PREFIX).partition("__")
        if name.startswith(_PREFIX) and separator:
            yield (section.lower(), key.lower()), value


def _explain(detail: ErrorDetails, tree: Mapping[str, Any]) -> str:
    path = _path(detail["loc"], tree)
    if detail["type"] == "missing":
        return f"{path} is missing"
    if detail["type"] == "extra_forbidden":
        return f"{path} is not a setting{_nearest(detail['loc'])}"
    message = detail["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(detail["input"], dict) else f" = {_shown(detail['input'], detail['loc'])!r}"
    return f"{path}{shown}: {message[0].lower()}{message[1:]}"


def _shown(value: object, location: tuple[int | str, ...]) -> object:
    """The value as it may be told: addresses carry passwords and tokens, and a table may hold some."""
    hides = (location and location[-1] in _SECRET) or ("notify" in location[:1] and isinstance(value, list))
    return "(not shown)" if hides else value


def _path(location: tuple[int | str, ...], tree: Any) -> str:
    """A key's path as people find it: `services[2] (shop).upstream`, counted from 1 and with the entry's name."""
    path = ""
    for part in location:
        try:
            tree = tree[part]
        except (LookupError, TypeError):
            tree = None
        if isinstance(part, int):
            name = tree.get("name") if isinstance(tree, dict) else None
            path += f"[{part + 1}]" + (f" ({name})" if isinstance(name, str) else "")
        else:
            path += f".{part}" if path else part
    return path


def _nearest(location: tuple[int | str, ...]) -> str:
    """The likeliest meant spelling for the last part of a key's path, or what the section offers."""
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        inner = next(iter(get_args(annotation)), annotation)
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ""
        model = inner
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    if close:
        keys = [part for part in location[:-1] if isinstance(part, str)]
        return f"; did you mean {'.'.join([*keys, close[0]])}?"
    return f"; known here: {', '.join(known)}"
