"""Runbooks for the alerts of `rules/probes.py`."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.runbooks.model import DOCTOR, Runbook, Step, logs, restart, step

_WHICH = step(
    "See what the probe asks and what it got last (the alert's label `instance` is its name).",
    "Mira qué pregunta la sonda y qué obtuvo la última vez (la etiqueta `instance` de la alerta es su nombre).",
    "./sereno watch --list",
)
_CERTIFICATE = "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | openssl x509 -noout "


def _served(en: str, es: str, fields: str) -> Step:
    return step(en, es, _CERTIFICATE + fields)


PROBES = {
    "ProbeFailed": Runbook(
        Text(
            "Asked twice in a row from this machine, it did not answer, or not as it should: no connection, another "
            "status, missing words, a certificate that browsers refuse. Its users probably notice.",
            "Preguntado dos veces seguidas desde esta máquina, no respondió o no como debe: sin conexión, otro estado, "
            "palabras que faltan, un certificado que los navegadores rechazan. Sus usuarios seguramente lo notan.",
        ),
        (
            _WHICH,
            step(
                "Ask yourself, from this machine and from another one, and read where it stops.",
                "Pregunta tú, desde esta máquina y desde otra, y lee dónde se queda.",
                "curl -v ADDRESS",
            ),
            step(
                "If the name is not found, look at its name server.",
                "Si no se encuentra el nombre, mira su servidor de nombres.",
                "getent ahosts HOST",
            ),
            logs("blackbox-exporter"),
        ),
        (
            step(
                "Start what died, on the machine where it runs. For a service behind this Nginx, its log tells of "
                "refused and late answers.",
                "Arranca lo que ha caído, en la máquina donde funciona. Si es un servicio detrás de este Nginx, su "
                "registro cuenta los rechazos y los retrasos.",
                "./sereno logs nginx",
            ),
            step(
                "If the expectation is wrong rather than the answer, change the probe on the page /services or in "
                "sereno.toml.",
                "Si lo equivocado es lo que se espera y no la respuesta, cambia la sonda en la página /services o en "
                "sereno.toml.",
                "./sereno watch --list",
            ),
        ),
    ),
    "ProbeSlow": Runbook(
        Text(
            "It answers rightly, but takes more than two seconds. Readers begin to leave.",
            "Responde bien, pero tarda más de dos segundos. Los lectores empiezan a irse.",
        ),
        (
            step(
                "See which part takes the time: finding the name, connecting, the handshake, or the answer itself.",
                "Mira qué parte tarda: encontrar el nombre, conectar, la negociación o la propia respuesta.",
                "curl -so /dev/null -w '%{time_namelookup} %{time_connect} %{time_appconnect} %{time_total}' ADDRESS",
            ),
            step(
                "If this machine is busy, everything is slow: look at its processors and memory.",
                "Si esta máquina está ocupada, todo va lento: mira sus procesadores y su memoria.",
                "top -b -n 1 | head -20",
            ),
        ),
        (
            step(
                "Mend the part that takes the time; for a service of yours, its own log and measurements tell more.",
                "Arregla la parte que tarda; si el servicio es tuyo, su registro y sus mediciones dicen más.",
                "./sereno status",
            ),
        ),
    ),
    "CertificateExpiresSoon": Runbook(
        Text(
            "Within the days that the probe names (three weeks for this site), browsers will refuse what is served at "
            "the alert's `instance` (`desk` is this site). Nobody notices anything yet.",
            "En los días que dice la sonda (tres semanas para este sitio), los navegadores rechazarán lo que se sirve "
            "en la `instance` de la alerta (`desk` es este sitio). Todavía nadie nota nada.",
        ),
        (
            _served(
                "See what is served, by whom it was signed, and until when it holds.",
                "Mira qué se sirve, quién lo firmó y hasta cuándo vale.",
                "-issuer -dates",
            ),
        ),
        (
            step(
                "Sereno's own certificate: make it anew. One of your own: put the new pair where site.certificate and "
                "site.key point. Another server's: renew it there.",
                "Si es el certificado de Sereno: hazlo de nuevo. Si es tuyo: pon el par nuevo donde dicen "
                "site.certificate y site.key. Si es de otro servidor: renuévalo allí.",
                "./sereno certificate renew",
            ),
            step("Let Nginx load it.", "Haz que Nginx lo cargue.", "./sereno up"),
        ),
    ),
    "CertificateAboutToExpire": Runbook(
        Text(
            "In less than three days browsers will refuse what is served at the alert's `instance` (`desk` is this "
            "site), or they do already.",
            "En menos de tres días los navegadores rechazarán lo que se sirve en la `instance` de la alerta (`desk` es "
            "este sitio), o ya lo rechazan.",
        ),
        (
            _served("See until when what is served holds.", "Mira hasta cuándo vale lo que se sirve.", "-dates"),
            DOCTOR,
        ),
        (
            step(
                "Make a new certificate now, or put your own in place; another server's is renewed there.",
                "Haz ya un certificado nuevo, o pon el tuyo; el de otro servidor se renueva allí.",
                "./sereno certificate renew",
            ),
            restart("nginx"),
        ),
    ),
}
