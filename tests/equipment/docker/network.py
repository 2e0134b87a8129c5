"""A network namespace of the engine's own, so that its ports and packet rules meet no other engine's.

Two engines in one namespace quarrel: each flushes the other's packet filter chains when it starts, both want
the bridge `docker0`, and both publish the same ports. In a namespace of its own an engine has all of
them to itself. A pair of virtual cables and one translation rule on the machine's side give it the
way out that image builds need.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.equipment.docker.packages import EquipmentError

_CLONE_NEWNET = 0x40000000
_RANGE = ipaddress.IPv4Network("10.213.0.0/16")
_LOCK = Path("/run/lock/sereno-equipment-network")


@dataclass(frozen=True)
class Uplink:
    """The cable from the machine into the engine's namespace."""

    name: str
    subnet: ipaddress.IPv4Network

    @property
    def outside(self) -> str:
        """The machine's end, which is the namespace's gateway."""
        return str(self.subnet[1])

    @property
    def inside(self) -> str:
        """The engine's end."""
        return str(self.subnet[2])

    def words(self) -> list[str]:
        """What `of` needs to make the same value again."""
        return [self.name, str(self.subnet)]

    @staticmethod
    def of(words: list[str]) -> Uplink:
        """The value that `words` came from."""
        return Uplink(words[0], ipaddress.IPv4Network(words[1]))


def connect(pid: int) -> Uplink:
    """Lays a cable into the network namespace of process `pid` and lets it out through this machine.

    Raises EquipmentError when the kernel or the packet filter refuses.
    """
    with _LOCK.open("w") as lock:
        # Two engines that start together must not choose the same addresses.
        fcntl.flock(lock, fcntl.LOCK_EX)
        uplink = Uplink(f"eq{pid}", _free_subnet(_used_subnets()))
        _run(["ip", "link", "add", uplink.name, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
        _run(["ip", "address", "add", f"{uplink.outside}/30", "dev", uplink.name])
    _run(["ip", "link", "set", uplink.name, "up"])
    inside = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip"]
    _run([*inside, "address", "add", f"{uplink.inside}/30", "dev", "eth0"])
    _run([*inside, "link", "set", "eth0", "up"])
    _run([*inside, "route", "add", "default", "via", uplink.outside])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    for rule in _rules(uplink):
        _run(["iptables", "-w", "10", *rule("-I")])
    return uplink


def disconnect(uplink: Uplink) -> None:
    """Takes the packet rules away; the cable goes with the namespace, or here if that lives on."""
    for rule in _rules(uplink):
        subprocess.run(["iptables", "-w", "10", *rule("-D")], capture_output=True, check=False)
    subprocess.run(["ip", "link", "delete", uplink.name], capture_output=True, check=False)


@contextlib.contextmanager
def entered(pid: int) -> Iterator[None]:
    """Moves the calling thread, and the processes it starts, into the namespace of process `pid`."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        _setns(there)
        yield
    finally:
        _setns(home)
        os.close(there)
        os.close(home)


def _setns(descriptor: int) -> None:
    # os.setns exists from Python 3.12 on only.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def _rules(uplink: Uplink) -> list[_Rule]:
    # A Docker Engine of the machine's own sets the policy of FORWARD to DROP, hence the two accepting rules.
    return [
        _Rule(["-t", "nat"], ["POSTROUTING", "-s", str(uplink.subnet), "!", "-o", uplink.name, "-j", "MASQUERADE"]),
        _Rule([], ["FORWARD", "-i", uplink.name, "-j", "ACCEPT"]),
        _Rule([], ["FORWARD", "-o", uplink.name, "-j", "ACCEPT"]),
    ]


@dataclass(frozen=True)
class _Rule:
    table: list[str]
    match: list[str]

    def __call__(self, action: str) -> list[str]:
        return [*self.table, action, *self.match]


def _used_subnets() -> list[ipaddress.IPv4Network]:
    listing = json.loads(_run(["ip", "-4", "-j", "address"]))
    return [
        ipaddress.IPv4Interface(f"{entry['local']}/{entry['prefixlen']}").network
        for device in listing
        for entry in device["addr_info"]
    ]


def _free_subnet(used: list[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    for subnet in _RANGE.subnets(new_prefix=30):
        if not any(subnet.overlaps(other) for other in used):
            return subnet
    raise EquipmentError(f"No free network is left in {_RANGE}; stop an engine that is no longer needed.")


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EquipmentError(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout
