"""What Supervisor is told: its configuration, made from the catalogue."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from sereno.core.errors import UsageError
from sereno.serve.component import Component
from sereno.serve.place import Place

SCRIPTS = ("deaths.py", "respawn.py")
"""What lies beside this module and is copied into the home, where it is run from."""
LISTENER = "deaths"
WITHOUT_RIGHTS = ("/usr/bin/setpriv", "--inh-caps=-all", "--ambient-caps=-all")
"""Before a command: it becomes that command, with no more rights than any ordinary program has."""
FOREVER = 1_000_000
"""Supervisor gives up after `startretries`; the wrapper's growing delay is what protects the machine."""


def supervisord_conf(place: Place, components: Sequence[Component], *, low_ports: bool = False) -> str:
    """The text of supervisord.conf. A `%` means something to Supervisor, so it is doubled in values.

    `low_ports`: Supervisor may listen below port 1024; all but the programs made for that lose this right.
    """
    listener = [*_script(place, "deaths.py"), str(place.log("deaths.jsonl"))]
    blocks = [
        _section(
            "supervisord",
            logfile=place.log("supervisord.log"),
            logfile_maxbytes="5MB",
            logfile_backups=1,
            pidfile=place.run("supervisord.pid"),
            childlogdir=place.log(),
            directory=place.home,
            umask="027",
            identifier="sereno",
            silent="true",
        ),
        _section("unix_http_server", file=place.run("supervisor.sock"), chmod="0700"),
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n",
        _section(
            f"eventlistener:{LISTENER}",
            command=shlex.join([*(WITHOUT_RIGHTS if low_ports else ()), *listener]),
            # So that it, and nothing else, is started anew when an upgrade has changed its script.
            environment=f'SCRIPT="{hashlib.sha256(Path(__file__).with_name("deaths.py").read_bytes()).hexdigest()[:10]}"',
            events="PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF,PROCESS_STATE_FATAL",
            stderr_logfile=place.log("deaths.log"),
            stderr_logfile_maxbytes="1MB",
            stderr_logfile_backups=1,
        ),
    ]
    blocks += [
        _program(place, component, priority, drop_rights=low_ports and not component.native.low_ports)
        for priority, component in enumerate(components, start=10)
    ]
    return "\n".join(blocks)


def _program(place: Place, component: Component, priority: int, *, drop_rights: bool) -> str:
    program = component.native
    respawn = _script(place, "respawn.py")
    become = [*(WITHOUT_RIGHTS if drop_rights else ()), *program.argv(place)]
    command = [*respawn, str(place.log("deaths.jsonl")), component.name, "--", *become]
    environment = program.environment(place)
    return _section(
        f"program:{component.name}",
        command=shlex.join(command),
        environment=",".join(f"{name}={_quoted(value)}" for name, value in sorted(environment.items())),
        priority=priority,
        # `up` starts them one after the other, in order of need; after that Supervisor keeps them alive.
        autostart="false",
        autorestart="true",
        startsecs=5,
        startretries=FOREVER,
        stopsignal=program.stop_signal,
        stopwaitsecs=program.stop_seconds,
        stopasgroup="false",
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=place.log(f"{component.name}.log"),
        stdout_logfile_maxbytes="10MB",
        stdout_logfile_backups=2,
    )


def _script(place: Place, name: str) -> list[str]:
    """The command of a script of this package, which needs Python alone.

    Not this state's Python and not this state's file: else every component would be stopped by an upgrade.
    """
    return [str(place.base_python), "-S", "-E", "-I", str(place.config("supervisor", name))]


def _quoted(value: str) -> str:
    """As Supervisor reads a value: in quotes of the kind that is not in it; it knows no way to write both kinds."""
    if '"' in value and "'" in value:
        raise UsageError(
            f"a setting in the environment holds both kinds of quotes: {value}", next_step="write it into sereno.toml"
        )
    return f"'{value}'" if '"' in value else f'"{value}"'


def _section(title: str, **values: object) -> str:
    lines = [f"{key} = {str(value).replace('%', '%%')}" for key, value in values.items()]
    return "\n".join([f"[{title}]", *lines]) + "\n"
