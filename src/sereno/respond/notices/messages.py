"""What a notice says, in one language: a subject, a plain text, and the same in Markdown. Pure.

Titles, severities and components come from alerts' labels, which anyone may have written: they are cut to one line of
signs that can be printed, and in Markdown they mean nothing but themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sereno.core.text import Text
from sereno.respond.incidents.model import BY_ALERTS, Event, Incident, Kind

SUBJECT_LENGTH = 180
TEXT_LENGTH = 3000
LISTED = 15

STAGES = {
    "opened": Text("Opened", "Abierto"),
    "severity-raised": Text("Severity raised", "Gravedad mayor"),
    "acknowledged": Text("Acknowledged", "Reconocido"),
    "published": Text("Told in public", "Publicado"),
    "resolved": Text("Resolved", "Resuelto"),
    "reopened": Text("Reopened", "Reabierto"),
}
_SEVERITY = Text("Severity", "Gravedad")
_AFFECTED = Text("Affected", "Afecta a")
_SINCE = Text("Since", "Desde")
_BY = Text("by", "por")
_BY_ITSELF = Text("by itself", "por sí solo")
_TEST = Text("Test of notices", "Prueba de avisos")
_TEST_WORDS = Text(
    "This is a test. Whoever reads it is reached by the channel “{channel}”.",
    "Esto es una prueba. A quien la lee le llegan los avisos del canal «{channel}».",
)
_MORE = Text("{count} further notices in one", "{count} avisos más en uno")
_MORE_WORDS = Text(
    "The limit of {limit} messages an hour is reached; these were held back:",
    "Se alcanzó el límite de {limit} mensajes por hora; estos se retuvieron:",
)
_AND_MORE = Text("and {count} more", "y {count} más")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~])")


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. The subject has no line's end."""

    title: str
    text: str
    markdown: str


@dataclass(frozen=True, slots=True)
class Voice:
    """How messages speak: `en` or `es`, the site's address, and the zone of times."""

    language: str
    base_url: str
    zone: str = "UTC"

    def say(self, text: Text) -> str:
        """The words in the language."""
        return text.in_language(self.language)

    def time(self, moment: datetime) -> str:
        """A moment with its zone."""
        return f"{moment.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M:%S %Z}"


def one_line(text: str, length: int = SUBJECT_LENGTH) -> str:
    """The text on one line, without signs that control or cannot be printed."""
    seen = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    line = " ".join(seen.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def plain(text: str, length: int = TEXT_LENGTH) -> str:
    """The text with its lines, without other signs that control."""
    lines = (one_line(line, length) for line in text.splitlines())
    return "\n".join(lines)[:length]


def as_markdown(text: str) -> str:
    """Words that mean nothing in Markdown, and call nobody by name."""
    escaped = _MARKDOWN.sub(r"\\\1", text).replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("@", "@\u200b")


def about(incident: Incident, events: Sequence[Event], voice: Voice) -> Message:
    """The message about what has happened to an incident: `events` are its stages, oldest first."""
    stages = list(dict.fromkeys(event.kind.value for event in events))
    said = " · ".join(voice.say(STAGES[stage]) for stage in stages if stage in STAGES)
    name = one_line(incident.title.in_language(voice.language) or incident.title.en)
    link = f"{voice.base_url}/incidents/{incident.id}"
    facts = [
        (voice.say(_SEVERITY), one_line(incident.severity, 64)),
        (voice.say(_AFFECTED), one_line(", ".join(incident.components), 200)),
        (voice.say(_SINCE), voice.time(incident.opened_at)),
    ]
    facts = [(what, value) for what, value in facts if value]
    told = [(_heading(event, voice), plain(event.text)) for event in events]
    text = [name, *(f"{what}: {value}" for what, value in facts), ""]
    markdown = [f"**{as_markdown(name)}**", *(f"{what}: {as_markdown(value)}" for what, value in facts), ""]
    for heading, words in told:
        text += [heading, *([words] if words else [])]
        markdown += [f"- {as_markdown(heading)}", *([as_markdown(words)] if words else [])]
    return Message(
        one_line(f"[{one_line(incident.severity, 20)}] {said}: {name}"),
        "\n".join([*text, "", link]),
        "\n".join([*markdown, "", link]),
    )


def _heading(event: Event, voice: Voice) -> str:
    stage = voice.say(STAGES[event.kind.value]) if event.kind.value in STAGES else event.kind.value
    if event.kind in (Kind.RESOLVED, Kind.REOPENED, Kind.OPENED) and event.actor == BY_ALERTS:
        by = f", {voice.say(_BY_ITSELF)}" if event.kind is Kind.RESOLVED else ""
    else:
        by = f", {voice.say(_BY)} {one_line(event.actor, 100)}"
    return f"{voice.time(event.at)}: {stage}{by}"


def summary(incidents: Sequence[Incident], *, count: int, limit: int, voice: Voice) -> Message:
    """The message that stands for `count` others, about these incidents."""
    title = f"Sereno: {voice.say(_MORE).format(count=count)}"
    lines = []
    for incident in incidents[:LISTED]:
        name = one_line(incident.title.in_language(voice.language) or incident.title.en)
        lines.append((f"[{one_line(incident.severity, 20)}] {name}", f"{voice.base_url}/incidents/{incident.id}"))
    rest = len(incidents) - len(lines)
    words = voice.say(_MORE_WORDS).format(limit=limit)
    more = [voice.say(_AND_MORE).format(count=rest)] if rest > 0 else []
    return Message(
        one_line(title),
        "\n".join([words, "", *(f"{name}\n{link}" for name, link in lines), *more, "", f"{voice.base_url}/incidents"]),
        "\n".join(
            [words, "", *(f"- {as_markdown(name)} {link}" for name, link in lines), *more, "",
             f"{voice.base_url}/incidents"]
        ),
    )  # fmt: skip


def test(channel: str, voice: Voice) -> Message:
    """The message of `./sereno notify test`."""
    words = voice.say(_TEST_WORDS).format(channel=channel)
    return Message(
        f"Sereno: {voice.say(_TEST)}",
        f"{words}\n\n{voice.base_url}",
        f"{as_markdown(words)}\n\n{voice.base_url}",
    )
