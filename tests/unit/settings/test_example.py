import tomllib
from pathlib import Path

from sereno.settings import EXAMPLE_NAME, Settings
from sereno.settings.example import ENTRIES, INNER, render_example
from sereno.settings.section import Section

ROOT = Path(__file__).parents[3]


def test_the_checked_in_example_is_the_rendered_one() -> None:
    assert (ROOT / EXAMPLE_NAME).read_text() == render_example()


def test_the_example_holds_every_default() -> None:
    assert Settings.model_validate(tomllib.loads(render_example())) == Settings()


def test_every_setting_has_a_sentence() -> None:
    sections: dict[str, type[Section]] = {name: entry for name, (entry, _) in ENTRIES.items()}
    sections |= {name: type(getattr(Settings(), name)) for name in Settings.model_fields if name not in ENTRIES}
    assert set(sections) == set(Settings.model_fields)
    sections |= {f"{name}.{key}": entry for name, inner in INNER.items() for key, (entry, _) in inner.items()}
    for name, section in sections.items():
        for key, field in section.model_fields.items():
            assert field.description, f"{name}.{key}"


def test_the_examples_of_entries_are_settings_when_their_signs_are_removed() -> None:
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in render_example().splitlines() if "=" in line
                     or "[[" in line)  # fmt: skip
    _, signs, entries = text.partition("[[services]]")
    _, opened, within = text.partition("[[notify.channels]]")
    settings = Settings.model_validate(tomllib.loads(opened + within.partition("\nat = ")[0] + "\n" + signs + entries))
    assert settings.notify.routes[0].channels == (settings.notify.channels[0].name,)
    assert [each.name for each in (*settings.services, *settings.probes, *settings.hosts)] == [
        "shop",
        "website",
        "second",
    ]
