"""What the views are given to work with, and how they find it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from flask import current_app

from sereno.core.clock import Clock
from sereno.database.session import Database
from sereno.wiring import Surroundings


@dataclass(slots=True)
class Desk:
    """The collaborators of one application; a room adds its own neighbours to `neighbours` by name."""

    surroundings: Surroundings
    database: Database
    clock: Clock
    neighbours: dict[str, Any] = field(default_factory=dict)


def desk() -> Desk:
    """The desk of the application that answers the present request."""
    return cast(Desk, current_app.extensions["sereno"])
