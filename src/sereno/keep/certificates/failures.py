"""Why an authority gave no certificate: its answer, read, with what to do about it in both languages. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sereno.core.text import Text

NOT_SERVED = "not-served"


@dataclass(frozen=True, slots=True)
class Failure:
    """`code` is a key of `REMEDIES`, `detail` the authority's own words, `not_before` when it may be asked again."""

    code: str
    detail: str
    not_before: datetime | None = None


REMEDIES: dict[str, Text] = {
    "dns": Text(
        "The name does not lead here. Give it an A record (and AAAA, if this server has IPv6) with this server's "
        "public address, and wait until it has spread: ./sereno doctor compares them.",
        "El nombre no lleva hasta aquí. Ponle un registro A (y AAAA, si este servidor tiene IPv6) con la dirección "
        "pública de este servidor y espera a que se propague: ./sereno doctor los compara.",
    ),
    "connection": Text(
        "The authority cannot reach port 80 of this name. Open 80 in the firewall and the security group, or forward "
        "it to [site] http_port; a wrong AAAA record has the same effect.",
        "La autoridad no llega al puerto 80 de este nombre. Abre el 80 en el cortafuegos y en el grupo de seguridad, o "
        "redirígelo a [site] http_port; un registro AAAA equivocado causa lo mismo.",
    ),
    "unauthorized": Text(
        "Something else answers under this name on port 80: another server, a proxy in front, or an old address in "
        "DNS. Let it lead here, plain HTTP included.",
        "Otra cosa responde con este nombre en el puerto 80: otro servidor, un proxy delante o una dirección vieja en "
        "DNS. Haz que lleve hasta aquí, también con HTTP.",
    ),
    "caa": Text(
        "A CAA record in DNS forbids this authority to give certificates for the name. Add it there, or remove the "
        "record.",
        "Un registro CAA en DNS prohíbe a esta autoridad dar certificados para el nombre. Añádela o quita el registro.",
    ),
    "rate-limited": Text(
        "The authority has been asked too often. Nothing is lost: the next try comes when it allows one.",
        "Se ha preguntado demasiadas veces a la autoridad. No se pierde nada: se reintentará cuando lo permita.",
    ),
    "refused": Text(
        "The authority does not give certificates for this name. Correct [site] domain and aliases.",
        "La autoridad no da certificados para este nombre. Corrige domain y aliases en [site].",
    ),
    "unreachable": Text(
        "The authority's directory cannot be reached from here. Look whether this server has a way out, and whether "
        "[certificate] directory and directory_ca are right.",
        "Desde aquí no se llega al directorio de la autoridad. Mira si este servidor tiene salida y si directory y "
        "directory_ca en [certificate] son correctos.",
    ),
    NOT_SERVED: Text(
        "The new certificate lies ready, but Nginx still shows another. Let it read its files anew: "
        "./sereno restart nginx.",
        "El certificado nuevo está listo, pero Nginx sigue mostrando otro. Haz que lea de nuevo sus archivos: "
        "./sereno restart nginx.",
    ),
    "other": Text(
        "Read the words above; the whole answer is in the folder tls/acme/logs.",
        "Lee lo de arriba; la respuesta completa está en la carpeta tls/acme/logs.",
    ),
}
"""Code → what to do."""

_PROBLEM = re.compile(
    r"^\s*(?:Identifier|Domain):\s*(?P<name>\S+)\s*\n\s*Type:\s*(?P<type>\S+)\s*\n\s*Detail:\s*(?P<detail>.+)$", re.M
)
_AGAIN = re.compile(r"[Rr]etry after (\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
_CODES = {
    "dns": "dns",
    "connection": "connection",
    "unauthorized": "unauthorized",
    "caa": "caa",
    "ratelimited": "rate-limited",
    "rejectedidentifier": "refused",
    "unsupportedidentifier": "refused",
    "incorrectresponse": "unauthorized",
    "tls": "connection",
}
"""The last part of an ACME error's name (RFC 8555, section 6.7), in small letters → our code."""

_UNREACHABLE = (
    "ConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "Timeout",
    "SSLError",
    "CERTIFICATE_VERIFY_FAILED",
    "NameResolutionError",
    "Temporary failure in name resolution",
)
_LONGEST = 600


def explain(output: str) -> Failure:
    """What Certbot's words say."""
    problems = [found.groupdict() for found in _PROBLEM.finditer(output)]
    if problems:
        code = _CODES.get(problems[0]["type"].rpartition(":")[2].lower(), "other")
        detail = "; ".join(f"{each['name']}: {each['detail'].strip()}" for each in problems)
        # A name that nobody knows comes as one kind of error or another, by authority.
        if code == "connection" and re.search(
            r"NXDOMAIN|no valid (A|AAAA|IP)|DNS problem|could not resolve|no such host", detail
        ):
            code = "dns"
        return Failure(code, detail[:_LONGEST], _not_before(output))
    named = re.search(r"urn:ietf:params:acme:error:(\w+)", output)
    code = _CODES.get(named[1].lower(), "other") if named else "other"
    if code == "other" and re.search(r"too many |rate ?limit", output, re.I):
        code = "rate-limited"
    if code == "other" and any(sign in output for sign in _UNREACHABLE):
        code = "unreachable"
    return Failure(code, _last_words(output)[:_LONGEST], _not_before(output))


def _not_before(output: str) -> datetime | None:
    found = _AGAIN.search(output)
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def _last_words(output: str) -> str:
    """What stands after "An unexpected error occurred:", else the last line that says something."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Saving debug log", "Ask for help", "See the logfile"))]
    for number, line in enumerate(told):
        if line.startswith("An unexpected error occurred"):
            return " ".join(told[number + 1 :]) or line
    return told[-1] if told else "it said nothing"
