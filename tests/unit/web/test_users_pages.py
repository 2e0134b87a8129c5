"""The pages for accounts and the audit trail, as forms without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.equipment.desk import Visitor

from sereno.database.session import Database
from sereno.guard import service
from sereno.guard.model import User

Begin = Callable[..., Visitor]


@pytest.fixture
def alice(signed_in: Begin) -> Visitor:
    return signed_in("alice")


def test_a_new_user_gets_a_password_that_is_shown_once(alice: Visitor) -> None:
    answer = alice.post("/users/add", {"name": "Dora", "role": "operator", "language": "es"})
    assert answer.status_code == 201
    password = re.search(r'class="secret">([^<]+)<', answer.text)[1]
    assert password not in alice.get("/users").text
    dora = Visitor(alice.client.application)
    welcome = dora.sign_in("dora", password)
    assert welcome.headers["Location"] == "/password"
    assert any(cookie.startswith("lang=es") for cookie in welcome.headers.getlist("Set-Cookie"))
    assert "Cambia tu contraseña" in dora.get("/password").text


@pytest.mark.parametrize(
    ("name", "said"), [("", "2 to 64"), ("two words", "2 to 64"), ("BOB", "Another account has this name")]
)
def test_a_refused_user_shows_the_form_again_as_typed(alice: Visitor, name: str, said: str) -> None:
    answer = alice.post("/users/add", {"name": name, "role": "operator"})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text and 'aria-describedby="name-said"' in answer.text
    assert f'value="{name}"' in answer.text
    assert re.search(r'value="operator" checked', answer.text)


def test_a_name_with_markup_is_shown_as_text(alice: Visitor) -> None:
    answer = alice.post("/users/add", {"name": '"><script>x</script>', "role": "viewer"})
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;x" in answer.text


def test_a_user_is_edited(alice: Visitor, cast: dict[str, User], database: Database) -> None:
    number = cast["charlie"].id
    assert re.search(r'value="viewer" checked', alice.get(f"/users/{number}/edit").text)
    alice.post(f"/users/{number}/edit", {"name": "carlos", "role": "admin", "language": "es"})
    with database.unit_of_work() as session:
        user = service.user(session, number)
    assert (user.name, user.role.value, user.language) == ("carlos", "admin", "es")
    assert "carlos has been saved" in alice.get("/users").text


def test_the_last_administrator_cannot_be_removed_by_page(alice: Visitor, cast: dict[str, User]) -> None:
    number = cast["alice"].id
    alice.post(f"/users/{number}/disable")
    assert "This is your own account" in alice.get("/users").text
    alice.post(f"/users/{number}/delete")
    assert "This is your own account" in alice.get("/users").text
    answer = alice.post(f"/users/{number}/edit", {"name": "alice", "role": "viewer"})
    assert answer.status_code == 422 and "This is your own account" in answer.text
    assert alice.get("/users").status_code == 200


def test_deleting_asks_first(alice: Visitor, cast: dict[str, User]) -> None:
    number = cast["bob"].id
    assert "Delete bob?" in alice.get(f"/users/{number}/delete").text
    alice.post(f"/users/{number}/delete")
    page = alice.get("/users").text
    assert "bob has been deleted" in page and f"/users/{number}/edit" not in page
    assert alice.get(f"/users/{number}/edit").status_code == 404


def test_a_reset_ends_the_sessions_and_shows_a_password(
    alice: Visitor, signed_in: Begin, cast: dict[str, User]
) -> None:
    bob = signed_in("bob", address="192.0.2.9")
    answer = alice.post(f"/users/{cast['bob'].id}/reset-password")
    password = re.search(r'class="secret">([^<]+)<', answer.text)[1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert bob.get("/desk").status_code == 303
    assert bob.sign_in("bob", password).headers["Location"] == "/password"


def test_the_trail_tells_who_did_what_and_no_secret(alice: Visitor, cast: dict[str, User]) -> None:
    password = re.search(r'class="secret">([^<]+)<', alice.post("/users/add", {"name": "dora", "role": "viewer"}).text)[
        1
    ]
    alice.post(f"/users/{cast['bob'].id}/edit", {"name": "bob", "role": "viewer"})
    page = alice.get("/audit").text
    assert "Account added" in page and "dora" in page and "192.0.2.1" in page
    assert "<del>Operator</del>" in page and "<ins>Viewer</ins>" in page
    assert password not in page and "argon2" not in page
    only = alice.get("/audit?action=user.edit&text=bob&since=2026-11-24&until=2026-11-24").text
    assert "<del>Operator</del>" in only and "dora" not in only
    assert "Nothing fits this search" in alice.get("/audit?text=nobody-of-that-name").text
    assert alice.get("/audit?since=yesterday&until=9999-12-31&before=x").status_code == 200
    assert alice.get(f"/audit?before={10**30}").status_code == 200
    assert alice.get(f"/users/{10**30}/edit").status_code == 404


def test_the_trail_has_pages(alice: Visitor, database: Database, cast: dict[str, User]) -> None:
    for number in range(55):
        alice.post(f"/users/{cast['bob'].id}/{'disable' if number % 2 == 0 else 'enable'}")
    first = alice.get("/audit?text=bob")
    older = re.search(r'href="(/audit\?[^"]+)">Older', first.text)[1].replace("&amp;", "&")
    assert "text=bob" in older and "before=" in older
    assert alice.get(older).text.count("<time") == 5


def test_the_language_of_the_account_is_chosen_and_kept(alice: Visitor, database: Database) -> None:
    alice.post("/account/language", {"language": "es"})
    assert "Tu cuenta" in alice.get("/account").text
    with database.unit_of_work() as session:
        assert service.user_named(session, "alice").language == "es"


def test_doors_and_menu_show_only_what_the_role_may_open(signed_in: Begin) -> None:
    desks = {name: signed_in(name).get("/desk").text for name in ("alice", "bob", "charlie")}
    assert 'href="/users"' in desks["alice"] and 'href="/audit"' in desks["alice"]
    assert 'href="/prometheus/"' in desks["bob"] and 'href="/users"' not in desks["bob"]
    assert 'href="/grafana/"' in desks["charlie"] and 'href="/prometheus/"' not in desks["charlie"]
    assert 'href="/users"' not in desks["charlie"]


def test_every_link_of_the_desk_is_answered(alice: Visitor) -> None:
    links = set(re.findall(r'href="(/[^"]*)"', alice.get("/desk").text))
    behind_nginx = {"/grafana/", "/prometheus/", "/alertmanager/"}
    dead = [link for link in links - behind_nginx if alice.get(link.replace("&amp;", "&")).status_code >= 400]
    assert [link for link in dead if not link.startswith("/?") and link != "/"] == []
