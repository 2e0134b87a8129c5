"""The past as it was last known, in a file: for a desk that is started while its database is away."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sereno.core.files import replace_file
from sereno.respond.status.news import News
from sereno.respond.status.uptime import Uptime

Known = tuple[News, dict[str, Uptime]]
FILE = "past.json"

_FORM: TypeAdapter[Known] = TypeAdapter(Known)
_log = logging.getLogger(__name__)


class Remembered:
    """One file in `folder`, written whole, and only when it says something new."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._written: Known | None = None

    def keep(self, known: Known) -> None:
        """Write it. A disk that is full costs nothing but this file."""
        if known == self._written:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._file, _FORM.dump_json(known))
            self._written = known
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error.strerror)

    def read(self) -> Known | None:
        """What was kept last; None when there is nothing, or another version wrote it in another form."""
        try:
            return _FORM.validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None
