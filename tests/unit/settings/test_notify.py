"""`[notify]`: what is taken, what is refused and how, and that no secret is told on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.core.errors import SettingsError
from sereno.settings import Settings, load_settings
from sereno.settings.notify import file_names, secrets_of_alertmanager, secrets_of_desk

MAIL = '[[notify.channels]]\nname = "mail"\nurl = "mailto://ana:s3cret-word@mail.example.org"\n'


def loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "sereno.toml"
    file.write_text(text)
    return load_settings(file, {})


def test_channels_and_routes(tmp_path: Path) -> None:
    notify = loaded(
        tmp_path,
        '[notify]\ntime_zone = "America/Bogota"\n'
        + MAIL
        + '[[notify.routes]]\nchannels = ["mail"]\nseverities = ["critical"]\nhours = "22:00-06:00"\ndays = ["sat"]\n',
    ).notify
    assert notify.channels[0].url.get_secret_value() == "mailto://ana:s3cret-word@mail.example.org"
    assert (notify.routes[0].hours, notify.routes[0].days) == ("22:00-06:00", ("sat",))
    assert not notify.has_fallback


def test_a_channels_address_is_not_shown(tmp_path: Path) -> None:
    settings = loaded(tmp_path, MAIL)
    assert "s3cret-word" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[notify.channels]]\nname = "a"\n', "notify.channels[1] (a): set either url or url_file"),
        (MAIL + 'url_file = "secret-mail"\n', "notify.channels[1] (mail): set either url or url_file"),
        ('[[notify.channels]]\nname = "Mail"\nurl = "json://a"\n', "notify.channels[1] (Mail).name = 'Mail': string"),
        (
            '[[notify.channels]]\nname = "a"\nurl = "s3cret-word"\n',
            "notify.channels[1] (a).url = '(not shown)': write an address as Apprise",
        ),
        (MAIL + MAIL, "notify: 2 channels are named 'mail'; give each a name of its own"),
        (MAIL + '[[notify.routes]]\nchannels = ["mial"]\n', "a route names the channel 'mial', which there is not"),
        ('[[notify.routes]]\nhours = "8-18"\n', "notify.routes[1].hours = '8-18': string should match pattern"),
        ('[[notify.routes]]\nstages = ["begun"]\n', "notify.routes[1].stages[1] = 'begun': input should be 'opened'"),
        ('[[notify.routes]]\nhuors = "8-18"\n', "is not a setting; did you mean notify.routes.hours?"),
        ('[notify]\ntime_zone = "Bogota"\n', "notify.time_zone = 'Bogota': write a time zone as in"),
        ('[notify]\nfallback_email = "a@b.org"\n', "fallback_email needs smtp_host"),
        (
            '[notify]\nfallback_email = "a@b.org\\"\\n"\nsmtp_host = "mail:25"\n',
            "notify.fallback_email = 'a@b.org\"\\n': string should match pattern",
        ),
        ('[notify]\nsmtp_user = "ana"\n', "smtp_user and smtp_password_file belong together"),
        ('[notify]\nheartbeat_url = "ftp://s3cret-word"\n', "notify.heartbeat_url = '(not shown)': write an address"),
        ("[notify]\nper_hour = 0\n", "notify.per_hour = 0: input should be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_told_without_secrets(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, text)
    assert complaint in refused.value.message
    assert "s3cret-word" not in refused.value.message


def test_secrets_come_from_the_files_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "secret-mail").write_text("mailto://ana:x@mail.example.org\n")
    (tmp_path / "secret-token").write_text("srn_abc\n")
    notify = loaded(
        tmp_path,
        '[notify]\nheartbeat_url = "https://other.example/beat"\nheartbeat_token_file = "secret-token"\n'
        '[[notify.channels]]\nname = "mail"\nurl_file = "secret-mail"\n',
    ).notify
    assert file_names(notify) == ["secret-mail", "secret-token"]
    assert secrets_of_desk(notify, tmp_path) == {"notify-channel-mail": "mailto://ana:x@mail.example.org"}
    assert secrets_of_alertmanager(notify, tmp_path) == {
        "notify-heartbeat-url": "https://other.example/beat",
        "notify-heartbeat-token": "srn_abc",
    }
    (tmp_path / "secret-mail").unlink()
    with pytest.raises(SettingsError, match="the url_file of the channel mail"):
        secrets_of_desk(notify, tmp_path)
