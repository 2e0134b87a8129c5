"""Which port each component gets: its usual one, the database another when that is taken. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sereno.core.errors import SerenoError
from sereno.serve.ports import Holder

DATABASE_SECOND_CHOICE = 13306


def choose(
    wanted: Mapping[str, int],
    fixed: Mapping[str, int],
    holder: Callable[[int], Holder | None],
) -> dict[str, int]:
    """A port for each component in `wanted`: the one in `fixed` (what runs now, or was chosen before), else the wanted.

    `holder` says who listens on a port. Raises SerenoError naming every port that is taken, and by whom.
    """
    chosen: dict[str, int] = {}
    taken: list[str] = []
    for component, port in wanted.items():
        port = fixed.get(component, port)
        holding = holder(port)
        if holding and component == "mysql" and component not in fixed and holder(DATABASE_SECOND_CHOICE) is None:
            port, holding = DATABASE_SECOND_CHOICE, None
        if holding:
            who = holding.program if holding.pid is None else f"{holding.program} (pid {holding.pid})"
            taken.append(f"port {port}, which {component} needs, is taken by {who}")
        chosen[component] = port
    if taken:
        raise SerenoError(
            "\n".join(taken),
            next_step="stop that program, or give Nginx other ports in sereno.toml ([site] http_port, https_port)",
        )
    return chosen
