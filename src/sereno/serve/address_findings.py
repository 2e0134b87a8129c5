"""What the doctor finds about names, ports and clock where people reach this server. Judgements of values alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Literal

from sereno.serve.findings import Finding, Verdict

Reach = Literal["here", "elsewhere", "nobody"]
"""Who answers when this machine asks for the name on port 80: itself, another server, or nobody."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""Authorities date certificates back by an hour, so minutes are harmless and hours are not."""

USUAL_SERVERS = {
    "apache2": "apache2",
    "nginx": "nginx",
    "caddy": "caddy",
    "lighttpd": "lighttpd",
    "haproxy": "haproxy",
    "httpd": "httpd",
    "traefik": "traefik",
}
"""Program → the systemd unit by which distributions start it."""


def judge_name(name: str, led_to: Sequence[str], own: Sequence[str]) -> Finding:
    """Whether a name leads to this machine.

    `led_to` are the addresses that DNS gives for it, as this machine sees it; `own` this machine's, without loopback.
    """
    subject = f"name {name}"
    public = [each for each in own if ip_address(each).is_global]
    if not led_to:
        return Finding(
            subject,
            Verdict.WRONG,
            "it has no address in DNS",
            f"where the domain is managed, add an A record for {name} with this server's public address"
            + (f" ({public[0]})" if public else ""),
        )
    strangers = [each for each in led_to if each not in own and not ip_address(each).is_loopback]
    if all(ip_address(each).is_loopback for each in led_to):
        return Finding(
            subject,
            Verdict.WARNING,
            f"this machine's own /etc/hosts leads it to {', '.join(led_to)}, so what others see cannot be told here",
            f"ask from another machine: dig +short {name} A {name} AAAA",
        )
    if not strangers:
        return Finding(subject, Verdict.FINE, f"leads here ({', '.join(led_to)})")
    if len(strangers) < len(led_to):
        return Finding(
            subject,
            Verdict.WRONG,
            f"leads here, but also to {', '.join(strangers)}, which is not this machine",
            f"remove that record (A or AAAA) of {name}: some visitors, and certificate authorities, go there",
        )
    if not public:
        return Finding(
            subject,
            Verdict.WARNING,
            f"leads to {', '.join(strangers)}; this machine has only inner addresses ({', '.join(own) or 'none'}), so "
            "a router or load balancer stands in between (NAT)",
            "right, if that is its public address and it forwards ports 80 and 443 to this machine; compare with what "
            "others see of it: curl -4 https://icanhazip.com",
        )
    return Finding(
        subject,
        Verdict.WRONG,
        f"leads to {', '.join(strangers)}, and this machine has {', '.join(public)}",
        f"correct the A (or AAAA) record of {name}; a change takes until its time to live is over",
    )


def judge_reach(name: str, reach: Reach, *, http_port: int, behind_nat: bool, needed: bool) -> Finding:
    """Whether port 80 of a name ends at this machine's Nginx, as this machine sees it.

    `needed`: a certificate authority asks there (HTTP-01), and on no other port.
    """
    subject = f"port 80 of {name}"
    if reach == "here":
        return Finding(subject, Verdict.FINE, "answers here")
    wrong = Verdict.WRONG if needed else Verdict.WARNING
    if reach == "elsewhere":
        return Finding(
            subject,
            wrong,
            "another server answers, not this one",
            "let it lead here: its DNS record, a proxy in front, or a program on port 80 (sudo ss -ltnp); "
            f"Sereno listens on {http_port}",
        )
    forward = "" if http_port == 80 else f", and forward 80 to {http_port} or set [site] http_port = 80"
    if behind_nat:
        return Finding(
            subject,
            Verdict.WARNING,
            "nobody answers when this machine asks; many routers lead no inner machine back, so from outside one may",
            f"ask from elsewhere: curl -I http://{name}/ ; else forward port 80 in the router{forward}",
        )
    return Finding(
        subject,
        wrong,
        "nobody answers",
        f"open port 80 in the firewall (ufw allow 80/tcp) and in the provider's security group{forward}",
    )


def judge_clock_against(authority: str, ahead: timedelta) -> Finding:
    """Whether this machine's clock agrees with the certificate authority's; `ahead` is negative when it is behind."""
    if abs(ahead) <= CLOCK_TOLERANCE:
        return Finding("clock of the authority", Verdict.FINE, f"agrees with that of {authority}")
    minutes = abs(ahead).total_seconds() / 60
    said = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
    return Finding(
        "clock of the authority",
        Verdict.WRONG,
        f"this machine's clock is {said} {'ahead of' if ahead > timedelta() else 'behind'} that of {authority}: "
        "certificates look as if they were not valid yet, or no more",
        "set it: timedatectl set-ntp true (apt-get install systemd-timesyncd where that is missing)",
    )


def judge_port_holder(port: int, component: str, program: str, pid: int | None) -> Finding:
    """A port that a component needs and somebody else has."""
    who = program if pid is None else f"{program} (pid {pid})"
    unit = USUAL_SERVERS.get(program)
    fix = f"sudo systemctl disable --now {unit}" if unit else "stop that program"
    if component in ("nginx", "nginx-http"):
        setting = "https_port" if component == "nginx" else "http_port"
        fix += f", or give Sereno another port: [site] {setting} in sereno.toml"
    return Finding(f"port {port}", Verdict.WRONG, f"{component} needs it, {who} has it", fix)


def judge_renewal(code: str, detail: str, failures: int, remedy: str) -> Finding:
    """Whether the last try to renew the certificate succeeded; `code` is empty when it did, or there was none."""
    if not code:
        return Finding("renewal", Verdict.FINE, "the last try succeeded, or none was due")
    times = f"{failures} times in a row" if failures > 1 else "once"
    return Finding("renewal", Verdict.WRONG, f"failed {times}: {detail}", f"{remedy} Then: ./sereno certificate renew")


def is_behind_nat(own: Iterable[str]) -> bool:
    """Whether a machine with these addresses has none that the whole world can reach."""
    return not any(ip_address(each).is_global for each in own)
