"""This server's own certificate: is the one on the disk shown, and was it renewed in time."""

from __future__ import annotations

from sereno.core.text import Text
from sereno.watch.conventions import (
    CERTIFICATE_BEGINS,
    CERTIFICATE_ENDS,
    CERTIFICATE_FAILURES,
    CERTIFICATE_PLANNED,
    CERTIFICATE_SERVED,
)
from sereno.watch.model import Severity
from sereno.watch.rules.model import Alert, RuleFile

HOUR_SECONDS = 3600


def certificates() -> RuleFile:
    """`certificates.yml`."""
    return RuleFile(
        "certificates.yml",
        "Is the certificate renewed, and is the renewed one shown?",
        (
            Alert(
                "CertificateNotServed",
                f"{CERTIFICATE_SERVED} == 0",
                Severity.CRITICAL,
                Text(
                    "Nginx shows another certificate than the one on the disk",
                    "Nginx muestra otro certificado que el del disco",
                ),
                Text(
                    "The certificate on the disk is not the one that visitors get: a renewal has not reached them.",
                    "El certificado del disco no es el que reciben los visitantes: una renovación no les ha llegado.",
                ),
                # The worker looks each 15 s, and has Nginx take it over by itself.
                lasting="2m",
                component="nginx",
            ),
            Alert(
                "CertificateRenewalFailed",
                # A first failure may be a name that has just been given; whoever sets one up is told on the spot.
                f"{CERTIFICATE_FAILURES} >= 2\n"
                # The worker itself does not come to it: its job hangs, or cannot begin.
                f"or ({CERTIFICATE_PLANNED} > 0 and time() - {CERTIFICATE_PLANNED} > {HOUR_SECONDS})",
                Severity.WARNING,
                Text("The certificate is not renewed", "El certificado no se renueva"),
                Text(
                    "Tries to get a new certificate fail, or do not happen. The present one goes on being served.",
                    "Los intentos de conseguir un certificado nuevo fallan o no se hacen. Se sirve el actual.",
                ),
                lasting="1m",
                component="worker",
            ),
            Alert(
                "CertificateNotRenewedInTime",
                # Lifetimes are from hours to a year, so no number of days would do.
                f"({CERTIFICATE_ENDS} - time()) / ({CERTIFICATE_ENDS} - {CERTIFICATE_BEGINS}) < 0.1\n"
                f"and {CERTIFICATE_PLANNED} > 0",
                Severity.CRITICAL,
                Text("The certificate ends and is not renewed", "El certificado caduca y no se ha renovado"),
                Text(
                    "Less than a tenth of its lifetime is left; it should have been renewed long ago.",
                    "Queda menos de una décima parte de su vida; hace tiempo que debería haberse renovado.",
                ),
                lasting="1m",
                component="worker",
            ),
        ),
    )
