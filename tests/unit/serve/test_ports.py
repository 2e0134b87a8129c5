from dataclasses import dataclass

import pytest

from sereno.core.errors import SerenoError
from sereno.serve.native.ports import DATABASE_SECOND_CHOICE, choose


@dataclass
class Holder:
    pid: int | None
    program: str


def holders(**taken: Holder):  # type: ignore[no-untyped-def]
    by_port = {int(port.removeprefix("p")): holder for port, holder in taken.items()}
    return by_port.get


def test_free_ports_are_taken_as_wanted() -> None:
    assert choose({"nginx": 8443, "mysql": 3306}, {}, holders()) == {"nginx": 8443, "mysql": 3306}


def test_a_database_that_is_there_already_keeps_its_port() -> None:
    chosen = choose({"mysql": 3306}, {}, holders(p3306=Holder(7, "mysqld")))
    assert chosen == {"mysql": DATABASE_SECOND_CHOICE}


def test_what_was_chosen_before_stays() -> None:
    assert choose({"mysql": 3306}, {"mysql": 13306}, holders()) == {"mysql": 13306}


def test_every_taken_port_is_told_with_its_holder() -> None:
    taken = holders(p8443=Holder(42, "apache2"), p9090=Holder(None, "a program of another user"))
    with pytest.raises(SerenoError) as refusal:
        choose({"nginx": 8443, "prometheus": 9090, "webapp": 5000}, {}, taken)
    assert "port 8443, which nginx needs, is taken by apache2 (pid 42)" in str(refusal.value)
    assert "port 9090, which prometheus needs, is taken by a program of another user" in str(refusal.value)
    assert "sereno.toml" in refusal.value.next_step


def test_both_ports_of_the_database_taken_is_an_error() -> None:
    taken = holders(p3306=Holder(7, "mysqld"), p13306=Holder(8, "other"))
    with pytest.raises(SerenoError, match="port 3306, which mysql needs, is taken by mysqld"):
        choose({"mysql": 3306}, {}, taken)
