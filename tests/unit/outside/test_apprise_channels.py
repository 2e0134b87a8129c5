"""What may be told of a channel's address, which failures are for good, and that the guide's addresses are ones."""

from __future__ import annotations

import tomllib

import apprise
import pytest
from tests.equipment.documents import blocks

from sereno.outside.apprise_channels import is_permanent, secret_parts


@pytest.mark.parametrize(
    ("url", "secret", "open_words"),
    [
        ("tgram://123456:AAFAbC-token/-100123", {"123456:AAFAbC-token", "-100123", "AAFAbC-token"}, set()),
        ("mailto://ana:pass%20word@mail.example.org:587/?from=desk@x.org", {"pass%20word", "pass word"},
         {"mail.example.org:587"}),
        ("jsons://hooks.example.org/path-token?+X-Key=header", {"path-token", "header"}, {"hooks.example.org"}),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajk/#alerts", {"T1JJ3T3L2", "A1BRTD4JD", "TIiajk", "alerts"}, set()),
    ],
)  # fmt: skip
def test_what_is_secret_in_an_address(url: str, secret: set[str], open_words: set[str]) -> None:
    found = secret_parts(url)
    assert secret <= found
    assert not open_words & found


@pytest.mark.parametrize(
    ("words", "permanent"),
    [
        ("Failed to send JSON POST notification: Page not found., error=404.", True),
        ("Failed to send: Too many requests, error=429.", False),
        ("Failed to send: error=503.", False),
        ("Socket Exception: (550, b'no such user')", True),
        ("Socket Exception: {'a@b': (554, b\"refused\")}", True),
        ("Socket Exception: (421, b'later')", False),
        ("A Connection error occurred sending", False),
        ("", False),
    ],
)
def test_which_failures_are_for_good(words: str, permanent: bool) -> None:
    assert is_permanent(words) is permanent


@pytest.mark.parametrize("guide", ["notices.md", "notices.es.md"])
def test_the_guides_addresses_are_ones(guide: str) -> None:
    urls = [
        channel["url"]
        for block in blocks(guide, "toml")
        for channel in tomllib.loads(block).get("notify", {}).get("channels", [])
        if "url" in channel
    ]
    assert len(urls) > 4
    for url in urls:
        assert apprise.Apprise.instantiate(url) is not None, url
