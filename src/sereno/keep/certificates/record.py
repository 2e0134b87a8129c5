"""The report as JSON, in the file by which the worker tells pages and commands. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sereno.core.clock import parse_rfc3339, rfc3339
from sereno.keep.certificates.model import Attempt, Held, Report, Window

FILE_NAME = "certificates.json"


def told(report: Report) -> dict[str, Any]:
    """The report as plain values, times in RFC 3339."""
    plain: dict[str, Any] = _plain(asdict(report))
    return plain


def written(report: Report) -> str:
    """The text of the file."""
    return json.dumps(told(report), indent=2, ensure_ascii=False) + "\n"


def read(text: str) -> Report | None:
    """What `written` gave; None for anything else, such as the file of another version."""
    try:
        found: dict[str, Any] = json.loads(text)
        held, window = found.pop("held"), found.pop("window")
        attempts = found.pop("attempts")
        return Report(
            **{
                **found,
                "made_at": parse_rfc3339(found["made_at"]),
                "wanted": tuple(found["wanted"]),
                "planned_at": _moment(found["planned_at"]),
                "chosen_at": _moment(found["chosen_at"]),
                "held": None if held is None else _held(held),
                "window": None if window is None else _window(window),
                "attempts": tuple(Attempt(**{**each, "at": parse_rfc3339(each["at"])}) for each in attempts),
            }
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _held(found: dict[str, Any]) -> Held:
    times = {name: parse_rfc3339(found[name]) for name in ("not_before", "not_after")}
    return Held(**{**found, **times, "names": tuple(found["names"])})


def _window(found: dict[str, Any]) -> Window:
    return Window(**{**found, **{name: parse_rfc3339(found[name]) for name in ("start", "end", "ask_again_at")}})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_rfc3339(text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
