"""Runbooks for the alerts of `rules/host.py`: processors and memory."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import BUSIEST, DOCTOR, STATUS, Runbook, step

HOST = {
    "HighCpuUsage": Runbook(
        Text(
            "The processors have hardly an idle moment. Pages become slow when work begins to queue; short peaks by a "
            "backup or an update are harmless.",
            "Los procesadores apenas descansan. Las páginas se vuelven lentas cuando el trabajo hace cola; los picos "
            "breves de una copia o una actualización no importan.",
        ),
        (
            BUSIEST,
            step(
                "On the status page, signed in, the component that takes most is named.",
                "En la página de estado, con sesión iniciada, se nombra el componente que más consume.",
            ),
        ),
        (
            step(
                "A component of Sereno: read its log for a loop or a flood of requests, and restart it.",
                "Si es un componente de Sereno: busca en su registro un bucle o un aluvión y reinícialo.",
                "./sereno restart COMPONENT",
            ),
            step(
                "Another program: lower its priority or stop it.",
                "Si es otro programa: baja su prioridad o páralo.",
                "sudo renice 15 -p PID",
            ),
            step(
                "Honest work all day long: the machine is too small. Give it more processors.",
                "Si es trabajo de verdad todo el día: la máquina es pequeña. Dale más procesadores.",
            ),
        ),
    ),
    "LowMemoryAvailable": Runbook(
        Text(
            "Little memory is left to give. Soon the machine swaps and slows down, or the kernel kills a process.",
            "Los programas ya casi no pueden pedir memoria. Pronto la máquina paginará y se hará lenta, o el núcleo "
            "matará un proceso.",
        ),
        (
            STATUS,
            step(
                "See who holds the memory.",
                "Mira quién ocupa la memoria.",
                "ps -eo pid,rss,comm --sort=-rss | head -15",
            ),
            step("See what is free and what swap is used.", "Mira qué queda libre y cuánto se pagina.", "free -h"),
        ),
        (
            step(
                "A component far above its usual memory leaks: restart it and note when it began.",
                "Un componente muy por encima de lo habitual tiene una fuga: reinícialo y apunta cuándo empezó.",
                "./sereno restart COMPONENT",
            ),
            step(
                "A machine of 1 GB: use the profile small (limits.profile), add swap, or give it more memory.",
                "Con 1 GB: usa el perfil small (limits.profile), añade intercambio o dale más memoria.",
                "./sereno doctor",
            ),
        ),
    ),
    "CpuSaturated": Runbook(
        Text(
            "More than two processes for each core want to run: each waits for its turn, and everything takes longer.",
            "Más de dos procesos por núcleo quieren correr: cada uno espera su turno y todo tarda más.",
        ),
        (
            BUSIEST,
            step(
                "See whether they wait for disks instead (state D, column wa).",
                "Mira si en realidad esperan a los discos (estado D, columna wa).",
                "vmstat 1 5",
            ),
        ),
        (
            step(
                "Stop or move what need not run now. If they wait for disks, follow DiskQueueLong.",
                "Para o aplaza lo que no haga falta ahora. Si esperan a los discos, sigue DiskQueueLong.",
            ),
        ),
    ),
    "CpuStolen": Runbook(
        Text(
            "The host on which this virtual machine runs gives its processors to others. Everything here is slower "
            "than it looks.",
            "El anfitrión de esta máquina virtual da su CPU a otras. Aquí todo va más lento de lo que parece.",
        ),
        (step("Watch the column st.", "Mira la columna st.", "vmstat 1 10"),),
        (
            step(
                "Burstable instances (such as t3) steal when their credit is used up: wait, or take a larger kind. "
                "Otherwise ask the provider, or move the machine.",
                "Las instancias con crédito (como t3) roban al agotarlo: espera o elige otra mayor. Si no, pregunta al "
                "proveedor o mueve la máquina.",
            ),
        ),
    ),
    "OomKill": Runbook(
        Text(
            "No memory was left and the kernel killed a process. If it was a component, it is started again, but its "
            "requests of that moment were lost.",
            "No quedaba memoria y el núcleo mató un proceso. Si era un componente, se vuelve a arrancar, pero se "
            "perdieron sus peticiones de ese momento.",
        ),
        (
            step("See which one.", "Mira cuál.", "sudo dmesg -T | grep -i 'killed process'"),
            STATUS,
        ),
        (
            step(
                "In a container, its own limit may be the reason; elsewhere follow LowMemoryAvailable.",
                "En un contenedor puede ser su propio límite; en otro caso, sigue LowMemoryAvailable.",
            ),
            DOCTOR,
        ),
    ),
    "SwapAlmostFull": Runbook(
        Text(
            "What does not fit into memory lies on disk, and there is little room left there. When swap is full, the "
            "kernel kills processes.",
            "Lo que no cabe en memoria está en disco, y allí queda poco sitio. Si el intercambio se llena, el núcleo "
            "mata procesos.",
        ),
        (
            step("See what is used.", "Mira qué se usa.", "free -h"),
            step(
                "See who swapped out most.",
                "Mira quién tiene más en el intercambio.",
                "grep -H VmSwap /proc/[0-9]*/status | sort -k2 -n | tail -5",
            ),
        ),
        (
            step(
                "Restart what has grown, or add swap: `fallocate`, `mkswap`, `swapon`.",
                "Reinicia lo que ha crecido o añade intercambio: `fallocate`, `mkswap`, `swapon`.",
                "./sereno restart COMPONENT",
            ),
        ),
    ),
    "MajorPageFaults": Runbook(
        Text(
            "Programs keep reading back from disk what was pushed out of memory: there is too little for what runs, "
            "and everything is slow.",
            "Los programas releen del disco lo que se expulsó de la memoria: falta memoria para lo que corre y todo va "
            "lento.",
        ),
        (
            step("Watch the columns si, so and wa.", "Mira las columnas si, so y wa.", "vmstat 1 10"),
            BUSIEST,
        ),
        (
            step(
                "Follow LowMemoryAvailable: restart what has grown, use the profile small, or add memory.",
                "Sigue LowMemoryAvailable: reinicia lo que ha crecido, usa el perfil small o añade memoria.",
            ),
        ),
    ),
}
