"""The systemd unit by which everything comes back after a reboot, and when Supervisor itself dies. Pure.

The unit's main process is Supervisor. Systemd starts it again when it fails, after ending what it has left (one control
group). `./sereno up` runs behind it and starts the components in order of need; its failure is not the unit's, since
what runs is better than nothing, and Supervisor goes on trying.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOTS_HOME = Path("/var/lib/sereno")
START_SECONDS = 300
"""A slow machine that boots has much else to do; nothing waits for this."""
STOP_SECONDS = 90
"""The database may take half a minute to end in good order, after those that use it."""


@dataclass(frozen=True, slots=True)
class BootUnit:
    """What the unit says of one home. `environment` overrides settings and ports; it may hold a password."""

    root: Path
    home: Path
    user: str
    supervisor: Sequence[str]
    low_ports: bool = False
    supervisor_environment: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `name_of`."""
        return name_of(self.home)

    @property
    def log(self) -> Path:
        """What Supervisor says before it has its own log, and what `up` says at boot."""
        return self.home / "log/supervisor-start.log"

    @property
    def environment_file(self) -> Path:
        """Where the environment lies, readable by its owner only."""
        return self.home / "boot.env"

    def environment_text(self) -> str:
        """The text of that file."""
        return "".join(f"{name}={_plainly_quoted(value)}\n" for name, value in sorted(self.environment.items()))

    def text(self) -> str:
        """The text of the unit."""
        inner = "".join(f"Environment={_assigned(k, v)}\n" for k, v in self.supervisor_environment.items())
        right = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if self.low_ports else ""
        return f"""\
# Written by ./sereno up; removed by ./sereno down --erase.
[Unit]
Description=Sereno, the night watchman of this server
Documentation=file:{_escaped(str(self.root / "README.md"))}
Wants=network-online.target
After=network-online.target local-fs.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=exec
User={self.user}
{inner}{right}ExecStart={" ".join(_word(word) for word in self.supervisor)}
# As root, like the up that was typed: it looks whether what is needed is still installed, and starts all in order.
ExecStartPost=-+/usr/bin/env {_word(f"SERENO_HOME={self.home}")} {_word(str(self.root / "sereno"))} up --on native
StandardOutput=append:{_escaped(str(self.log))}
StandardError=inherit
EnvironmentFile=-{_escaped(str(self.environment_file))}
Restart=on-failure
RestartSec=3
TimeoutStartSec={START_SECONDS}
KillMode=mixed
TimeoutStopSec={STOP_SECONDS}
# When memory runs out the kernel ends one component, which Supervisor starts again; not everything because of one.
OOMPolicy=continue
ProtectSystem=full

[Install]
WantedBy=multi-user.target
"""


def name_of(home: Path) -> str:
    """`sereno.service`; another home than root's has its mark in the name, so that several get along."""
    if home == ROOTS_HOME:
        return "sereno.service"
    return f"sereno-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}.service"


def overriding(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables of `environment` that change what `up` does, so that it does the same after a reboot."""
    return {
        name: value
        for name, value in environment.items()
        if name == "SERENO_PORTS" or (name.startswith("SERENO_") and "__" in name)
    }


def _escaped(text: str) -> str:
    """systemd expands %-specifiers everywhere."""
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """One word of a command line, whatever is in it; there, $ means something too."""
    return _plainly_quoted(_escaped(text).replace("$", "$$"))


def _assigned(name: str, value: str) -> str:
    return _plainly_quoted(_escaped(f"{name}={value}"))


def _plainly_quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'
