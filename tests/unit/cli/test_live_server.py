"""What `doctor --live` says of own services, probes, certificate, backups and the next boot, by what is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sereno.cli.live_server import Promises, ServerChecks

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BACKUP = "sereno_backup_{}".format
SINCE, MADE, PROVEN = (
    BACKUP("expected_since_timestamp_seconds"),
    BACKUP("last_success_timestamp_seconds"),
    BACKUP("last_proven"),
)
CERTIFICATE = "sereno_certificate_served"
SERVICES, FILE = 'probe_success{source="service"}', 'probe_success{source="file"}'


def hours_ago(hours: float) -> float:
    return NOW.timestamp() - 3600 * hours


def told(promises: Promises, **measured: dict[str, float] | float) -> dict[str, str | None]:
    """Sentence → what is wrong; `measured` is given by the names above: instance → value, or one value."""
    by_expression = {globals()[name]: value for name, value in measured.items()}

    def query(expression: str) -> list[dict[str, Any]]:
        found = by_expression.get(expression, {})
        samples = found if isinstance(found, dict) else {"": found}
        return [{"metric": {"instance": name}, "value": [0, str(value)]} for name, value in samples.items()]

    return {sentence: check() for sentence, check in ServerChecks(promises, query, now=lambda: NOW).checks()}


def test_what_the_settings_do_not_name_is_left_out() -> None:
    assert len(told(Promises())) == 2
    every = Promises(("shop",), ("mail",), ("second",), lambda: True)
    assert len(told(every)) == 6


def test_a_service_that_does_not_answer_and_one_that_was_not_asked_are_named() -> None:
    promises = Promises(services=("shop", "bakery", "new"))
    sentence = "Each service of your own answers through Nginx"
    assert told(promises, SERVICES={"shop": 1, "bakery": 0})[sentence] == "no answer: bakery; not asked yet: new"
    assert told(promises, SERVICES={"shop": 1, "bakery": 1, "new": 1})[sentence] is None


def test_a_probe_of_the_file_that_fails_is_named() -> None:
    sentence = "Each probe of sereno.toml is answered as it should be"
    assert told(Promises(probes=("mail",)), FILE={"mail": 0, "other": 0})[sentence] == "no answer: mail"


@pytest.mark.parametrize(("shown", "wrong"), [({"": 1}, False), ({}, True), ({"": 0}, True), ({"a": 1, "b": 0}, True)])
def test_each_certificate_has_to_be_the_one_on_the_disk(shown: dict[str, float], wrong: bool) -> None:
    found = told(Promises(), CERTIFICATE=shown)["The certificate that visitors get is the one on the disk"]
    assert (found is not None) is wrong


@pytest.mark.parametrize(
    ("since", "made", "proven", "words"),
    [
        (hours_ago(1), 0, 1, None),
        (hours_ago(900), hours_ago(20), 1, None),
        (hours_ago(900), hours_ago(27), 1, "the last one is 27 hours old: ./sereno backup now"),
        (hours_ago(27), 0, 1, "there has never been one"),
        (hours_ago(900), hours_ago(2), 0, "the last one is not proven: ./sereno backup list"),
    ],
)
def test_the_backup_is_fresh_and_proven_or_not_due_yet(
    since: float, made: float, proven: float, words: str | None
) -> None:
    found = told(Promises(), SINCE=since, MADE=made, PROVEN=proven)
    assert found["Each night has its backup, proven to restore"] == words


def test_a_worker_that_tells_nothing_of_backups_is_named() -> None:
    assert "worker" in str(told(Promises(), MADE=hours_ago(2))["Each night has its backup, proven to restore"])


def test_a_machine_that_would_not_start_it_again_is_told() -> None:
    sentence = "Everything comes back after a reboot"
    assert told(Promises(comes_back=lambda: True))[sentence] is None
    assert "sudo ./sereno up" in str(told(Promises(comes_back=lambda: False))[sentence])
