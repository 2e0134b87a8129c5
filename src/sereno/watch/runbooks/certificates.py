"""Runbooks for the alerts of `rules/certificates.py`: this server's own certificate."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import DOCTOR, Runbook, logs, restart, step

_SHOW = step(
    "See what lies on the disk, what is shown, the last try to renew it with its outcome, and the next one.",
    "Mira qué hay en el disco, qué se muestra, el último intento de renovarlo con su resultado y el siguiente.",
    "./sereno certificate show",
)
_RENEW = step(
    "Try at once instead of waiting for the next time; what is served stays until a new one is there.",
    "Inténtalo ya en vez de esperar al siguiente; lo que se sirve se queda hasta que haya uno nuevo.",
    "./sereno certificate renew",
)

_RENEWAL = (
    (
        _SHOW,
        step(
            "Let the doctor compare the names in DNS with this server's addresses, and look at port 80 and the clock.",
            "Deja que doctor compare los nombres en DNS con las direcciones de este servidor y revise el puerto 80 "
            "y el reloj.",
            "./sereno doctor",
        ),
        logs("worker"),
    ),
    (
        step(
            "Do what the line after the authority's words says: most often the name leads elsewhere, or port 80 is "
            "closed on the way here.",
            "Haz lo que dice la línea tras las palabras de la autoridad: casi siempre el nombre lleva a otro sitio "
            "o el puerto 80 está cerrado por el camino.",
        ),
        _RENEW,
        DOCTOR,
    ),
)
"""Where to look and what mends it, when a renewal does not come."""

CERTIFICATES = {
    "CertificateNotServed": Runbook(
        Text(
            "A new certificate lies ready, but visitors still get another one. When that one ends, browsers refuse it.",
            "Hay un certificado nuevo listo, pero los visitantes siguen recibiendo otro. Cuando ese caduque, los "
            "navegadores lo rechazarán.",
        ),
        (_SHOW, logs("nginx")),
        (
            step(
                "Nginx refuses its configuration, so it goes on with the old one: undo what was changed last in "
                "docker/nginx/conf.d/ or in the services of sereno.toml, then let it be written anew.",
                "Si Nginx rechaza su configuración, sigue con la anterior: deshaz lo último que cambió en "
                "docker/nginx/conf.d/ o en los servicios de sereno.toml y haz que se escriba de nuevo.",
                "./sereno up",
            ),
            restart("nginx"),
        ),
    ),
    "CertificateRenewalFailed": Runbook(
        Text(
            "The authority gives no new certificate, or is not asked. Visitors notice nothing until the present one "
            "ends.",
            "La autoridad no da un certificado nuevo, o no se le pide. Los visitantes no notan nada hasta que caduque "
            "el actual.",
        ),
        *_RENEWAL,
    ),
    "CertificateNotRenewedInTime": Runbook(
        Text(
            "The certificate ends soon, or has ended, and no new one has come. From its end browsers refuse the site.",
            "El certificado caduca pronto, o ya caducó, y no ha llegado otro. Desde que caduque, los navegadores "
            "rechazarán el sitio.",
        ),
        *_RENEWAL,
    ),
}
