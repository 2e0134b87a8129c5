"""What every table of the settings file is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from sereno.core.units import parse_duration


def _duration(text: str) -> str:
    parse_duration(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]
"""A duration as Prometheus writes it: `15s`, `2m`, `4h`, `35d`."""


class Section(BaseModel):
    """A table of the settings file: unknown keys are refused, values can't be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)
