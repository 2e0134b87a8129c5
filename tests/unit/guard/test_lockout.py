from datetime import UTC, datetime, timedelta

import pytest

from sereno.guard.lockout import (
    DEVICE_LOSES_TRUST_AT,
    FREE_FROM_DEVICE,
    FREE_ON_ACCOUNT,
    FREE_ON_ACCOUNT_FROM_ADDRESS,
    LONGEST_WAIT,
    Failures,
    History,
    client,
    delay,
    wait,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZERO = timedelta(0)
MANY = 10_000


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (16, 900), (MANY, 900)],
)
def test_the_delay_doubles_after_the_free_attempts_and_stops_at_fifteen_minutes(count: int, seconds: int) -> None:
    assert delay(count, 5) == timedelta(seconds=seconds)


def test_a_stranger_without_history_may_try_at_once() -> None:
    assert wait(History(), now=NOW) == ZERO


def test_guessing_at_one_account_from_one_address_is_slowed() -> None:
    history = History(pair=Failures(FREE_ON_ACCOUNT_FROM_ADDRESS + 3, NOW - timedelta(seconds=3)))
    assert wait(history, now=NOW) == timedelta(seconds=5)
    assert wait(history, now=NOW + timedelta(seconds=5)) == ZERO


def test_guessing_at_many_accounts_from_one_address_is_slowed() -> None:
    assert wait(History(address=Failures(MANY, NOW)), now=NOW) == LONGEST_WAIT


def test_guessing_at_one_account_from_many_addresses_is_slowed_after_the_first_try_of_each() -> None:
    history = History(pair=Failures(1, NOW), account=Failures(FREE_ON_ACCOUNT + 20, NOW))
    assert wait(history, now=NOW) == LONGEST_WAIT


def test_an_address_without_failures_gets_its_try_whatever_others_did_to_the_account() -> None:
    assert wait(History(account=Failures(MANY, NOW)), now=NOW) == ZERO


def test_an_address_whose_failure_is_fifteen_minutes_old_gets_its_try_again() -> None:
    history = History(pair=Failures(1, NOW - LONGEST_WAIT), account=Failures(MANY, NOW))
    assert wait(history, now=NOW) == ZERO


def test_a_known_browser_is_not_stopped_by_strangers() -> None:
    storm = Failures(MANY, NOW)
    assert wait(History(pair=storm, address=storm, account=storm, device=Failures()), now=NOW) == ZERO


def test_a_known_browser_is_slowed_by_its_own_failures() -> None:
    assert wait(History(device=Failures(FREE_FROM_DEVICE + 1, NOW)), now=NOW) == timedelta(seconds=2)


def test_a_known_browser_that_fails_very_often_loses_its_privilege() -> None:
    storm = Failures(MANY, NOW)
    history = History(address=storm, device=Failures(DEVICE_LOSES_TRUST_AT, NOW - timedelta(minutes=50)))
    assert wait(history, now=NOW) == LONGEST_WAIT


def test_nobody_ever_waits_longer_than_fifteen_minutes() -> None:
    storm = Failures(MANY, NOW)
    everything = History(pair=storm, address=storm, account=storm)
    assert wait(everything, now=NOW) == LONGEST_WAIT
    assert wait(everything, now=NOW + LONGEST_WAIT) == ZERO


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::/64"),
        ("unix:", "unix:"),
    ],
)
def test_a_client_is_an_address_or_the_home_network_of_ipv6(address: str, expected: str) -> None:
    assert client(address) == expected
