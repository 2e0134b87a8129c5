"""The systemd unit: what it says, whatever stands in paths and settings."""

from __future__ import annotations

from pathlib import Path

from sereno.serve.native.boot_unit import ROOTS_HOME, BootUnit, name_of, overriding

COMMAND = ["/var/lib/sereno/environments/1/bin/python", "-m", "sereno.outside.supervisord"]


def unit(**more: object) -> BootUnit:
    given = {"root": Path("/root/sereno"), "home": ROOTS_HOME, "user": "sereno", "supervisor": COMMAND} | more
    return BootUnit(**given)  # type: ignore[arg-type]


def lines(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_supervisor_is_the_main_process_and_up_follows_it_as_root() -> None:
    text = unit().text()
    assert lines(text, "User") == ["sereno"]
    assert lines(text, "ExecStart") == [" ".join(f'"{word}"' for word in COMMAND)]
    assert lines(text, "ExecStartPost") == [
        '-+/usr/bin/env "SERENO_HOME=/var/lib/sereno" "/root/sereno/sereno" up --on native'
    ]
    assert lines(text, "Restart") == ["on-failure"]
    assert lines(text, "OOMPolicy") == ["continue"]
    assert lines(text, "AmbientCapabilities") == []
    assert lines(text, "WantedBy") == ["multi-user.target"]


def test_low_ports_need_one_right() -> None:
    assert lines(unit(low_ports=True).text(), "AmbientCapabilities") == ["CAP_NET_BIND_SERVICE"]


def test_what_means_something_to_systemd_is_taken_literally() -> None:
    text = unit(root=Path('/srv/a b/50%/$x/"q"'), supervisor_environment={"HOME": "/a b%"}).text()
    assert '"/srv/a b/50%%/$$x/\\"q\\"/sereno" up' in text
    assert lines(text, "Environment") == ['"HOME=/a b%%"']


def test_what_overrides_settings_is_kept_for_the_next_boot_in_a_file_of_its_own() -> None:
    environment = {"SERENO_PORTS": '{"prometheus": 1}', "SERENO_SITE__DOMAIN": "a", "SERENO_HOME": "/h", "PATH": "/"}
    kept = overriding(environment)
    assert kept == {"SERENO_PORTS": '{"prometheus": 1}', "SERENO_SITE__DOMAIN": "a"}
    one = unit(environment=kept)
    assert one.environment_text() == 'SERENO_PORTS="{\\"prometheus\\": 1}"\nSERENO_SITE__DOMAIN="a"\n'
    assert lines(one.text(), "EnvironmentFile") == ["-/var/lib/sereno/boot.env"]
    assert "prometheus" not in one.text()


def test_each_home_has_a_unit_of_its_own() -> None:
    assert name_of(ROOTS_HOME) == "sereno.service"
    assert name_of(Path("/srv/one")) != name_of(Path("/srv/two"))
    assert name_of(Path("/srv/one")) == name_of(Path("/srv/one"))
