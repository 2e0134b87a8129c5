"""What Prometheus and blackbox-exporter are told of probes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from sereno.core.text import Text
from sereno.settings import Settings
from sereno.watch.probes import Kind, Probe, Source, file_probes
from sereno.watch.probes.modules import USUAL, module, module_name, modules, render_modules, with_kept
from sereno.watch.probes.targets import render_targets, targets

SHOP = Probe("shop", Kind.HTTP, "https://shop.example/health", Source.FILE, Text("Shop", "Tienda"))


def test_probes_of_the_file_are_read_with_their_titles_in_both_languages() -> None:
    settings = Settings.model_validate(
        {
            "probes": [
                {"name": "shop", "target": "https://shop.example/", "title": "Shop", "title_es": "Tienda"},
                {"name": "mail", "kind": "tcp", "target": "mail.example:25", "interval": "1m", "status_page": False},
            ]
        }
    )
    shop, mail = file_probes(settings)
    assert (shop.title, shop.source, shop.interval_seconds, shop.public) == (
        Text("Shop", "Tienda"),
        Source.FILE,
        15,
        True,
    )
    assert (mail.title, mail.kind, mail.interval_seconds, mail.public) == (Text("mail", "mail"), Kind.TCP, 60, False)


def test_a_target_carries_name_pace_and_expectation() -> None:
    (group,) = targets([replace(SHOP, group="Web", interval_seconds=5)])
    assert group == {
        "targets": ["https://shop.example/health"],
        "labels": {
            "instance": "shop",
            "module": "http",
            "source": "file",
            "kind": "http",
            "group": "Web",
            "certificate_days": "21",
            "__scrape_interval__": "5s",
            "__scrape_timeout__": "5s",
        },
    }


def test_a_time_out_is_never_longer_than_the_interval_and_ten_seconds_at_most() -> None:
    (group,) = targets([replace(SHOP, interval_seconds=120)])
    assert group["labels"]["__scrape_timeout__"] == "10s"


def test_only_an_encrypted_answer_has_a_certificate() -> None:
    plain, tcp = targets(
        [replace(SHOP, target="http://shop.example/"), replace(SHOP, kind=Kind.TCP, target="shop.example:443")]
    )
    assert "certificate_days" not in plain["labels"]
    assert "certificate_days" not in tcp["labels"]


@pytest.mark.parametrize(
    ("kind", "target", "asked"),
    [
        (Kind.DNS, "example.org@9.9.9.9:53", "9.9.9.9:53"),
        (Kind.ICMP, "[2001:db8::1]", "2001:db8::1"),
        (Kind.TCP, "[2001:db8::1]:25", "[2001:db8::1]:25"),
    ],
)
def test_each_kind_is_asked_where_its_target_says(kind: Kind, target: str, asked: str) -> None:
    (group,) = targets([replace(SHOP, kind=kind, target=target)])
    assert group["targets"] == [asked]


def test_nothing_to_probe_is_no_text() -> None:
    assert render_targets([]) == ""
    assert yaml.safe_load(render_targets([SHOP])) == targets([SHOP])


def test_equal_expectations_share_a_module() -> None:
    wanted = replace(SHOP, status=(200, 204), contains="ok")
    other = replace(wanted, name="other", target="http://other.example/", status=(204, 200))
    assert module_name(wanted) == module_name(other)
    assert module_name(wanted) != module_name(replace(wanted, contains="fine"))


def test_a_usual_probe_needs_no_module_of_its_own() -> None:
    assert set(modules([SHOP, replace(SHOP, kind=Kind.ICMP, target="shop.example")])) == {"https", "redirect", *USUAL}


def test_words_are_looked_for_as_they_are_written() -> None:
    question = module(replace(SHOP, contains="1 + 1 = 2?"))["http"]
    assert question["fail_if_body_not_matches_regexp"] == [r"1\ \+\ 1\ =\ 2\?"]


def test_who_expects_a_redirect_does_not_follow_it() -> None:
    assert module(replace(SHOP, status=(301,)))["http"]["follow_redirects"] is False
    assert "follow_redirects" not in module(SHOP)["http"]


def test_a_dns_probe_asks_for_its_name() -> None:
    dns = replace(SHOP, kind=Kind.DNS, target="example.org@9.9.9.9")
    assert module(dns)["dns"]["query_name"] == "example.org"
    assert module_name(dns).startswith("dns_")


def test_modules_of_stored_probes_outlive_a_file_written_without_the_database() -> None:
    stored = replace(SHOP, source=Source.STORED, contains="hello")
    before = render_modules(modules([SHOP, stored]))
    after = with_kept(render_modules(modules([SHOP])), before)
    assert yaml.safe_load(after)["modules"] == yaml.safe_load(before)["modules"]


@pytest.mark.parametrize("damaged", ["", "modules: [", "- a", "modules: 3"])
def test_a_damaged_file_counts_as_none(damaged: str) -> None:
    text = render_modules(modules([SHOP]))
    assert with_kept(text, damaged) == text
