"""What may not be probed from the desk, and how a stored probe is handed to Prometheus."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sereno.core.text import Text
from sereno.watch.probes import Kind, Probe, Source
from sereno.watch.probes.judge import Asked, Found, Inside, Refusal, best_address, refusal, whom
from sereno.watch.probes.service import accepted_address, judged
from sereno.watch.probes.stored import (
    ProbeRefused,
    Stored,
    TargetRefused,
    accepted,
    fields_of,
    handed_out,
    likely_kind,
    likely_name,
)

NATIVE = Inside(frozenset({9090, 13306}))
COMPOSE = Inside(frozenset({9090, 3306}), frozenset({"mysql", "prometheus"}), frozenset({"10.213.41.5"}))
NOW = datetime(2030, 1, 1, tzinfo=UTC)
PROBE = Probe("shop", Kind.HTTP, "https://shop.example/health", Source.STORED, Text("", ""), follow=False)


class Names:
    """A machine that knows some names; `near` are its own addresses."""

    def __init__(self, known: dict[str, list[str]], *, near: tuple[str, ...] = (), pings: bool = True) -> None:
        self.known, self.near, self.pings = known, near, pings

    def found(self, host: str) -> list[Found]:
        return [Found(each, each in self.near) for each in self.known.get(host, [])]

    def inside(self) -> Inside:
        return NATIVE

    def may_ping(self) -> bool:
        return self.pings


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        (Kind.HTTP, "https://shop.example/x?y", Asked("shop.example", 443)),
        (Kind.HTTP, "HTTP://Shop.Example.:8080", Asked("shop.example", 8080)),
        (Kind.HTTP, "http://[2001:db8::1]/", Asked("2001:db8::1", 80)),
        (Kind.TCP, "mail.example:25", Asked("mail.example", 25)),
        (Kind.TCP, "[2001:db8::1]:25", Asked("2001:db8::1", 25)),
        (Kind.DNS, "example.org@9.9.9.9", Asked("9.9.9.9", 53)),
        (Kind.DNS, "example.org@[2620:fe::fe]:5353", Asked("2620:fe::fe", 5353)),
        (Kind.ICMP, "[2001:db8::1]", Asked("2001:db8::1", None)),
        (Kind.HTTP, "file:///etc/passwd", Refusal.SCHEME),
        (Kind.HTTP, "gopher://mysql:3306/", Refusal.SCHEME),
        (Kind.HTTP, "https://me@shop.example/", Refusal.USERINFO),
        (Kind.HTTP, "https://shop.example@10.0.0.1/", Refusal.USERINFO),
        (Kind.HTTP, "https:///x", Refusal.MALFORMED),
        (Kind.HTTP, "http://shop.example\\@127.0.0.1/", Refusal.USERINFO),
        (Kind.HTTP, "http://shop.example/\\x", Refusal.MALFORMED),
        (Kind.HTTP, "http://shop.example:99999/", Refusal.MALFORMED),
        (Kind.HTTP, "http://shop.example:0/", Refusal.MALFORMED),
        (Kind.HTTP, "http://[nonsense/", Refusal.MALFORMED),
        (Kind.TCP, "me@mail.example:25", Refusal.MALFORMED),
        (Kind.TCP, "mail.example", Refusal.MALFORMED),
    ],
)
def test_a_target_says_whom_it_asks(kind: Kind, target: str, expected: Asked | Refusal) -> None:
    assert whom(kind, target) == expected


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("169.254.169.254", Refusal.LINK_LOCAL),
        ("169.254.0.1", Refusal.LINK_LOCAL),
        ("fe80::1%eth0", Refusal.LINK_LOCAL),
        ("::ffff:169.254.169.254", Refusal.LINK_LOCAL),
        ("64:ff9b::a9fe:a9fe", Refusal.LINK_LOCAL),
        ("2002:a9fe:a9fe::1", Refusal.LINK_LOCAL),
        ("fd00:ec2::254", Refusal.METADATA),
        ("100.100.100.200", Refusal.METADATA),
        ("224.0.0.1", Refusal.NOBODY),
        ("255.255.255.255", Refusal.NOBODY),
        ("127.0.0.1", Refusal.INSIDE),
        ("127.8.9.1", Refusal.INSIDE),
        ("::1", Refusal.INSIDE),
        ("0.0.0.0", Refusal.INSIDE),
        ("::ffff:127.0.0.1", Refusal.INSIDE),
        ("192.0.2.7", None),
        ("10.0.0.7", None),
        ("2001:db8::1", None),
    ],
)
def test_an_address_is_judged_for_what_it_is(address: str, why: Refusal | None) -> None:
    assert refusal(Asked("name.example", 9090), [Found(address)], NATIVE) == why


def test_only_the_stacks_own_ports_are_closed_on_this_machine() -> None:
    assert refusal(Asked("localhost", 3000), [Found("127.0.0.1")], NATIVE) is None
    assert refusal(Asked("localhost", None), [Found("127.0.0.1")], NATIVE) is None
    assert refusal(Asked("this.example", 13306), [Found("192.0.2.7", is_near=True)], NATIVE) is Refusal.INSIDE


def test_one_bad_address_among_several_is_enough() -> None:
    both = [Found("192.0.2.7"), Found("169.254.169.254")]
    assert refusal(Asked("rebound.example", 80), both, NATIVE) is Refusal.LINK_LOCAL


def test_containers_are_closed_by_name_and_by_address() -> None:
    assert refusal(Asked("mysql", 80), [Found("10.213.41.9")], COMPOSE) is Refusal.INSIDE
    assert refusal(Asked("alias.example", 80), [Found("10.213.41.5")], COMPOSE) is Refusal.INSIDE
    assert refusal(Asked("app", 3000), [Found("10.213.41.9")], COMPOSE) is None


def test_a_name_that_is_not_found_is_refused_when_it_is_added_and_fails_later() -> None:
    names = Names({})
    with pytest.raises(TargetRefused) as caught:
        accepted_address(PROBE, names)
    assert caught.value.reason is Refusal.NOT_FOUND
    assert judged(PROBE, names, "192.0.2.7") == ("", Refusal.NOT_FOUND)


def test_a_ping_is_refused_where_it_could_not_be_sent() -> None:
    ping = replace(PROBE, kind=Kind.ICMP, target="shop.example")
    known = {"shop.example": ["192.0.2.7"]}
    assert accepted_address(ping, Names(known)) == "192.0.2.7"
    with pytest.raises(TargetRefused) as caught:
        accepted_address(ping, Names(known, pings=False))
    assert "ping_group_range" in caught.value.next_step


def test_the_address_stays_while_it_is_there_and_ipv4_is_asked_first() -> None:
    found = [Found("2001:db8::1"), Found("192.0.2.8"), Found("192.0.2.7")]
    assert best_address(found) == "192.0.2.8"
    assert best_address(found, "2001:db8::1") == "2001:db8::1"
    assert best_address(found, "192.0.2.99") == "192.0.2.8"
    assert best_address([]) == ""


def stored(probe: Probe, address: str = "", refused: Refusal | None = None) -> Stored:
    return Stored(1, probe, address, refused, NOW, NOW, "bob", NOW)


@pytest.mark.parametrize(
    ("kind", "target", "address", "asked", "hostname"),
    [
        (Kind.HTTP, "https://shop.example/x", "192.0.2.7", "https://192.0.2.7/x", "shop.example"),
        (Kind.HTTP, "http://shop.example:81/x?y", "2001:db8::1", "http://[2001:db8::1]:81/x?y", "shop.example"),
        (Kind.HTTP, "http://192.0.2.9/x", "192.0.2.9", "http://192.0.2.9/x", ""),
        (Kind.TCP, "mail.example:25", "2001:db8::1", "[2001:db8::1]:25", "mail.example"),
        (Kind.DNS, "a.example@ns.example", "192.0.2.7", "a.example@192.0.2.7", "ns.example"),
        (Kind.DNS, "a.example@ns.example:5353", "192.0.2.7", "a.example@192.0.2.7:5353", "ns.example"),
        (Kind.ICMP, "shop.example", "2001:db8::1", "2001:db8::1", "shop.example"),
        (Kind.HTTP, "https://shop.example:444/x", "", "https://shop.example.invalid:444/x", "shop.example"),
    ],
)
def test_a_name_is_asked_at_the_address_that_was_judged(
    kind: Kind, target: str, address: str, asked: str, hostname: str
) -> None:
    given = handed_out(stored(replace(PROBE, kind=kind, target=target), address))
    assert given is not None
    assert (given.target, given.hostname) == (asked, hostname)


def test_a_probe_whose_name_means_a_closed_place_now_rests() -> None:
    assert handed_out(stored(PROBE, "169.254.169.254", Refusal.LINK_LOCAL)) is None


def test_what_is_stored_keeps_to_the_files_rules() -> None:
    fields: dict[str, object] = {"name": "shop", "target": "https://shop.example/", "interval": "2m", "status": (200,)}
    probe = accepted(fields)
    assert (probe.interval_seconds, probe.follow, probe.source) == (120, False, Source.STORED)
    assert accepted(fields_of(probe) | {"status": probe.status}) == probe


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Shop"}, "name"),
        ({"interval": "4s"}, "interval"),
        ({"interval": "soon"}, "interval"),
        ({"certificate_days": 20}, "certificate_days"),
        ({"target": "ftp://shop.example/"}, "target"),
        ({"kind": "tcp"}, "target"),
        ({"contains": "x" * 201}, "contains"),
        ({"status": (99,)}, "status"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(ProbeRefused) as caught:
        accepted({"name": "shop", "target": "https://shop.example/"} | change)
    assert caught.value.field == field
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("target", "kind", "name"),
    [
        ("https://www.shop.example/x", Kind.HTTP, "shop-example"),
        ("mail.example:25", Kind.TCP, "mail-example"),
        ("[2001:db8::1]:25", Kind.TCP, "probe-2001-db8-1"),
        ("192.0.2.7", Kind.ICMP, "probe-192-0-2-7"),
        ("example.org@9.9.9.9", Kind.DNS, "probe-9-9-9-9"),
        ("taken.example", Kind.ICMP, "taken-example-3"),
        (f"https://{'long-' * 12}.example/", Kind.HTTP, "long-long-long-long-long-long-long-l"),
    ],
)
def test_kind_and_name_are_made_up_from_the_target(target: str, kind: Kind, name: str) -> None:
    assert likely_kind(target) is kind
    assert likely_name(target, {"taken-example", "taken-example-2"}) == name
