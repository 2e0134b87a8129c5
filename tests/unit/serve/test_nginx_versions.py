import pytest

from sereno.serve.catalogue.nginx import versions

DEBIAN_12 = """nginx version: nginx/1.22.1
built with OpenSSL 3.0.22 25 Aug 2026 (running with OpenSSL 3.0.19 27 Jan 2026)
TLS SNI support enabled
configure arguments: --with-cc-opt='-g -O2'
"""
DEBIAN_13 = "nginx version: nginx/1.26.3\nbuilt with OpenSSL 3.5.1 1 Jul 2025\n"
UBUNTU_24_04 = "nginx version: nginx/1.24.0 (Ubuntu)\nbuilt with OpenSSL 3.0.13 30 Jan 2024\n"


@pytest.mark.parametrize(
    ("said", "nginx", "openssl"),
    [
        (DEBIAN_12, (1, 22, 1), (3, 0, 19)),
        (DEBIAN_13, (1, 26, 3), (3, 5, 1)),
        (UBUNTU_24_04, (1, 24, 0), (3, 0, 13)),
        ("nginx version: openresty/1.25.3.1\nbuilt with LibreSSL 3.9\n", (1, 25, 3, 1), ()),
        ("", (), ()),
    ],
)
def test_versions_are_read_from_what_nginx_says_of_itself(
    said: str, nginx: tuple[int, ...], openssl: tuple[int, ...]
) -> None:
    assert versions(said) == (nginx, openssl)
