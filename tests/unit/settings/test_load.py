from pathlib import Path

import pytest

from sereno.core.errors import SettingsError
from sereno.settings import Settings, load_settings


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "sereno.toml"
    file.write_text(text)
    return file


def test_a_missing_file_means_all_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "absent.toml", {}) == Settings()


def test_the_file_overrides_defaults_and_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "[site]\nhttps_port = 9443\nhttp_port = 9080\n")
    settings = load_settings(file, {"SERENO_SITE__HTTPS_PORT": "443", "SERENO_HOME": "/ignored"})
    assert (settings.site.https_port, settings.site.http_port) == (443, 9080)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[site]\nhttps_prot = 1\n", "site.https_prot is not a setting; did you mean site.https_port?"),
        ("[sight]\n", "sight is not a setting; did you mean site?"),
        ("[site]\nzzz = 1\n", "site.zzz is not a setting; known here: domain,"),
        ("[site]\nhttps_port = 70000\n", "site.https_port = 70000: input should be less than or equal to 65535"),
        ("[site]\nlanguage = 'fr'\n", "site.language = 'fr': input should be 'en' or 'es'"),
        ("[alerts]\ncpu_for = 'soon'\n", "alerts.cpu_for = 'soon': 'soon' is no duration; write a number and a unit"),
        ("[alerts]\ncpu_percent = 120\n", "alerts.cpu_percent = 120: input should be less than 100"),
        ("[site]\ncertificate = '/a.pem'\n", "site.certificate and site.key belong together"),
        ("[site]\nhttp_port = 8443\n", "site.http_port and site.https_port are both 8443"),
        ("[site]\naliases = ['www.example.org']\n", "site.aliases names www.example.org, but site.domain is empty"),
        ("[site]\naliases = ['*.example.org']\n", "site.aliases[1] = '*.example.org': string should match pattern"),
        ("[certificate]\nkind = 'own'\n", 'certificate.kind = "own", but site.certificate and site.key are empty'),
        ("[certificate]\nkind = 'acme'\n", "needs names in DNS that lead to this server; site.domain is empty"),
        ("[site]\ndomain = 'localhost'\n[certificate]\nkind = 'acme'\n", "none is given for localhost"),
        ("[site]\ndomain = 'a.test'\naliases = ['192.0.2.7']\n[certificate]\nkind = 'acme'\n", "for 192.0.2.7"),
        (
            "[site]\ndomain = 'a.test'\ncertificate = 'c'\nkey = 'k'\n[certificate]\nkind = 'acme'\n",
            "site.certificate names a certificate of your own",
        ),
        ("[certificate]\nemail = 'nobody'\n", "certificate.email = 'nobody': string should match pattern"),
        ("[certificate]\ndirectory = 'http://ca.test'\n", "certificate.directory = 'http://ca.test'"),
        ("[site\n", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_value_and_remedy(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(written(tmp_path, text), {})
    assert complaint in str(refusal.value)
    assert refusal.value.next_step


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(None, {"SERENO_SITE__HTTP_PORT": "x", "SERENO_ALERTS__CPU_PERCENT": "y"})
    assert "site.http_port" in str(refusal.value)
    assert "alerts.cpu_percent" in str(refusal.value)


def test_an_unreadable_file_is_told_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "sereno.toml"
    folder.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(folder, {})


def test_names_are_the_domain_and_then_the_aliases_each_once(tmp_path: Path) -> None:
    text = "[site]\ndomain = 'Shop.example.org'\naliases = ['www.example.org', 'shop.example.org', '192.0.2.7']\n"
    site = load_settings(written(tmp_path, text), {}).site
    assert site.names == ("shop.example.org", "www.example.org", "192.0.2.7")
    assert site.public_names == ("shop.example.org", "www.example.org")


def test_a_list_in_the_environment_is_written_with_commas() -> None:
    environment = {"SERENO_SITE__DOMAIN": "a.test", "SERENO_SITE__ALIASES": "b.test, c.test"}
    assert load_settings(None, environment).site.names == ("a.test", "b.test", "c.test")


def test_a_pair_of_ones_own_needs_no_further_word() -> None:
    pair = {"SERENO_SITE__CERTIFICATE": "a.pem", "SERENO_SITE__KEY": "b.pem"}
    assert load_settings(None, pair).certificate_kind == "own"
    assert load_settings(None, {}).certificate_kind == "self-signed"
