"""Comments are typed by people and may quote an alert: nothing in them may become a part of the page itself."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from sereno.respond.incidents.markdown import ELEMENTS, to_html
from sereno.respond.incidents.model import TEXT_LENGTH

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<p style='position:fixed'>everything is fine</p>",
    "<a href='javascript:alert(1)'>here</a>",
    "[here](javascript:alert(1))",
    "[here](JaVaScRiPt:alert(1))",
    "[here](java\tscript:alert(1))",
    "[here](&#106;avascript:alert(1))",
    "[here](data:text/html;base64,PHNjcmlwdD4=)",
    "[here](vbscript:msgbox(1))",
    '[here](https://a.example/" onmouseover="alert(1))',
    '[here](https://a.example "title\\" onmouseover=\\"alert(1)")',
    "<javascript:alert(1)>",
    "![picture](https://tracker.example/one.gif)",
    "[x]: javascript:alert(1)\n\n[x]",
    '```"><script>alert(1)</script>\ncode\n```',
    "`<script>alert(1)</script>`",
    "<!-- --><script>alert(1)</script><!-- -->",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


class _Parts(HTMLParser):
    """Which elements and attributes a browser would find."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def parts(html: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = _Parts()
    reader.feed(html)
    reader.close()
    return reader.found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_becomes_words(text: str) -> None:
    for tag, attributes in parts(to_html(text)):
        assert tag in ELEMENTS
        assert set(attributes) <= {"href", "rel"}
        assert str(attributes.get("href", "https:")).startswith(("https:", "http:", "mailto:", "/"))


def test_what_was_typed_as_html_is_read_as_typed() -> None:
    assert to_html("<b>1 < 2</b>") == "<p>&lt;b&gt;1 &lt; 2&lt;/b&gt;</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**It is back**, _mostly_.", "<p><strong>It is back</strong>, <em>mostly</em>.</p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- disk\n- `df -h`", "<ul>\n<li>disk</li>\n<li><code>df -h</code></li>\n</ul>"),
        ("~~wrong~~", "<p><s>wrong</s></p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("```sh\nls <x>\n```", "<pre><code>ls &lt;x&gt;\n</code></pre>"),
        ("# no heading", "<p># no heading</p>"),
        ("", ""),
    ],
)
def test_what_is_allowed(text: str, html: str) -> None:
    assert to_html(text) == html


@pytest.mark.parametrize("address", ["https://status.example/a?b=c", "mailto:ana@example.org", "/alerts/7"])
def test_a_link_leads_there_and_tells_the_other_side_nothing(address: str) -> None:
    assert parts(to_html(f"[look]({address})")) == [
        ("p", {}),
        ("a", {"href": address, "rel": "nofollow noopener noreferrer"}),
    ]


def test_an_address_in_angle_brackets_is_a_link() -> None:
    assert ("a", {"href": "https://a.example/", "rel": "nofollow noopener noreferrer"}) in parts(
        to_html("<https://a.example/>")
    )


def test_no_more_than_the_longest_text_is_shown() -> None:
    assert len(to_html("x" * (TEXT_LENGTH + 500))) == TEXT_LENGTH + len("<p></p>")
