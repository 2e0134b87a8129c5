"""Which protocols, ciphers and curves the real Nginx speaks, asked with openssl: Mozilla's intermediate ones."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from tests.equipment.nginx import Echo, Nginx, is_missing

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]

CIPHERS_OF_TLS_1_2 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
)
"""Of the six, those that the certificate's kind of key (P-256) allows."""

WEAK = (
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-CCM",
    "DHE-RSA-AES128-GCM-SHA256",
    "AES128-GCM-SHA256",
)


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    desk = Echo()
    server = Nginx(ports={"webapp": desk.port}).start()
    yield server
    server.close()
    desk.close()


def handshake(nginx: Nginx, *options: str) -> str:
    """What openssl tells of one handshake; empty when it failed."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.ports['nginx']}", "-servername", "localhost", *options],
        input="",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout if done.returncode == 0 and "Cipher is (NONE)" not in done.stdout else ""


def test_tls_1_2_and_1_3_are_spoken(nginx: Nginx) -> None:
    assert "TLSv1.2" in handshake(nginx, "-tls1_2")
    assert "TLSv1.3" in handshake(nginx, "-tls1_3")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_ones_are_refused(nginx: Nginx, version: str) -> None:
    # Without this the client itself would refuse, and the test would prove nothing of the server.
    assert handshake(nginx, version, "-cipher", "DEFAULT:@SECLEVEL=0") == ""


def test_the_client_of_this_test_could_speak_older_ones() -> None:
    desk = Echo()
    nginx = Nginx(ports={"webapp": desk.port})
    try:
        text = nginx.configuration.read_text()
        text = text.replace("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.1;")
        nginx.configuration.write_text(re.sub(r"ssl_ciphers [^;]+;", "ssl_ciphers ALL:@SECLEVEL=0;", text))
        nginx.start()
        assert "TLSv1.1" in handshake(nginx, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")
    finally:
        nginx.close()
        desk.close()


@pytest.mark.parametrize("cipher", CIPHERS_OF_TLS_1_2)
def test_the_recommended_ciphers_are_accepted(nginx: Nginx, cipher: str) -> None:
    assert cipher in handshake(nginx, "-tls1_2", "-cipher", cipher)


@pytest.mark.parametrize("cipher", WEAK)
def test_all_others_are_refused(nginx: Nginx, cipher: str) -> None:
    assert handshake(nginx, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0") == ""


@pytest.mark.parametrize("curve", ["X25519", "prime256v1", "secp384r1"])
def test_the_recommended_curves_are_accepted(nginx: Nginx, curve: str) -> None:
    assert handshake(nginx, "-curves", curve)


@pytest.mark.parametrize("curve", ["secp521r1", "X448"])
def test_other_curves_are_refused(nginx: Nginx, curve: str) -> None:
    assert handshake(nginx, "-curves", curve) == ""


def test_no_ticket_is_handed_out_that_could_be_stolen_later(nginx: Nginx) -> None:
    assert "TLS session ticket:" not in handshake(nginx, "-tls1_2")


def test_the_certificate_is_for_the_names_that_were_asked_for(nginx: Nginx) -> None:
    pair = nginx.folder / "tls/served/cert.pem"
    for name in ("localhost", "desk.test"):
        told = handshake(nginx, "-CAfile", str(pair), "-verify_hostname", name, "-verify_return_error")
        assert "Verify return code: 0 (ok)" in told, name
    for address in ("127.0.0.1", "::1"):
        told = handshake(nginx, "-CAfile", str(pair), "-verify_ip", address, "-verify_return_error")
        assert "Verify return code: 0 (ok)" in told, address
