"""What an authority's refusal means, from Certbot's own words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sereno.keep.certificates.failures import REMEDIES, explain

AUTHENTICATION = """\
Saving debug log to /var/lib/sereno/tls/acme/logs/letsencrypt.log
Requesting a certificate for shop.example.org and www.example.org

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported these problems:
  Identifier: shop.example.org
  Type:   {kind}
  Detail: {detail}

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile /x for more details.
"""


@pytest.mark.parametrize(
    ("kind", "detail", "code"),
    [
        ("unauthorized", "192.0.2.7: Invalid response from http://shop.example.org/…: 404", "unauthorized"),
        ("connection", "192.0.2.7: Fetching http://shop.example.org/…: Timeout during connect", "connection"),
        ("dns", "DNS problem: NXDOMAIN looking up A for shop.example.org", "dns"),
        ("connection", "no valid A records found for shop.example.org; no valid AAAA records", "dns"),
        ("connection", 'Get "http://x/": could not resolve URL "http://x/"', "dns"),
        ("caa", "CAA record for shop.example.org prevents issuance", "caa"),
        ("urn:ietf:params:acme:error:unauthorized", "The key authorization file differs", "unauthorized"),
        ("serverInternal", "Something broke", "other"),
    ],
)
def test_a_failed_challenge_is_told_with_its_name_and_the_authoritys_words(kind: str, detail: str, code: str) -> None:
    failure = explain(AUTHENTICATION.format(kind=kind, detail=detail))
    assert (failure.code, failure.detail) == (code, f"shop.example.org: {detail}")


def test_every_name_that_failed_is_told() -> None:
    two = AUTHENTICATION.format(kind="dns", detail="no such name").replace(
        "\nHint:", "\n  Identifier: www.example.org\n  Type:   dns\n  Detail: no such name either\n\nHint:"
    )
    assert explain(two).detail == "shop.example.org: no such name; www.example.org: no such name either"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (
            "too many certificates (5) already issued for this exact set of domains in the last 168h0m0s: "
            "shop.example.org, retry after 2026-11-26 11:22:33 UTC: see https://letsencrypt.org/docs/rate-limits/",
            "rate-limited",
        ),
        (
            'Error creating new order :: Cannot issue for "shop.local": Domain name does not end with a valid public '
            "suffix (urn:ietf:params:acme:error:rejectedIdentifier)",
            "refused",
        ),
        (
            "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='ca.test', port=443): Max retries exceeded",
            "unreachable",
        ),
        ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED]", "unreachable"),
        ("A thing that nobody has seen before", "other"),
    ],
)
def test_an_unexpected_error_is_told_in_its_own_words(words: str, code: str) -> None:
    said = (
        f"Saving debug log to /x\nAn unexpected error occurred:\n{words}\nAsk for help or search for solutions at …\n"
    )
    failure = explain(said)
    assert (failure.code, failure.detail) == (code, words)


def test_when_the_authority_wants_to_be_asked_again_is_read() -> None:
    said = "An unexpected error occurred:\ntoo many failed authorizations (5), retry after 2026-11-26 11:22:33 UTC: see"
    assert explain(said).not_before == datetime(2026, 11, 26, 11, 22, 33, tzinfo=UTC)
    assert explain("retry after 2026-99-99 11:22:33 UTC").not_before is None


@pytest.mark.parametrize("said", ["", "\n\n", "Saving debug log to /x\n"])
def test_silence_is_told_as_such(said: str) -> None:
    assert (explain(said).code, explain(said).detail) == ("other", "it said nothing")


def test_every_code_says_what_to_do_in_both_languages() -> None:
    for text in REMEDIES.values():
        assert text.en
        assert text.es
        assert text.en != text.es
