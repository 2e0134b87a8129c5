"""What a real server gets wrong, judged from values: names, port 80, the clock, who has a port."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sereno.serve.address_findings import (
    Reach,
    is_behind_nat,
    judge_clock_against,
    judge_name,
    judge_port_holder,
    judge_reach,
    judge_renewal,
)
from sereno.serve.findings import Verdict

PUBLIC = ["93.184.216.7", "10.0.0.5", "2606:2800:220::7"]
INNER = ["10.0.0.5", "fd00::5"]
OTHER = "93.184.217.9"


@pytest.mark.parametrize(
    ("led_to", "own", "verdict", "words", "fix"),
    [
        ([], PUBLIC, Verdict.WRONG, "no address in DNS", f"with this server's public address ({PUBLIC[0]})"),
        ([PUBLIC[0]], PUBLIC, Verdict.FINE, "leads here", ""),
        ([PUBLIC[0], PUBLIC[2]], PUBLIC, Verdict.FINE, "leads here", ""),
        (["10.0.0.5"], INNER, Verdict.FINE, "leads here", ""),
        ([OTHER], PUBLIC, Verdict.WRONG, f"leads to {OTHER}, and this machine has {PUBLIC[0]}", "correct the A"),
        ([PUBLIC[0], "2606:2800::99"], PUBLIC, Verdict.WRONG, "but also to 2606:2800::99", "remove that record"),
        ([OTHER], INNER, Verdict.WARNING, "only inner addresses (10.0.0.5, fd00::5)", "forwards ports 80"),
        ([OTHER], [], Verdict.WARNING, "inner addresses (none)", "compare with what others see"),
        (["127.0.1.1"], PUBLIC, Verdict.WARNING, "/etc/hosts leads it to 127.0.1.1", "dig +short shop.test A"),
    ],
)  # fmt: skip
def test_a_name_is_compared_with_this_machines_addresses(
    led_to: list[str], own: list[str], verdict: Verdict, words: str, fix: str
) -> None:
    finding = judge_name("shop.test", led_to, own)
    assert finding.verdict is verdict
    assert words in finding.words
    assert fix in finding.fix
    assert bool(finding.fix) == (verdict is not Verdict.FINE)


@pytest.mark.parametrize(
    ("reach", "port", "nat", "needed", "verdict", "fix"),
    [
        ("here", 80, False, True, Verdict.FINE, ""),
        ("elsewhere", 80, False, True, Verdict.WRONG, "its DNS record, a proxy in front"),
        ("elsewhere", 80, False, False, Verdict.WARNING, "ss -ltnp"),
        ("nobody", 80, False, True, Verdict.WRONG, "ufw allow 80/tcp"),
        ("nobody", 8080, False, True, Verdict.WRONG, "forward 80 to 8080 or set [site] http_port = 80"),
        ("nobody", 80, True, True, Verdict.WARNING, "ask from elsewhere: curl -I http://shop.test/"),
    ],
)
def test_port_80_has_to_end_here_where_an_authority_asks(
    reach: Reach, port: int, nat: bool, needed: bool, verdict: Verdict, fix: str
) -> None:
    finding = judge_reach("shop.test", reach, http_port=port, behind_nat=nat, needed=needed)
    assert finding.verdict is verdict
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        (timedelta(minutes=4), Verdict.FINE, "agrees"),
        (timedelta(minutes=-4), Verdict.FINE, "agrees"),
        (timedelta(minutes=6), Verdict.WRONG, "6 minutes ahead of"),
        (timedelta(hours=-30), Verdict.WRONG, "30 hours behind"),
    ],
)
def test_the_clock_is_compared_with_the_authoritys(ahead: timedelta, verdict: Verdict, words: str) -> None:
    finding = judge_clock_against("https://ca.test/directory", ahead)
    assert finding.verdict is verdict
    assert words in finding.words
    assert ("timedatectl" in finding.fix) == (verdict is Verdict.WRONG)


def test_who_has_a_port_is_named_with_the_command_that_frees_it() -> None:
    finding = judge_port_holder(80, "nginx-http", "apache2", 712)
    assert finding.verdict is Verdict.WRONG
    assert "apache2 (pid 712)" in finding.words
    assert "sudo systemctl disable --now apache2, or give Sereno another port: [site] http_port" in finding.fix
    assert judge_port_holder(443, "nginx", "caddy", None).fix.endswith("https_port in sereno.toml")
    assert judge_port_holder(9090, "prometheus", "something", 1).fix == "stop that program"


def test_a_failed_renewal_is_told_with_the_authoritys_words_and_the_remedy() -> None:
    assert judge_renewal("", "", 0, "").verdict is Verdict.FINE
    finding = judge_renewal("dns", "shop.test: no such name", 3, "Give it an A record.")
    assert finding.verdict is Verdict.WRONG
    assert finding.words == "failed 3 times in a row: shop.test: no such name"
    assert finding.fix == "Give it an A record. Then: ./sereno certificate renew"


def test_a_machine_with_a_public_address_is_not_behind_nat() -> None:
    assert is_behind_nat(INNER)
    assert is_behind_nat([])
    assert not is_behind_nat(PUBLIC)
