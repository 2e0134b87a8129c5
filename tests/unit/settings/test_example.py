import tomllib
from pathlib import Path

from sereno.settings import EXAMPLE_NAME, Settings
from sereno.settings.example import render_example
from sereno.settings.model import Section

ROOT = Path(__file__).parents[3]


def test_the_checked_in_example_is_the_rendered_one() -> None:
    assert (ROOT / EXAMPLE_NAME).read_text() == render_example()


def test_the_example_holds_every_default() -> None:
    assert Settings.model_validate(tomllib.loads(render_example())) == Settings()


def test_every_setting_has_a_sentence() -> None:
    for name in Settings.model_fields:
        section: Section = getattr(Settings(), name)
        for key, field in type(section).model_fields.items():
            assert field.description, f"{name}.{key}"
