"""Writes the annotated example file from the settings' own descriptions."""

from __future__ import annotations

import json
import textwrap

from sereno.settings.model import Settings
from sereno.settings.notify import Channel, Route
from sereno.settings.own import Machine, Probe, Service
from sereno.settings.section import Section

_HEAD = """\
# Sereno's settings. Copy this file to sereno.toml and change what you need; a missing file or key means the
# value shown here. Environment variables override: SERENO_SITE__HTTPS_PORT=443. After a change: ./sereno up
"""


ENTRIES: dict[str, tuple[type[Section], dict[str, object]]] = {
    "services": (Service, {"name": "shop", "upstream": "127.0.0.1:3001"}),
    "probes": (Probe, {"name": "website", "target": "https://example.org/"}),
    "hosts": (Machine, {"name": "second", "address": "192.0.2.7:9100"}),
}
"""Lists of tables: what one entry is made of, and an example's values for the keys without a default."""

INNER: dict[str, dict[str, tuple[type[Section], dict[str, object]]]] = {
    "notify": {
        "channels": (Channel, {"name": "operators", "url": "mailto://user:password@mail.example.org"}),
        "routes": (Route, {"channels": ["operators"]}),
    }
}
"""The same for lists within a section."""


def render_example() -> str:
    """The text of `sereno.example.toml`: every section, key, default and sentence."""
    defaults = Settings()
    blocks = [_HEAD]
    for name in Settings.model_fields:
        if name in ENTRIES:
            blocks.append(_entry(name, *ENTRIES[name]))
            continue
        section: Section = getattr(defaults, name)
        lines = [f"# {type(section).__doc__}", f"[{name}]"]
        inner = INNER.get(name, {})
        for key, field in type(section).model_fields.items():
            if key in inner:
                continue
            lines += textwrap.wrap(field.description or "", 108, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{key} = {_written(getattr(section, key))}")
        blocks.append("\n".join(lines) + "\n")
        blocks += [_entry(f"{name}.{key}", *entry) for key, entry in inner.items()]
    return "\n".join(blocks)


def _entry(name: str, model: type[Section], given: dict[str, object]) -> str:
    """One entry of a list of tables, as a comment: as many as you like may stand in the file."""
    lines = [f"# {model.__doc__}", "# One such table for each; remove the # at the beginning of the lines you want."]
    lines.append(f"# [[{name}]]")
    for key, field in model.model_fields.items():
        lines += textwrap.wrap(field.description or "", 106, initial_indent="#   # ", subsequent_indent="#   # ")
        value = given.get(key, field.default)
        lines.append(f"#   {key} = {_written(value)}")
    return "\n".join(lines) + "\n"


def _written(value: object) -> str:
    """As TOML has it. A secret's default is empty, and any other is not shown."""
    return json.dumps(value, ensure_ascii=False, default=str)
