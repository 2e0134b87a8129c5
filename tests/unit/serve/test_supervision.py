"""What Supervisor is told of settings that the environment overrides."""

from __future__ import annotations

import configparser
from dataclasses import replace

import pytest
from supervisor.datatypes import dict_of_key_value_pairs
from tests.unit.serve.test_low_ports import PLACE

from sereno.core.errors import UsageError
from sereno.serve.catalogue import CATALOGUE
from sereno.serve.native.supervision import supervisord_conf


def environment_of(component: str, overrides: dict[str, str]) -> dict[str, str]:
    """What Supervisor would give the component, read as it reads it."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(supervisord_conf(replace(PLACE, overrides=overrides), CATALOGUE))
    told = parser[f"program:{component}"]["environment"].replace("%%", "%")
    return dict(dict_of_key_value_pairs(told))


@pytest.mark.parametrize("value", ["Aula 7", "50%", 'a "quoted" word', "it's", "a,b", ""])
def test_the_desk_is_told_what_the_environment_of_up_overrides(value: str) -> None:
    assert environment_of("webapp", {"SERENO_STATUS_PAGE__TITLE": value})["SERENO_STATUS_PAGE__TITLE"] == value
    assert "SERENO_STATUS_PAGE__TITLE" not in environment_of("prometheus", {"SERENO_STATUS_PAGE__TITLE": value})


def test_what_supervisor_cannot_be_told_is_refused() -> None:
    with pytest.raises(UsageError, match="both kinds of quotes"):
        environment_of("webapp", {"SERENO_STATUS_PAGE__TITLE": 'it\'s "it"'})
