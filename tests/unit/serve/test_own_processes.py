"""Which command lines are ours: those that the catalogue gives, and not another program's of the same name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from sereno.serve.catalogue import BY_NAME, CATALOGUE, default_ports
from sereno.serve.own_processes import own_processes
from sereno.serve.place import Place
from sereno.serve.render import compose_place
from sereno.settings import Settings

NAMES = [component.name for component in CATALOGUE]
HOME = PurePosixPath("/home/ana (test)/sereno+var")
NATIVE = Place(
    platform="native",
    profile="small",
    settings=Settings(),
    home=HOME,
    hosts=dict.fromkeys(default_ports(), "127.0.0.1"),
    ports=default_ports(),
    environment=HOME / "environments/0123",
)
THEIRS = [
    "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;",
    "nginx: master process nginx -g daemon off;",
    "nginx: worker process",
    "/usr/sbin/mariadbd",
    "mysqld --user=mysql",
    "/usr/bin/prometheus",
    "/bin/prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus",
    "/bin/alertmanager --config.file=/etc/alertmanager/alertmanager.yml --storage.path=/alertmanager",
    "grafana server --homepath=/usr/share/grafana --config=/etc/grafana/grafana.ini --packaging=docker",
    "/usr/bin/prometheus-node-exporter",
    "/usr/bin/prometheus-nginx-exporter",
    "/usr/bin/prometheus-process-exporter -config.path /etc/process-exporter/process.yml",
    "/usr/bin/python3 /usr/bin/supervisord -c /etc/supervisor/supervisord.conf",
    "/srv/shop/bin/python /srv/shop/bin/gunicorn -c gunicorn.py shop:app",
]
IN_CONTAINERS = {
    "mysql": "mysqld --defaults-file=/run/mysqld/my.cnf --init-file=/run/sereno/secrets/mysql/mysql-users.sql "
    "--secure-file-priv=NULL --innodb-buffer-pool-size=48M",
    "webapp": "/opt/sereno/bin/python /opt/sereno/bin/gunicorn -c python:sereno.web.server sereno.web.server:app",
    "worker": "python -m sereno.worker",
    "nginx": "nginx: master process nginx -e stderr -c /etc/nginx/nginx.conf -g daemon off;",
    "grafana": "grafana server --homepath=/usr/share/grafana --config=/etc/grafana/sereno.ini --packaging=docker "
    "cfg:default.log.mode=console",
}


def group(place: Place, command_line: str) -> str | None:
    """The first group whose pattern is found, as process-exporter looks for it."""
    return next((name for name, pattern in own_processes(place) if re.search(pattern, command_line)), None)


def test_natively_each_command_line_has_its_components_group_also_behind_its_wrapper() -> None:
    groups = own_processes(NATIVE)
    assert [name for name, _ in groups] == [*NAMES, "supervisor"]
    for component in CATALOGUE:
        line = " ".join(component.native.argv(NATIVE))
        assert group(NATIVE, line) == component.name
        assert (
            group(NATIVE, f"/usr/bin/python3 respawn.py {HOME}/log/deaths {component.name} -- {line}") == component.name
        )


def test_natively_titles_and_interpreters_do_not_hide_it() -> None:
    nginx = " ".join(BY_NAME["nginx"].native.argv(NATIVE))
    assert group(NATIVE, f"nginx: master process {nginx}") == "nginx"
    webapp = " ".join(BY_NAME["webapp"].native.argv(NATIVE))
    assert group(NATIVE, f"{HOME}/environments/0123/bin/python {webapp}") == "webapp"
    daemon = (
        f"{HOME}/environments/0123/bin/python -m sereno.outside.supervisord --nodaemon -c {HOME}/etc/supervisord.conf"
    )
    assert group(NATIVE, daemon) == "supervisor"


def test_in_compose_each_command_line_has_its_components_group() -> None:
    place = compose_place()
    groups = dict(own_processes(place))
    assert list(groups) == NAMES
    for component in CATALOGUE:
        words = " ".join(component.compose(place).get("command", ())).replace("$$", "$")
        line = IN_CONTAINERS.get(component.name, f"/bin/program {re.sub(r'[$][{][^}]*[}]', 'any:thing', words)}")
        assert group(place, line) == component.name
        assert group(place, f"{line} --one-more=word") == component.name


@pytest.mark.parametrize("line", THEIRS)
@pytest.mark.parametrize("place", [NATIVE, compose_place()], ids=["native", "compose"])
def test_programs_of_the_same_name_are_not_ours(place: Place, line: str) -> None:
    assert group(place, line) is None


def test_another_home_and_another_platform_are_others() -> None:
    elsewhere = replace(
        NATIVE, home=PurePosixPath("/srv/other"), environment=PurePosixPath("/srv/other/environments/1")
    )
    for component in CATALOGUE:
        line = " ".join(component.native.argv(NATIVE))
        assert group(compose_place(), line) is None
        if str(HOME) in line:
            assert group(elsewhere, line) is None
    for line in IN_CONTAINERS.values():
        assert group(NATIVE, line) is None
