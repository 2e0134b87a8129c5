"""Runbooks for disks: the seed's LowDiskSpace and the alerts of `rules/disks.py`."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import LARGEST_FOLDERS, Runbook, Step, logs, step

_FREE = step("See what is full.", "Mira qué está lleno.", "df -h")
_SMALLER = (
    step(
        "Clear what can be fetched again: package caches, old logs, unused images.",
        "Borra lo que se puede volver a obtener: cachés de paquetes, registros viejos, imágenes sin usar.",
        "sudo apt-get clean && sudo journalctl --vacuum-size=200M; docker image prune",
    ),
    step(
        "Keep measurements for a shorter time (prometheus.retention, prometheus.retention_size), then start again.",
        "Guarda las mediciones menos tiempo (prometheus.retention, prometheus.retention_size) y vuelve a arrancar.",
        "./sereno up",
    ),
    step("Enlarge the disk, or move data to another.", "Amplía el disco o lleva datos a otro."),
)
_AFTERWARDS = step(
    "Once there is room everything goes on by itself. If the disk has been quite full, restart Prometheus soon: what "
    "it measures from then on stands behind a broken line of its journal, and would be lost at its next start.",
    "En cuanto haya sitio, todo sigue por sí solo. Si el disco llegó a llenarse, reinicia Prometheus pronto: lo que "
    "mide desde entonces queda tras una línea rota de su diario y se perdería en su próximo arranque.",
    "./sereno restart prometheus",
)
_DELETED = step(
    "Space that no folder shows is held by deleted files still open.",
    "El espacio que ninguna carpeta muestra lo retienen archivos borrados que siguen abiertos.",
    "sudo lsof +L1 | sort -k7 -n | tail",
)


def _disk(en: str, es: str, mend: tuple[Step, ...] = _SMALLER) -> Runbook:
    return Runbook(Text(en, es), (_FREE, LARGEST_FOLDERS, _DELETED), mend)


def _inodes(en: str, es: str) -> Runbook:
    return Runbook(
        Text(en, es),
        (
            step("See where inodes are used up.", "Mira dónde se agotan los inodos.", "df -i"),
            step(
                "Find the folders with most files (put the mount point in place of /).",
                "Busca las carpetas con más archivos (pon el punto de montaje en lugar de /).",
                "sudo du -x --inodes / | sort -n | tail -20",
            ),
        ),
        (
            step(
                "Remove what piles up there: sessions, caches, mail queues, old releases.",
                "Borra lo que se acumula allí: sesiones, cachés, colas de correo, versiones viejas.",
            ),
        ),
    )


DISKS = {
    "LowDiskSpace": _disk(
        "Little is free on this disk. Nothing fails yet; when it is full, the database cannot write and requests fail.",
        "Queda poco libre en este disco. Aún no falla nada; cuando se llene, la base de datos dejará de escribir y "
        "fallarán las peticiones.",
    ),
    "DiskFullWithinADay": _disk(
        "At the pace of the last six hours this disk is full tomorrow at this time.",
        "Al ritmo de las últimas seis horas, mañana a esta hora el disco estará lleno.",
    ),
    "DiskFullWithinHours": _disk(
        "At the pace of the last six hours this disk is full within four hours: act now.",
        "Al ritmo de las últimas seis horas, el disco se llenará en cuatro horas: actúa ya.",
        (
            step(
                "Stop what writes so fast: see which component, on the dashboard Components or with iotop.",
                "Para lo que escribe tan deprisa: mira qué componente es en el tablero Components o con iotop.",
                "sudo iotop -boP -n 3 | head -30",
            ),
            *_SMALLER,
        ),
    ),
    "DiskAlmostFull": _disk(
        "Writing fails any moment: the database refuses changes, measurements stop, logs are lost.",
        "En cualquier momento fallará la escritura: la base de datos rechaza cambios, se dejan de guardar mediciones y "
        "se pierden registros.",
        (*_SMALLER, _AFTERWARDS),
    ),
    "InodesLow": _inodes(
        "The file system has space but soon no place for further files: making one fails as if the disk were full.",
        "Hay espacio, pero pronto no cabrán más archivos: crear uno fallará como si el disco estuviera lleno.",
    ),
    "InodesAlmostGone": _inodes(
        "Hardly a file can still be made here. Servers that write temporary files begin to fail.",
        "Aquí apenas se puede crear ya un archivo. Los servidores que usan temporales empiezan a fallar.",
    ),
    "FilesystemBecameReadOnly": Runbook(
        Text(
            "The kernel has forbidden writing, usually because the disk reported errors. The database cannot store "
            "anything that lies there.",
            "El núcleo ha prohibido escribir, casi siempre porque el disco dio errores. La base de datos no puede "
            "guardar nada de lo que está ahí.",
        ),
        (
            step(
                "Read what the disk reported.",
                "Lee qué errores dio el disco.",
                "sudo dmesg -T | grep -iE 'error|remount|I/O' | tail",
            ),
            step("See how it is mounted.", "Mira cómo está montado.", "findmnt -o TARGET,SOURCE,FSTYPE,OPTIONS"),
        ),
        (
            step(
                "Save what can be read elsewhere first. Then stop everything, and check the disk unmounted.",
                "Salva antes en otro sitio lo que se pueda leer. Después para todo y revisa el disco desmontado.",
                "./sereno down && sudo fsck -f DEVICE",
            ),
            step("A disk with I/O errors must be replaced.", "Un disco con errores de E/S hay que cambiarlo."),
        ),
    ),
    "DiskQueueLong": Runbook(
        Text(
            "Requests wait for the disk. Queries and pages that need it take long.",
            "Las peticiones esperan al disco. Las consultas y páginas que lo necesitan tardan.",
        ),
        (
            step("See who reads and writes.", "Mira quién lee y escribe.", "sudo iotop -boP -n 3 | head -30"),
            logs("mysql"),
        ),
        (
            step(
                "Put off backups and bulk jobs; follow MysqlSlowQueries when it is the database.",
                "Aplaza copias y trabajos masivos; si es la base de datos, sigue MysqlSlowQueries.",
            ),
            step(
                "Cloud disks have a limit of operations a second: see whether it is reached, and raise it.",
                "Los discos en la nube tienen un límite de operaciones por segundo: mira si se alcanza y súbelo.",
            ),
        ),
    ),
}
