"""Supervisor, by XML-RPC over its Unix socket."""

from __future__ import annotations

import xmlrpc.client
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from sereno.core.errors import SerenoError

_ALREADY_STARTED = 60
_NOT_RUNNING = 70
_ERRORS = (OSError, xmlrpc.client.Error)


class Supervisor:
    """See `sereno.serve.ports.Supervisor`."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def answers(self) -> bool:
        """Whether supervisord is there."""
        try:
            self._call("getState")
        except _ERRORS:
            return False
        return True

    def reread(self) -> None:
        """Bring what runs in line with the configuration file; what did not change is left alone."""
        added, changed, removed = self._call("reloadConfig")[0]
        for name in [*changed, *removed]:
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)

    def info(self) -> dict[str, dict[str, Any]]:
        """Program → what Supervisor knows of it; empty when it does not run."""
        try:
            return {row["name"]: row for row in self._call("getAllProcessInfo")}
        except _ERRORS:
            return {}

    def start(self, name: str) -> None:
        """Start a program; one that runs is left alone. Does not wait until it has run for a while."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _ALREADY_STARTED:
                raise SerenoError(f"{name} cannot be started: {fault.faultString}") from fault

    def stop(self, name: str) -> None:
        """Stop a program and wait until it has ended."""
        try:
            self._call("stopProcess", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _NOT_RUNNING:
                raise SerenoError(f"{name} cannot be stopped: {fault.faultString}") from fault

    def signal(self, name: str, signal: str) -> None:
        """Send a running program a signal, by its name without SIG."""
        try:
            self._call("signalProcess", name, signal)
        except xmlrpc.client.Fault as fault:
            raise SerenoError(f"{name} cannot be sent {signal}: {fault.faultString}") from fault

    def shutdown(self) -> None:
        """Ask supervisord to stop everything, in reverse order of start, and to end."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._socket}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()
