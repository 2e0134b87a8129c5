"""While the database is down everyone gets the last good page, with its age in its own text, in their language."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.equipment.monitoring import wait_until
from tests.equipment.stack import NativeStack

WORDS = {
    "en": r"This is the last good page, as of (\d\d:\d\d) UTC; the desk does not answer\.",
    "es": r"(\d\d:\d\d) UTC",
}


def age(told: str) -> timedelta:
    """How long ago a time of day was."""
    now = datetime.now(UTC)
    then = now.replace(hour=int(told[:2]), minute=int(told[3:]), second=0, microsecond=0)
    return now - (then if then <= now else then - timedelta(days=1))


def test_while_the_database_is_down_the_last_good_page_answers(stack: NativeStack) -> None:
    copies = stack.home / "www/status"
    wait_until("copies are kept", lambda: {"en.html", "es.html"} <= {file.name for file in copies.glob("*.html")}, 60)
    stack.must("stop", "mysql")
    try:
        wait_until("the copy is served", lambda: re.search(WORDS["en"], stack.get("/").text), 20)
        for language, words in WORDS.items():
            for cookie in ("", "sereno_session=whatever"):
                page = stack.get("/", Accept_Language=language, **({"Cookie": cookie} if cookie else {}))
                assert page.status == 200
                assert f'<html lang="{language}"' in page.text
                said = re.search(words, page.text)
                assert said is not None, page.text
                assert age(said[1]) < timedelta(minutes=3)
                assert page.headers["Cache-Control"] == "no-store"
                assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert stack.get("/healthz").status == 200
        assert stack.get("/status.json").status == 503
        assert stack.get("/grafana/", Cookie="sereno_session=whatever").status == 503
    finally:
        stack.must("start", "mysql")
    wait_until("the page is live again", lambda: not re.search(WORDS["en"], stack.get("/").text), 30)
