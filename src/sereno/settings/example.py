"""Writes the annotated example file from the settings' own descriptions."""

from __future__ import annotations

import json
import textwrap

from sereno.settings.model import Section, Settings

_HEAD = """\
# Sereno's settings. Copy this file to sereno.toml and change what you need; a missing file or key means the
# value shown here. Environment variables override: SERENO_SITE__HTTPS_PORT=443. After a change: ./sereno up
"""


def render_example() -> str:
    """The text of `sereno.example.toml`: every section, key, default and sentence."""
    defaults = Settings()
    blocks = [_HEAD]
    for name in Settings.model_fields:
        section: Section = getattr(defaults, name)
        lines = [f"# {type(section).__doc__}", f"[{name}]"]
        for key, field in type(section).model_fields.items():
            lines += textwrap.wrap(field.description or "", 108, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{key} = {json.dumps(getattr(section, key), ensure_ascii=False)}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
