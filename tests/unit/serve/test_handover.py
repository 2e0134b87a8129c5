"""Who gets which secret in Compose."""

from __future__ import annotations

import pytest

from sereno.core.errors import UsageError
from sereno.serve.handover import KEPT, NAMED, READERS, hand_over, make_secrets, refuse_known_password
from sereno.serve.render import compose_place
from sereno.serve.secrets import LAB_GRAFANA_PASSWORD, SECRETS


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return make_secrets({}, lab=False)


def test_every_secret_is_made_and_every_password_is_long_and_another(made: dict[str, str]) -> None:
    assert set(made) == {secret.name for secret in SECRETS}
    passwords = [text for name, text in made.items() if not name.endswith(".pem")]
    assert all(len(text) >= 32 and text.isalnum() for text in passwords)
    assert len(set(passwords)) == len(passwords)


def test_what_is_kept_stays_and_what_is_derived_is_made_again(made: dict[str, str]) -> None:
    again = make_secrets(made | {"grafana-jwt-public.pem": "spoilt"}, lab=False)
    assert again == made


def test_a_half_made_set_is_completed(made: dict[str, str]) -> None:
    kept = {"mysql-root-password": made["mysql-root-password"], "mysql-app-password": ""}
    again = make_secrets(kept, lab=False)
    assert again["mysql-root-password"] == made["mysql-root-password"]
    assert len(again["mysql-app-password"]) >= 32


def test_the_classrooms_password_is_for_the_classroom_alone(made: dict[str, str]) -> None:
    lab = make_secrets(made, lab=True)
    assert lab["grafana-admin-password"] == LAB_GRAFANA_PASSWORD
    assert make_secrets(lab, lab=False)["grafana-admin-password"] != LAB_GRAFANA_PASSWORD


def test_each_reader_gets_its_own_and_no_others(made: dict[str, str]) -> None:
    files = hand_over(made, compose_place())
    by_folder = {folder: {each.name for each in files if each.folder == folder} for folder in READERS}
    assert by_folder["mysql"] == {"mysql-root-password", "mysql-users.sql"}
    assert by_folder["alertmanager"] == {"alertmanager-token"}
    assert by_folder["mysqld-exporter"] == {"mysqld-exporter.cnf"}
    assert by_folder["grafana"] == {"grafana-admin-password", "grafana-jwt-public.pem", "grafana-secret-key"}
    assert "mysql-root-password" not in by_folder["desk"]
    exporter = next(each.text for each in files if each.name == "mysqld-exporter.cnf")
    assert made["mysql-exporter-password"] in exporter
    assert not [text for name, text in made.items() if name != "mysql-exporter-password" and text in exporter]


def test_no_two_readers_of_different_secrets_are_the_same_user() -> None:
    # What backups hold lies in two folders.
    users = [user for reader, user in READERS.items() if reader not in (KEPT, "nginx", NAMED)]
    assert len(set(users)) == len(users) and 0 not in users


def test_every_statement_for_the_databases_users_is_one_line(made: dict[str, str]) -> None:
    sql = next(each.text for each in hand_over(made, compose_place()) if each.name == "mysql-users.sql")
    assert all(line.endswith(";") for line in sql.splitlines())


@pytest.mark.parametrize(
    ("lab", "bind", "lab_machine", "refused"),
    [
        (True, "0.0.0.0", False, True),
        (True, "192.168.1.4", False, True),
        (True, "0.0.0.0", True, False),
        (True, "127.0.0.1", False, False),
        (False, "0.0.0.0", False, False),
    ],
)
def test_a_known_password_is_refused_where_others_can_reach_it(
    lab: bool, bind: str, lab_machine: bool, refused: bool
) -> None:
    if refused:
        with pytest.raises(UsageError, match="known password"):
            refuse_known_password(lab=lab, operator_bind=bind, lab_machine=lab_machine)
    else:
        refuse_known_password(lab=lab, operator_bind=bind, lab_machine=lab_machine)
