"""Everything that a page says, it says in both languages."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Message as Translated
from babel.messages.pofile import read_po
from flask import Flask
from tests.equipment.desk import Visitor
from tests.equipment.messages import Message, marked_messages

from sereno.web.i18n import TRANSLATIONS, chosen_language, load_catalogue

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}")


def translated() -> list[tuple[str, Translated]]:
    found = []
    for file in sorted((TRANSLATIONS / "es").glob("*.po")):
        with file.open("rb") as source:
            found += [(file.name, message) for message in read_po(source, locale="es") if message.id]
    return found


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else message.id


def test_there_are_messages_from_sources_and_templates() -> None:
    places = [message.place for message in marked_messages()]
    assert any(".py:" in place for place in places) and any(".html:" in place for place in places)


def test_no_message_lacks_a_translation() -> None:
    spanish = {message.id if isinstance(message.id, str) else message.id[0] for _, message in translated()}
    missing = [f'{message.place}: msgid "{ids(message)[0]}"' for message in marked_messages()]
    missing = [line for line, message in zip(missing, marked_messages(), strict=True) if ids(message)[0] not in spanish]
    assert not missing, "add to translations/es/<room>.po:\n" + "\n".join(missing)


def test_no_translation_is_empty_or_doubtful() -> None:
    bad = [
        (file, message.id)
        for file, message in translated()
        if message.fuzzy or not all([message.string] if isinstance(message.string, str) else message.string)
    ]
    assert bad == []


def test_no_translation_is_left_over() -> None:
    marked = {text for message in marked_messages() for text in ids(message)}
    left_over = [
        (file, message.id)
        for file, message in translated()
        if (message.id if isinstance(message.id, str) else message.id[0]) not in marked
    ]
    assert left_over == []


def test_translations_fill_in_the_same_values() -> None:
    different = [
        (file, message.id, message.string)
        for file, message in translated()
        if isinstance(message.id, str)
        and sorted(PLACEHOLDER.findall(message.id)) != sorted(PLACEHOLDER.findall(message.string))
    ]
    assert different == []


def test_rooms_translate_a_shared_message_alike() -> None:
    seen: dict[object, object] = {}
    different = [m.id for _, m in translated() if seen.setdefault(m.id, m.string) != m.string]
    assert different == []


def test_plurals_follow_the_spanish_rule() -> None:
    assert load_catalogue("es").plural(1) == 0
    assert load_catalogue("es").plural(2) == 1


@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "default", "language"),
    [
        (None, None, None, "es", "es"),
        (None, None, "en", "es", "en"),
        (None, "es", "en", "en", "es"),
        ("en", "es", "es", "es", "en"),
        ("fr", "xx", None, "es", "es"),
    ],
)
def test_the_language_is_the_first_choice_that_is_spoken(
    query: str | None, cookie: str | None, accepted: str | None, default: str, language: str
) -> None:
    assert chosen_language(query, cookie, accepted, default) == language


def test_a_browsers_language_is_honoured_and_a_choice_is_kept(app: Flask) -> None:
    spanish = Visitor(app)
    assert "<h1>Aquí no hay nada</h1>" in spanish.get("/nothing", Accept_Language="es-CO,es;q=0.9,en;q=0.5").text
    assert '<html lang="en"' in spanish.get("/nothing", Accept_Language="fr").text
    chosen = Visitor(app)
    assert '<html lang="es"' in chosen.get("/login?lang=es").text
    assert '<html lang="es"' in chosen.get("/login", Accept_Language="en").text
    answer = chosen.get("/login")
    assert not any("lang=" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_the_language_links_keep_the_rest_of_the_address(app: Flask) -> None:
    page = Visitor(app).get("/login?next=%2Fusers&lang=es").text
    assert 'href="/login?next=%2Fusers&amp;lang=en"' in page
