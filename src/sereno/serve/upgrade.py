"""An upgrade that does not become healthy is taken back: the words for it, the same on every platform."""

from __future__ import annotations

from collections.abc import Callable

from sereno.core.errors import SerenoError
from sereno.serve.platforms import Narrator


def taken_back(error: SerenoError, narrator: Narrator, go_back: Callable[[], bool]) -> SerenoError:
    """Tell `error`, start what ran before by `go_back` (whether that became healthy), and answer what to raise."""
    narrator.tell(error)
    narrator.step("this state of the program did not become healthy: going back to the one before")
    if not go_back():
        return SerenoError(
            "neither this state of the program nor the one before becomes healthy",
            next_step="read the lines above, from the first error on; your data is untouched",
        )
    return SerenoError(
        "the program was not upgraded: the state before it runs again, and your data is untouched",
        next_step="read the first error above; mend it (or git checkout what ran before), then ./sereno up",
    )
