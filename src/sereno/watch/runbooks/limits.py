"""Runbooks for the alerts of `rules/limits.py`: the clock and the kernel's own limits."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import Runbook, restart, step

_CLOCK = step("See what the clock says of itself.", "Mira qué dice el reloj de sí mismo.", "timedatectl")
_OPEN_FILES = step(
    "See who holds most files open.",
    "Mira quién tiene más archivos abiertos.",
    'for p in /proc/[0-9]*; do echo "$(sudo ls $p/fd | wc -l) $(cat $p/comm)"; done | sort -n | tail',
)


def _descriptors(en: str, es: str) -> Runbook:
    return Runbook(
        Text(en, es),
        (
            step(
                "See how many are open and allowed.",
                "Mira cuántos hay abiertos y permitidos.",
                "cat /proc/sys/fs/file-nr",
            ),
            _OPEN_FILES,
        ),
        (
            step(
                "Restart what leaks; raise the machine's limit only when the use is honest.",
                "Reinicia lo que tenga fugas; sube el límite de la máquina solo si el uso es legítimo.",
                "sudo sysctl fs.file-max",
            ),
        ),
    )


LIMITS = {
    "ClockSkewed": Runbook(
        Text(
            "The clock is more than a twentieth of a second off and drifts further. Times in logs are wrong; "
            "when it grows, logins and certificates fail.",
            "El reloj se desvía más de una vigésima de segundo y sigue derivando. Las horas de registros y alertas son "
            "erróneas; si crece, fallan los accesos y los certificados.",
        ),
        (_CLOCK,),
        (
            step(
                "Restart the time service, or install one.",
                "Reinicia el servicio de hora o instala uno.",
                "sudo systemctl restart systemd-timesyncd || sudo apt-get install chrony",
            ),
        ),
    ),
    "ClockNotSynchronised": Runbook(
        Text(
            "No time service corrects the clock. It is right for now and will drift by seconds a day.",
            "Ningún servicio de hora corrige el reloj. Por ahora va bien y derivará segundos al día.",
        ),
        (_CLOCK,),
        (
            step(
                "Switch time synchronisation on; in a container or a virtual machine, on its host.",
                "Activa la sincronización; en un contenedor o una máquina virtual, en su anfitrión.",
                "sudo timedatectl set-ntp true",
            ),
        ),
    ),
    "FileDescriptorsHigh": _descriptors(
        "Most of the files and connections that the whole machine may hold open are open.",
        "Están abiertos la mayoría de los archivos y conexiones que la máquina entera puede mantener.",
    ),
    "FileDescriptorsAlmostGone": _descriptors(
        "Soon no program can open a file or accept a connection.",
        "Pronto ningún programa podrá abrir un archivo ni aceptar una conexión.",
    ),
    "ProcessFileDescriptorsHigh": Runbook(
        Text(
            "This component is near the number of files and connections that it may hold open; beyond it refuses "
            "requests.",
            "Este componente está cerca del número de archivos y conexiones que puede mantener abiertos; más allá, "
            "rechaza peticiones.",
        ),
        (_OPEN_FILES,),
        (
            step(
                "A steady rise is a leak: restart it, and keep its log for whoever mends it.",
                "Una subida constante es una fuga: reinícialo y guarda su registro para quien lo arregle.",
                "./sereno restart COMPONENT",
            ),
        ),
    ),
    "ConntrackAlmostFull": Runbook(
        Text(
            "The kernel's list of connections is almost full; when it is, new visitors are turned away without a word.",
            "La lista de conexiones del núcleo está casi llena; si se llena, los visitantes nuevos son rechazados sin "
            "aviso.",
        ),
        (
            step(
                "See who connects most.",
                "Mira quién se conecta más.",
                "ss -Htn state established | awk '{print $4}' | sed 's/:[0-9]*$//' | sort | uniq -c | sort -n | tail",
            ),
        ),
        (
            step(
                "Turn away who floods you at the firewall, or raise the limit.",
                "Cierra el paso en el cortafuegos a quien inunda, o sube el límite.",
                "sudo sysctl -w net.netfilter.nf_conntrack_max=262144",
            ),
            restart("nginx"),
        ),
    ),
}
