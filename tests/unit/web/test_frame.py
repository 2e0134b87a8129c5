"""What all pages share: errors in words, headers, static files, appearance, the menu."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from tests.equipment.desk import Visitor, desk_app
from tests.unit.web.conftest import Clock

from sereno.core.errors import Conflict, Forbidden, NotFound, SerenoError, Unavailable, UsageError
from sereno.database import room
from sereno.database.room import refuse_writes_without_room
from sereno.database.session import Database, make_engine
from sereno.guard.model import User
from sereno.settings import Settings
from sereno.web.auth import public
from sereno.web.own_paths import own_path
from sereno.web.request_id import accepted
from sereno.web.static_files import SOURCE, StaticFiles, hashed_name

Begin = Callable[..., Visitor]


def raising(app: Flask, error: Exception) -> None:
    def view() -> str:
        raise error

    app.add_url_rule("/broken", "broken", public(view), methods=["GET", "POST"])
    app.add_url_rule("/api/broken", "api_broken", public(view))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("u"), 400),
        (Forbidden("f"), 403),
        (NotFound("n"), 404),
        (Conflict("c"), 409),
        (Unavailable("away"), 503),
        (SerenoError("s"), 500),
        (ValueError("secret detail"), 500),
    ],
)
def test_each_kind_of_error_has_its_status_and_its_words_in_both_languages(
    tmp_path: Path, database: Database, error: Exception, status: int
) -> None:
    app = desk_app(tmp_path, database=database)
    app.testing = False  # As in production: nothing is passed on to whoever calls.
    raising(app, error)
    visitor = Visitor(app)
    english, spanish = visitor.get("/broken?lang=en"), visitor.get("/broken?lang=es")
    assert english.status_code == spanish.status_code == status
    titles = [re.search(r"<h1>(.+)</h1>", page.text)[1] for page in (english, spanish)]
    assert titles[0] != titles[1]
    assert "Traceback" not in english.text and "secret detail" not in english.text
    assert english.headers["X-Request-ID"] in english.text
    api = visitor.get("/api/broken")
    assert (api.status_code, api.mimetype) == (status, "application/problem+json")
    assert "secret detail" not in api.text


def test_a_database_that_is_away_is_told_in_words(tmp_path: Path) -> None:
    away = Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none"))
    visitor = Visitor(desk_app(tmp_path, database=away))
    visitor.client.set_cookie("sereno_session", "some token", domain="desk.test")
    for path in ("/desk", "/users"):
        answer = visitor.get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "10" and answer.headers["Cache-Control"] == "no-store"
        assert "The desk cannot answer just now" in answer.text
    assert visitor.get("/api/v1/users").status_code == 503
    assert visitor.get("/nothing").status_code == 404, "what needs no database is answered"


def test_a_full_disk_lets_people_read_and_tells_whoever_writes(
    signed_in: Begin, database: Database, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = signed_in("alice")
    refuse_writes_without_room(database.engine, tmp_path)
    monkeypatch.setattr(room, "LEAST_BYTES", 2**62)
    clock.advance(minutes=5)  # So long that her visit would be noted.
    assert "bob" in alice.get("/users").text
    english = alice.post("/users/add?lang=en", {"name": "dora", "role": "viewer"})
    spanish = alice.post("/users/add?lang=es", {"name": "dora", "role": "viewer"})
    assert english.status_code == spanish.status_code == 503
    assert "Its disk is full, so what you sent was not saved" in english.text
    assert "Su disco está lleno, así que lo que enviaste no se guardó" in spanish.text
    assert "dora" not in alice.get("/users").text
    refused = alice.api("POST", "/api/v1/users", {"name": "dora", "role": "viewer"})
    assert refused.status_code == 503 and "the disk is full" in refused.json["detail"]


def test_405_and_413_are_friendly(visitor: Visitor) -> None:
    answer = visitor.client.put("/login", base_url="https://desk.test")
    assert answer.status_code == 405 and "does not work this way" in answer.text and "POST" in answer.headers["Allow"]
    large = visitor.post("/login", {"name": "x" * 3_000_000})
    assert large.status_code == 413 and "too large" in large.text


def test_every_answer_has_a_policy_without_inline_and_is_kept_by_nobody(
    signed_in: Begin, cast: dict[str, User]
) -> None:
    alice = signed_in("alice")
    for path in ("/login", "/desk", "/users", "/users/add", "/audit", "/account", "/password", "/nothing", "/api/docs"):
        answer = alice.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text), path
        assert not re.search(r'(src|href)="(https?:)?//', answer.text), path


def test_every_field_of_every_form_has_a_label(signed_in: Begin, cast: dict[str, User]) -> None:
    alice = signed_in("alice")
    pages = ["/login", "/users/add", f"/users/{cast['bob'].id}/edit", "/audit", "/account", "/password"]
    for path in pages:
        page = alice.get(path).text if path != "/login" else Visitor(alice.client.application).get(path).text
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
            if 'type="hidden"' in field or " hidden" in field or 'type="radio"' in field:
                continue
            name = re.search(r'\bid="([^"]+)"', field)
            assert name and f'<label for="{name[1]}"' in page, (path, field)


def test_request_identifiers_from_outside_are_checked() -> None:
    assert accepted("0123456789abcdef") == "0123456789abcdef"
    for bad in (None, "", "short", "x" * 65, "a b c d e f g h", "<script>alert</script>"):
        assert re.fullmatch(r"[0-9a-f]{32}", accepted(bad))


@pytest.mark.parametrize("target", ["/", "/users?page=2", "/a/b#c"])
def test_own_paths_are_kept(target: str) -> None:
    assert own_path(target, otherwise="/desk") == target


@pytest.mark.parametrize(
    "target", [None, "", "users", "//evil", "/\\evil", "https://evil", "/\tx", "/\n/evil", " /x", "\\/evil", "/%\x00"]
)
def test_foreign_paths_are_not(target: str | None) -> None:
    assert own_path(target, otherwise="/desk") == "/desk"


def test_static_names_hold_their_contents_hash_and_are_cached_for_ever(visitor: Visitor) -> None:
    page = visitor.get("/login").text
    (sheet,) = re.findall(r'href="(/static/sereno\.[0-9a-f]{10}\.css)"', page)
    answer = visitor.get(sheet)
    assert answer.status_code == 200 and answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert visitor.get("/static/sereno.css").status_code == 404
    assert visitor.get("/static/sereno.0000000000.css").status_code == 404
    assert visitor.get("/favicon.ico").mimetype == "image/svg+xml"


def test_another_content_is_another_name() -> None:
    assert hashed_name("a.b.css", b"1") != hashed_name("a.b.css", b"2")
    assert re.fullmatch(r"a\.b\.[0-9a-f]{10}\.css", hashed_name("a.b.css", b"1"))


def test_nginx_gets_whole_copies_and_keeps_those_of_earlier_versions(tmp_path: Path) -> None:
    www = tmp_path / "static"
    www.mkdir()
    (www / "sereno.0000000000.css").write_text("earlier")
    files = StaticFiles(SOURCE)
    for _ in range(2):
        files.publish(www)
    names = {file.name for file in www.iterdir()}
    assert "sereno.0000000000.css" in names and not any(name.startswith(".") for name in names)
    name = files.url("sereno.css").rpartition("/")[2]
    assert (www / name).read_bytes() == (SOURCE / "sereno.css").read_bytes()
    assert (www / name).stat().st_mode & 0o777 == 0o644


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, database: Database) -> None:
    (tmp_path / "www").write_text("a file in the way")
    assert Visitor(desk_app(tmp_path, database=database)).get("/login").status_code == 200


def test_the_theme_is_chosen_by_who_is_signed_in_only(app: Flask, signed_in: Begin) -> None:
    alice = signed_in("alice")
    answer = alice.post("/theme", {"theme": "dark", "next": "/users"})
    assert answer.headers["Location"] == "/users"
    assert 'data-theme="dark"' in alice.get("/desk").text
    alice.post("/theme", {"theme": "<b>"})
    assert 'data-theme="dark"' in alice.get("/desk").text
    alice.post("/logout")
    assert "data-theme" not in alice.get("/login").text, "a stranger's page is the same for all"


def test_a_strangers_page_without_a_form_sets_no_cookie(visitor: Visitor) -> None:
    for path in ("/nothing", "/api/docs", "/api/v1/openapi.json"):
        assert "Set-Cookie" not in visitor.get(path).headers


def test_a_page_that_refreshes_itself_keeps_no_session_alive(signed_in: Begin, clock: Clock) -> None:
    alice = signed_in("alice")
    for _ in range(12):
        clock.advance(hours=1)
        last = alice.get("/desk", X_Live="1").status_code
    assert last == 303


def test_the_site_language_is_for_browsers_that_ask_for_neither(tmp_path: Path, database: Database) -> None:
    settings = Settings.model_validate({"site": {"language": "es"}})
    visitor = Visitor(desk_app(tmp_path, database=database, settings=settings))
    assert '<html lang="es"' in visitor.get("/login").text
    assert '<html lang="en"' in visitor.get("/login", Accept_Language="en-GB").text


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes() -> dict[str, dict[str, str]]:
    sheet = (SOURCE / "sereno.css").read_text()
    blocks = re.findall(r":root[^{]*\{([^}]*--paper[^}]*)\}", sheet)
    found = [dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return dict(zip(("light", "dark by preference", "dark by choice"), found, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark by preference", "dark by choice"])
def test_text_is_readable_on_every_ground(theme: str) -> None:
    """WCAG 2.2 AA: 4.5 for text, 3 for the edges of fields."""
    colours = themes()[theme]
    for ink in ("--ink", "--soft", "--link"):
        for ground in ("--paper", "--card", "--sunk"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ink, ground in (
        ("--night-ink", "--night"),
        ("--lamp-ink", "--lamp-wash"),
        ("--ok", "--ok-wash"),
        ("--bad", "--bad-wash"),
        ("--unknown", "--unknown-wash"),
        ("--bad", "--card"),
        ("--ink", "--lamp-wash"),
        ("--ink", "--ok-wash"),
        ("--ink", "--bad-wash"),
    ):
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ground in ("--card", "--paper"):
        assert contrast(colours["--line-strong"], colours[ground]) >= 3


def test_both_ways_to_the_dark_are_equally_dark() -> None:
    assert themes()["dark by preference"] == themes()["dark by choice"]
