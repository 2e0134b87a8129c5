"""What a component says of itself when it is healthy, but cannot do its work yet, or never will. Pure."""

from __future__ import annotations

import json

READY_SECONDS = 30
WHEN_REFUSED = "start the newer version of Sereno again, or restore the backup made before it was"


def what_it_says(text: str) -> tuple[bool, str]:
    """Whether an answer of "not ready" is one for good, and its words."""
    try:
        said = json.loads(text)
        return said.get("status") == "refused", str(said.get("detail", ""))
    except (ValueError, AttributeError):
        return False, text.strip()[:200]
