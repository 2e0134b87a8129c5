"""Every alert has help that can be followed, in both languages."""

import re

import pytest

from sereno.serve.catalogue import CATALOGUE
from sereno.settings import Settings
from sereno.watch.rules import all_alerts
from sereno.watch.runbooks import RUNBOOKS, Runbook, runbook, runbook_names
from sereno.watch.runbooks.model import Step

ALERTS = {alert.name for alert in all_alerts(Settings())}
COMMANDS = {"status", "doctor", "up", "down", "logs", "start", "stop", "restart", "watch"}
BACKUP = {"backup": {"list", "now"}, "certificate": {"show", "renew"}}
"""A room's command → those of its own that runbooks use."""

COMPONENTS = {component.name for component in CATALOGUE} | {"COMPONENT"}
CASES = [pytest.param(book, id=name) for name, book in RUNBOOKS.items()]


def steps(book: Runbook) -> tuple[Step, ...]:
    return (*book.look, *book.mend)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert set(RUNBOOKS) == ALERTS
    assert runbook_names(Settings()) == tuple(sorted(ALERTS))


@pytest.mark.parametrize("book", CASES)
def test_a_runbook_says_what_it_means_where_to_look_and_what_mends_it(book: Runbook) -> None:
    assert book.look
    assert book.mend
    for text in (book.meaning, *(step.text for step in steps(book))):
        assert text.en.endswith(".")
        assert text.es.endswith(".")
        assert text.en != text.es


@pytest.mark.parametrize("book", CASES)
def test_commands_exist_and_name_components_that_exist(book: Runbook) -> None:
    for step in steps(book):
        for command, component in re.findall(r"\./sereno (\w+)(?: ([\w-]+))?", step.command):
            assert command in COMMANDS | BACKUP.keys()
            assert not component or component.startswith("--") or component in BACKUP.get(command, COMPONENTS)


@pytest.mark.parametrize("book", CASES)
def test_other_alerts_that_are_named_exist(book: Runbook) -> None:
    for text in (book.meaning, *(step.text for step in steps(book))):
        names = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")
        known = ALERTS | {"MariaDB"}
        assert set(names.findall(text.en)) <= known
        assert set(names.findall(text.en)) == set(names.findall(text.es))


def test_a_runbook_is_given_in_the_readers_language_with_its_rule() -> None:
    english, spanish = runbook("HighCpuUsage", "en"), runbook("HighCpuUsage", "es")
    assert english is not None
    assert spanish is not None
    assert english.meaning != spanish.meaning
    assert english.look[0].command == spanish.look[0].command
    assert (english.lasting, english.severity) == ("2m", "warning")
    assert english.expr.endswith("> 80")


def test_an_alert_that_is_not_ours_has_none() -> None:
    assert runbook("SomebodyElses", "en") is None
