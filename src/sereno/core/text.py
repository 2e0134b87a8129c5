"""A sentence in both languages that Sereno speaks."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in English and Spanish."""

    en: str
    es: str

    def in_language(self, language: str) -> str:
        """The words in `language` (`en` or `es`); English for any other."""
        return self.es if language == "es" else self.en
