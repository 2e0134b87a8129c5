"""Where the command line is: the repository, the home, the settings, the platform that was chosen."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sereno.core.errors import SerenoError, UsageError
from sereno.serve.catalogue import BY_NAME
from sereno.serve.native.home import Home, State
from sereno.serve.platforms import Platform
from sereno.settings import Settings, load_settings
from sereno.settings.consistency import check_own
from sereno.watch.probes.model import DESKS_OWN_PROBES
from sereno.wiring.stack import compose_platform, engine_state, native_platform

ROOTS_HOME = Path("/var/lib/sereno")
"""Where the launcher puts the home when root runs it; an ordinary user's is `var/` in the clone."""

SERVICE_USER = "sereno"
"""The system user that everything runs as when root starts it."""


@dataclass(frozen=True, slots=True)
class Here:
    """What every command of the stack starts from."""

    root: Path
    home: Home
    settings: Settings

    @classmethod
    def from_environment(cls) -> Here:
        """From what the launcher exported. Raises SettingsError when the settings are wrong."""
        root = Path(os.environ.get("SERENO_ROOT", ".")).resolve()
        home = Home(Path(os.environ.get("SERENO_HOME", root / "var")))
        settings = load_settings(root / "sereno.toml", os.environ)
        check_own(settings, (*BY_NAME, *DESKS_OWN_PROBES))
        return cls(root=root, home=home, settings=settings)

    @property
    def certificate(self) -> Path:
        """The certificate that Nginx is given: in the home natively, in the clone for Compose."""
        state = self.home.state()
        in_clone = state is not None and state.platform == "compose"
        return self.root / "docker/nginx/ssl/cert.pem" if in_clone else self.home / "tls/served/cert.pem"

    def platform(self, state: State) -> Platform:
        """The platform that `state` names, ready to be asked."""
        if state.platform == "compose":
            return compose_platform(root=self.root, home=self.home, settings=self.settings, state=state)
        return native_platform(
            root=self.root,
            home=self.home,
            settings=self.settings,
            state=state,
            user=SERVICE_USER if os.geteuid() == 0 else "",
            ports=port_overrides(),
        )

    def chosen_platform(self) -> Platform:
        """The platform of the first `up`. Raises SerenoError when there was none."""
        state = self.home.state()
        if state is None:
            self.refuse_beside_roots()
            raise SerenoError("Sereno has not been set up here", next_step="./sereno up")
        return self.platform(state)

    def refuse_beside_roots(self, roots: Path = ROOTS_HOME) -> None:
        """Refuse an ordinary user's own home in the clone where root has set Sereno up already.

        Whoever forgets sudo would else be told of taken ports, or that nothing is there.
        """
        if self.home.path == self.root / "var" and (roots / "state.json").exists():
            raise SerenoError(
                f"Sereno has been set up here by root, in {roots}",
                next_step="type sudo ./sereno …; or, for a second one with other ports, set SERENO_HOME to a folder of "
                "your own",
            )


def port_overrides() -> dict[str, int]:
    """Ports of components from SERENO_PORTS (`{"prometheus": 19090}`), for a second stack on the same machine."""
    text = os.environ.get("SERENO_PORTS", "")
    if not text:
        return {}
    try:
        return {str(name): int(port) for name, port in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise UsageError(
            f"SERENO_PORTS = {text!r} is not a JSON object of component and port",
            next_step="write it like SERENO_PORTS='{\"prometheus\": 19090}'",
        ) from error


def choose_platform(wanted: str | None, state: State | None) -> str:
    """`native` or `compose`: what was chosen before, else what is wanted, else by whether a Docker Engine answers.

    Raises SerenoError when another platform was chosen before, and when the engine denies permission.
    """
    if state is not None:
        if wanted and wanted != state.platform:
            raise UsageError(
                f"this home runs on {state.platform}; it cannot run on {wanted} as well",
                next_step=f"to move: ./sereno down --erase, then ./sereno up --on {wanted} (this removes the data), "
                f"or set SERENO_HOME to another folder",
            )
        return state.platform
    if wanted == "native":
        return wanted
    engine = engine_state()
    if engine.denied:
        raise SerenoError(
            "a Docker Engine is here, but denies this user permission",
            next_step="sudo ./sereno up, or join the group docker and log in again, or ./sereno up --on native",
        )
    if wanted == "compose" and not engine.answers:
        raise SerenoError(
            f"no Docker Engine answers: {engine.problem}",
            next_step="install or start one (apt-get install docker.io docker-compose), or ./sereno up --on native",
        )
    return "compose" if engine.answers else "native"
