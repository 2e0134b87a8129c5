"""The W3C trace context: which request, perhaps of another program, the present work belongs to.

Source: W3C Recommendation "Trace Context", version 00: `traceparent: 00-<32 hex>-<16 hex>-<2 hex>`.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

HEADER = "traceparent"
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of a trace: `trace_id` is the whole request's, `span_id` this step's own."""

    trace_id: str
    span_id: str
    flags: str

    def header(self) -> str:
        """The value of `traceparent` by which the next program goes on with this trace."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of the present work; None outside of any."""


def continued(header: str | None) -> Trace:
    """A step of the trace that `header` names; the first step of a new one when it names none that is valid."""
    match = _FORM.fullmatch(header or "")
    if match is None or not _is_valid(match[1], match[2], match[3], match[5]):
        return Trace(secrets.token_hex(16), secrets.token_hex(8), "00")
    return Trace(match[2], secrets.token_hex(8), match[4])


def _is_valid(version: str, trace_id: str, parent_id: str, rest: str | None) -> bool:
    """Version ff and identifiers of zeros are forbidden; only a later version may say more."""
    return version != "ff" and (version != "00" or rest is None) and int(trace_id, 16) > 0 and int(parent_id, 16) > 0
