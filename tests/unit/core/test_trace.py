"""A caller's trace goes on; whatever is no trace begins a new one."""

from __future__ import annotations

import pytest

from sereno.core.trace import continued

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_callers_trace_goes_on_in_a_step_of_our_own() -> None:
    ours = continued(f"00-{TRACE}-{SPAN}-01")
    assert (ours.trace_id, ours.flags) == (TRACE, "01")
    assert ours.span_id != SPAN
    assert ours.header() == f"00-{TRACE}-{ours.span_id}-01"


def test_a_later_version_may_say_more() -> None:
    assert continued(f"01-{TRACE}-{SPAN}-01-more").trace_id == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
    ],
)
def test_what_is_no_trace_begins_a_new_one(header: str | None) -> None:
    first, second = continued(header), continued(header)
    assert len(first.trace_id) == 32 and len(first.span_id) == 16
    assert first.trace_id not in (TRACE, second.trace_id)
