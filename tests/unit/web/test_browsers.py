import pytest
from flask import Flask

from sereno.web.browsers import browser_words

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (f"{WINDOWS} {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome, Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iPhone"),
        ("curl/8.5.0", "curl"),
        ("Lantern/1.0", "Lantern/1.0"),
        ("", "unknown browser"),
    ],
)
def test_a_browser_is_told_in_few_words(app: Flask, user_agent: str, words: str) -> None:
    with app.test_request_context(base_url="https://desk.test"):
        assert browser_words(user_agent) == words
