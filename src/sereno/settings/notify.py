"""Who is told of incidents, by which channel, and when; and whom Alertmanager tells when the desk itself is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from sereno.core.errors import SettingsError
from sereno.settings.section import Section

STAGES = ("opened", "severity-raised", "acknowledged", "published", "resolved", "reopened")
"""What can be told of an incident; the same words as the timeline's kinds."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LARGEST_SECRET = 4096
_NAME = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
_HOURS = r"^(([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00))?$"
_ADDRESS = r"[^@\s,<>\"']+@[^@\s,<>\"']+"


def _apprise(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and ("://" not in text or any(sign.isspace() or not sign.isprintable() for sign in text)):
        raise ValueError("write an address as Apprise has them: kind://…, without spaces (mailto://…, tgram://…)")
    return url


def _web(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if text and (not text.startswith(("http://", "https://")) or any(sign.isspace() for sign in text)):
        raise ValueError("write an address that begins with http:// or https://")
    return url


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("write a time zone as in America/Bogota, Europe/Madrid or UTC") from error
    return name


Stage = Literal["opened", "severity-raised", "acknowledged", "published", "resolved", "reopened"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WebAddress = Annotated[SecretStr, AfterValidator(_web)]


class Channel(Section):
    """A way to tell people: one address of Apprise's, of which there are well over a hundred kinds."""

    name: str = Field(pattern=_NAME, description="Its name: letters, digits, hyphens; shown in place of the address.")
    url: Annotated[SecretStr, AfterValidator(_apprise)] = Field(
        SecretStr(""),
        description="Its address as Apprise writes it (mailto://…, tgram://…, slack://…, jsons://…). It is a secret.",
    )
    url_file: str = Field("", description="Or the path, seen from this file, of a file that holds the address.")

    @model_validator(mode="after")
    def _has_one_address(self) -> Channel:
        if bool(self.url.get_secret_value()) == bool(self.url_file):
            raise ValueError("set either url or url_file")
        return self


class Route(Section):
    """Who is told of what; an empty list means any. News goes to the channels of every route that fits."""

    channels: tuple[str, ...] = Field((), description="Names of channels; empty: all.")
    severities: tuple[str, ...] = Field((), description='Only incidents of these severities, such as ["critical"].')
    components: tuple[str, ...] = Field((), description='Only of these components; * stands for anything: "shop*".')
    stages: tuple[Stage, ...] = Field(
        (), description="Only opened, severity-raised, acknowledged, published, resolved or reopened."
    )
    hours: str = Field(
        "", pattern=_HOURS, description='Only from … to, such as "08:00-18:00"; "22:00-06:00" is a night.'
    )
    days: tuple[Day, ...] = Field((), description="Only on these days: mon, tue, wed, thu, fri, sat, sun.")


class NotifySection(Section):
    """Who is told of incidents, and whom Alertmanager tells when the desk itself is dead."""

    language: Literal["", "en", "es"] = Field("", description="Language of messages; empty: site.language.")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Time zone of hours and days of routes."
    )
    per_hour: int = Field(
        30, ge=1, le=1000, description="Messages in an hour to one channel; what is beyond comes as one summary."
    )
    channels: tuple[Channel, ...] = Field((), max_length=50, description="See [[notify.channels]] below.")
    routes: tuple[Route, ...] = Field(
        (), max_length=100, description="See [[notify.routes]] below; without any, everything goes to all channels."
    )
    fallback_email: str = Field(
        "",
        pattern=rf"^({_ADDRESS}(, ?{_ADDRESS})*)?$",
        description="Whom Alertmanager itself writes to when the desk is dead; needs smtp_host.",
    )
    fallback_webhook: WebAddress = Field(
        SecretStr(""), description="Or what it POSTs to then, with the body of Alertmanager's webhooks."
    )
    smtp_host: str = Field(
        "", pattern=r"^([A-Za-z0-9._-]+:\d{1,5})?$", description="The mail server for that, as host:port."
    )
    smtp_from: str = Field("", pattern=rf"^({_ADDRESS})?$", description="From whom; empty: fallback_email.")
    smtp_user: str = Field("", max_length=200, description="The account at the mail server; empty: none.")
    smtp_password_file: str = Field("", description="Path, seen from this file, of a file with its password.")
    smtp_tls: bool = Field(True, description="Whether the mail server must speak TLS (STARTTLS).")
    heartbeat_url: WebAddress = Field(
        SecretStr(""),
        description="Where a sign of life goes each minute: a watcher off this machine that tells when it stops. "
        "Another Sereno's is https://HOST/api/v1/heartbeats/NAME.",
    )
    heartbeat_token_file: str = Field(
        "", description="Path, seen from this file, of a file with the token for it (Authorization: Bearer …)."
    )
    heartbeat_ca_file: str = Field(
        "", description="Path of the certificate (PEM) by which that watcher is trusted; empty: the public ones."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> NotifySection:
        names = [channel.name for channel in self.channels]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{names.count(name)} channels are named {name!r}; give each a name of its own")
        for route in self.routes:
            for name in route.channels:
                if name not in names:
                    known = ", ".join(names) or "none"
                    raise ValueError(f"a route names the channel {name!r}, which there is not; known: {known}")
        if self.fallback_email and not self.smtp_host:
            raise ValueError("fallback_email needs smtp_host, the mail server as host:port")
        if bool(self.smtp_user) != bool(self.smtp_password_file):
            raise ValueError("smtp_user and smtp_password_file belong together; set both or neither")
        return self

    @property
    def has_fallback(self) -> bool:
        """Whether Alertmanager is to tell anyone by itself."""
        return bool(self.fallback_email or self.fallback_webhook.get_secret_value())


NOTIFY_SECRETS = "notify-"
CHANNEL_SECRET = f"{NOTIFY_SECRETS}channel-"
"""How the names of these secrets begin."""


_FILES_OF_ALERTMANAGER = ("smtp_password_file", "heartbeat_token_file", "heartbeat_ca_file")


def file_names(notify: NotifySection) -> list[str]:
    """Every file that the section names, as it is written there."""
    named = [channel.url_file for channel in notify.channels] + [getattr(notify, key) for key in _FILES_OF_ALERTMANAGER]
    return [name for name in named if name]


def secrets_of_desk(notify: NotifySection, folder: Path) -> dict[str, str]:
    """The secrets that the desk reads, from files named as seen from `folder`: name → text. Raises SettingsError."""
    return {
        CHANNEL_SECRET + channel.name: _read(folder / channel.url_file, f"the url_file of the channel {channel.name}")
        for channel in notify.channels
        if channel.url_file
    }


def secrets_of_alertmanager(notify: NotifySection, folder: Path) -> dict[str, str]:
    """The secrets that Alertmanager reads: name → text. Raises SettingsError when a file can't be read."""
    found = {
        "notify-heartbeat-url": notify.heartbeat_url.get_secret_value(),
        "notify-fallback-webhook": notify.fallback_webhook.get_secret_value(),
    }
    for key in _FILES_OF_ALERTMANAGER:
        if named := getattr(notify, key):
            found[f"notify-{key.removesuffix('_file').replace('_', '-')}"] = _read(folder / named, f"notify.{key}")
    return {name: text for name, text in found.items() if text}


def _read(file: Path, what: str) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{what}, {file}, cannot be read: {error}",
            next_step="correct [notify] in sereno.toml, or the file's owner and mode",
        ) from error
    if not text or len(text) > LARGEST_SECRET * 16:
        raise SettingsError(
            f"{what}, {file}, is {'empty' if not text else 'too large'}", next_step="put the secret alone into it"
        )
    return text
