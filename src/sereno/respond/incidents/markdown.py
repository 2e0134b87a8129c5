"""Markdown of comments and public updates, as HTML that is harmless whatever was typed.

Two independent hands: markdown-it writes down HTML that was typed as words instead of passing it on, and nh3 (the
ammonia library) lets only the elements below through. Either alone would do; a fault in one reaches no page.
"""

from __future__ import annotations

from functools import cache

import nh3
from markdown_it import MarkdownIt

from sereno.respond.incidents.model import TEXT_LENGTH

ELEMENTS = frozenset({"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"})
"""What a text can be made of. No headings (the page has its own), no pictures (another server would know who reads)."""

LINKS = frozenset({"http", "https", "mailto"})
"""Where a link may lead, besides an address of the desk's own (`/alerts/7`)."""

_LEFT_OUT = ("html_block", "html_inline", "image", "heading", "lheading", "hr", "reference")


def to_html(text: str) -> str:
    """`text` (CommonMark without headings, pictures and HTML; a new line is a new line) as safe HTML, for people.

    Links carry `rel="nofollow noopener noreferrer"`. What is beyond `TEXT_LENGTH` is not shown.
    """
    written: str = _reader().render(text[:TEXT_LENGTH])
    return nh3.clean(
        written,
        tags=set(ELEMENTS),
        attributes={"a": {"href"}, "*": set()},
        url_schemes=set(LINKS),
        link_rel="nofollow noopener noreferrer",
    ).strip()


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(_LEFT_OUT).enable("strikethrough")
