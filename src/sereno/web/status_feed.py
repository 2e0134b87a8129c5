"""`/status.rss`: what was published of incidents, and maintenance, for feed readers (RSS 2.0)."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as Xml

from flask import Blueprint, Response, make_response
from flask_babel import gettext as _

from sereno.respond.incidents.markdown import to_html
from sereno.respond.maintenance.model import Maintenance, Phase, in_language
from sereno.respond.status.news import PublicIncident
from sereno.web.auth import public
from sereno.web.front import View, shared, view_now
from sereno.web.i18n import language
from sereno.web.public_words import PHASES, public_words

blueprint = Blueprint("status_feed", __name__)

ATOM = "http://www.w3.org/2005/Atom"
NOT_IN_XML = {number: None for number in (*range(32), 0xFFFE, 0xFFFF) if chr(number) not in "\t\n\r"}
"""Signs that XML 1.0 can not hold."""

Item = tuple[datetime, str, str, str, str]
"""When, guid, title, link, HTML."""


@blueprint.get("/status.rss")
@public
def feed() -> Response:
    """The last fortnight and what is to come, the newest first, in the reader's language."""
    view = view_now()
    response = make_response(rss(view, language()))
    response.mimetype = "application/rss+xml"
    return shared(response)


def rss(view: View, code: str) -> bytes:
    """The document."""
    words = public_words(view.status, code)
    base = str(words["base"])
    Xml.register_namespace("atom", ATOM)
    root = Xml.Element("rss", version="2.0")
    channel = Xml.SubElement(root, "channel")
    site = str(words["site"])
    items = sorted([*_of_incidents(view, base, code), *_of_maintenance(view, base, code)], reverse=True)
    for name, text in (
        ("title", site),
        ("link", f"{base}/"),
        ("description", _("Incidents and scheduled maintenance of %(site)s", site=site)),
        ("language", code),
        ("lastBuildDate", format_datetime(items[0][0] if items else view.now, usegmt=True)),
    ):
        _add(channel, name, text)
    Xml.SubElement(channel, f"{{{ATOM}}}link", href=f"{base}/status.rss", rel="self", type="application/rss+xml")
    for at, guid, title, link, html in items:
        item = Xml.SubElement(channel, "item")
        _add(item, "title", title)
        _add(item, "link", link)
        _add(item, "guid", guid).set("isPermaLink", "false")
        _add(item, "pubDate", format_datetime(at, usegmt=True))
        _add(item, "description", html)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(parent: Xml.Element, name: str, text: str) -> Xml.Element:
    element = Xml.SubElement(parent, name)
    element.text = text.translate(NOT_IN_XML)
    return element


def _of_incidents(view: View, base: str, code: str) -> list[Item]:
    return [item for one in view.news.incidents for item in _of_incident(one, base, code)]


def _of_incident(one: PublicIncident, base: str, code: str) -> list[Item]:
    title, link = one.title.in_language(code), f"{base}/history/{one.opened_at:%Y-%m}#incident-{one.id}"
    items = [(each.at, f"sereno:incident:{one.id}:{each.id}", title, link, to_html(each.text)) for each in one.updates]
    if one.resolved_at is not None:
        over = _("Resolved: %(title)s", title=title)
        items.append((one.resolved_at, f"sereno:incident:{one.id}:resolved", over, link, _("Resolved.")))
    return items


def _of_maintenance(view: View, base: str, code: str) -> list[Item]:
    return [_maintained(one, one.phase(view.now), base, code) for one in view.news.maintenance]


def _maintained(one: Maintenance, phase: Phase, base: str, code: str) -> Item:
    at = {Phase.RUNNING: one.begins_at, Phase.ENDED: one.over_at}.get(phase, one.updated_at)
    title = f"{_(PHASES[phase])}: {in_language(one.title, code)}"
    when = f"<p>{one.begins_at:%Y-%m-%d %H:%M} – {one.over_at:%Y-%m-%d %H:%M} UTC</p>"
    guid = f"sereno:maintenance:{one.id}:{phase}:{one.updated_at:%Y%m%d%H%M%S}"
    return (
        at,
        guid,
        title,
        f"{base}/history/{one.begins_at:%Y-%m}#maintenance-{one.id}",
        when + to_html(in_language(one.text, code)),
    )
