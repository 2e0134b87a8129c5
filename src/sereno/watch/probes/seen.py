"""What Prometheus last saw of each probe; the question and the reading of its answer are pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sereno.watch.conventions import WATCHED
from sereno.watch.model import State
from sereno.watch.ports import Prometheus
from sereno.watch.queries import together
from sereno.watch.readings import Answers

QUESTION = together(
    {
        "success": f"probe_success{{{WATCHED}}}",
        "asked": f"timestamp(probe_success{{{WATCHED}}})",
        "seconds": f"probe_duration_seconds{{{WATCHED}}}",
        "http": f"probe_http_status_code{{{WATCHED}}}",
        "certificate": f"probe_ssl_earliest_cert_expiry{{{WATCHED}}}",
    }
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The last answer: whether it was good, when it was asked for, how long it took.

    `http_status` is None where there was none (no connection, or not http), `certificate_ends_at` where there was no
    certificate.
    """

    state: State
    asked_at: datetime | None = None
    seconds: float | None = None
    http_status: int | None = None
    certificate_ends_at: datetime | None = None


NOTHING = Seen(State.UNKNOWN)


def seen(prometheus: Prometheus) -> Mapping[str, Seen]:
    """Name → the last answer, of every probe that Prometheus has asked in the last minutes. Raises Unavailable."""
    answers = Answers(prometheus.instant(QUESTION))
    return {name: _of(answers, name) for name in answers.labels("success", "instance")}


def _of(answers: Answers, name: str) -> Seen:
    status = answers.value("http", instance=name)
    return Seen(
        state=State.UP if answers.value("success", instance=name) else State.DOWN,
        asked_at=answers.moment("asked", instance=name),
        seconds=answers.value("seconds", instance=name),
        http_status=int(status) if status else None,
        certificate_ends_at=answers.moment("certificate", instance=name),
    )
